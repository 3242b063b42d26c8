"""The master by hand: its own supervisor, with slaves that others started and a record in memory.

It gives each slave an ordinal by the order of ports, and decides by the same pure function as every
supervisor (`core.supervisor.roster`); only that it cannot start a slave: a lost one is replaced by
one that the user starts again. Called by `master`.
"""

import asyncio
import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, EventKind, Live
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.supervisor.observed import Observed, SlaveSeen
from ringrun.core.supervisor.patience import BY_HAND, Run, Times, given_up
from ringrun.core.supervisor.roster import decide
from ringrun.exit_codes import ExitCode
from ringrun.local.hand.found import START, Found
from ringrun.local.hand.held_lines import HeldLines
from ringrun.local.hand.registry import registered
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.report import Report
from ringrun.report_text import OutputForm, heading, last_line
from ringrun.runtime.journal import file_name
from ringrun.runtime.links.sockets import errno_text
from ringrun.runtime.log import Log
from ringrun.runtime.master.process import FailedDial, MasterProcess
from ringrun.runtime.master.setting import MasterSetting, master_process
from ringrun.runtime.master.threaded import ThreadedRecordStore, ThreadedReportStore
from ringrun.runtime.planning import plan_of
from ringrun.spec import RunSpec, SpecError

ME = MasterId(0, 1)
LOOK_EVERY = 0.1

REACH_PATIENCE = 3.0
"""Seconds within which every slave must have been reached once."""

# The lines of the slaves and the last line say it better.
_UNSAID = frozenset({EventKind.SLAVES_READY, EventKind.RESULTS_COLLECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class HandSetting:
    """`folder` is where slaves register; None if the user has named them all by address."""

    spec: RunSpec
    run: str
    token: bytes
    folder: Path | None
    journal: Path | None
    form: OutputForm
    debug: bool = False


class HandSupervisor:
    """One run with these slaves. Used once: `await run()`."""

    def __init__(self, setting: HandSetting, found: list[Found]) -> None:
        self._setting = setting
        self._spec = setting.spec
        self._record = MemoryRecordStore()
        self._report = MemoryReportStore()
        self._slaves: dict[SlaveId, Found] = {}
        self._spare = found
        self._orders = Orders()
        self._missed: set[SlaveId] = set()
        self._interrupts = 0
        self._times = Times(started=0.0)
        self._fault: list[str] = []
        self._lines = HeldLines(setting.form)

    async def run(self) -> int:
        """The exit code; SpecError if a slave cannot be reached."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)
        now = time.monotonic()
        self._times = Times(started=now)
        record = ThreadedRecordStore(self._record)
        report = ThreadedReportStore(self._report)
        process = self._process(record, report)
        self._lines.say(heading(self._spec))
        running = asyncio.ensure_future(process.run())
        while not running.done():
            self._look(process, now)
            if self._fault or self._is_over():
                process.terminate()
                break
            await asyncio.wait((running,), timeout=LOOK_EVERY)
        await running
        record.close()
        report.close()
        if self._fault:
            raise SpecError(self._fault)
        return self._outcome(process.reason)

    def _process(self, record: ThreadedRecordStore, report: ThreadedReportStore) -> MasterProcess:
        setting = self._setting
        # What the log would say, the lines for the user say.
        log = Log(str(ME), debug=setting.debug)
        log.calm = True
        master = MasterSetting(
            me=ME,
            spec=setting.spec,
            plan=plan_of(setting.spec, setting.run, by_hand=True),
            token=setting.token,
            journal=setting.journal,
        )
        try:
            return master_process(
                master, record=record, report=report, log=log, show=self._show, tried=self._tried
            )
        except OSError as error:
            fault = f"--journal {setting.journal}: {file_name(str(ME))}: {errno_text(error)}"
            raise SpecError([f"{fault}; choose another folder"]) from error

    def _look(self, process: MasterProcess, started: float) -> None:
        """Observe, decide, tell the master."""
        now = time.monotonic()
        record = self._record.read()
        for peer in process.connected:
            if peer in self._slaves:
                self._slaves[peer].reach()
        if record.phase is not Phase.START:
            self._lines.begin()
        decision = decide(self._spec, self._orders, self._observe(), record, now, started)
        for node in decision.create:
            self._place(node)
        if decision.create:
            # Who was just given a name has an address, and the orders say so at once.
            decision = decide(self._spec, decision.orders, self._observe(), record, now, started)
        if decision.orders != self._orders:
            self._orders = decision.orders
            process.orders(decision.orders)
        if record.phase is Phase.START and now >= started + REACH_PATIENCE:
            self._unreached()

    def _observe(self) -> Observed:
        return Observed(
            slaves=tuple(
                SlaveSeen(
                    ordinal=node.ordinal,
                    incarnation=node.incarnation,
                    host=found.host,
                    port=found.port,
                    ended=found.ended,
                    cause=found.trouble or "its process has ended",
                )
                for node, found in self._slaves.items()
            ),
            masters=(str(ME),),
            stop=Reason(Why.INTERRUPTED) if self._interrupts else None,
        )

    def _place(self, node: SlaveId) -> None:
        """Give the name to a slave that has none; without one, say what the user can do."""
        if not self._spare:
            self._spare = self._newcomers()
        if self._spare:
            self._slaves[node] = self._spare.pop(0)
        elif node not in self._missed:
            self._missed.add(node)
            lost = self._slaves.get(SlaveId(node.ordinal, node.incarnation - 1))
            again = f"ringrun slave {lost.host} {lost.port}" if lost is not None else START
            self._lines.say(f"       slave {node.ordinal} is lost; to replace it: {again}")

    def _newcomers(self) -> list[Found]:
        """Slaves that were started since: registered here, or at the address of one that ended."""
        if self._setting.folder is not None:
            known = {found.entry for found in self._slaves.values()}
            return [
                Found(host=each.host, port=each.port, entry=each)
                for each in registered(self._setting.folder)
                if each not in known
            ]
        newest: dict[int, SlaveId] = {}
        for node in self._slaves:
            newest[node.ordinal] = max(node, newest.get(node.ordinal, node))
        return [
            Found(host=found.host, port=found.port)
            for node in newest.values()
            if (found := self._slaves[node]).followed
        ]

    def _tried(self, failed: FailedDial) -> None:
        found = self._slaves.get(failed.node)
        if found is None:
            return
        found.failed = failed
        if found.foreign:
            self._fault = [f"slave {found.host}:{found.port}: {found.trouble}"]

    def _unreached(self) -> None:
        self._fault = [
            f"slave {found.host}:{found.port}: {found.trouble or 'no answer'}; "
            f"is it running? Start it with: ringrun slave {found.host} {found.port}"
            for found in self._slaves.values()
            if not found.reached and not found.ended
        ]

    def _interrupt(self) -> None:
        self._interrupts += 1

    def _is_over(self) -> bool:
        """Whether no more is waited for: not for long after Ctrl-C, nor at all after a second."""
        now = time.monotonic()
        phase, stop = self._record.read().phase, self._orders.stop_reason
        stopped = bool(self._interrupts) or stop is not None
        self._times = self._times.seen(now, phase=phase, alone=False, stopped=stopped)
        run = Run(
            times=self._times,
            phase=phase,
            stop_reason=stop,
            # A slave that was lost may be started again, and the master is this process.
            slaves_live=True,
            masters_run=True,
            masters_given_up=False,
            last_words="",
        )
        return self._interrupts > 1 or given_up(self._spec, run, now, BY_HAND) is not None

    def _show(self, output: Event | Live) -> None:
        if isinstance(output, Event) and output.kind not in _UNSAID:
            self._lines.say(f"{output.phase:<6} {output.at:.2f} s  {output.text}")

    def _outcome(self, reason: str) -> int:
        _, document = self._report.read()
        if document is None or not document.get("complete"):
            if not self._interrupts:
                raise SpecError([f"the run ended without a report: {reason or 'no slave is left'}"])
            return ExitCode.INTERRUPTED
        report = Report.from_document(document)
        text = json.dumps(report.as_document(), separators=(",", ":"))
        if self._setting.journal is not None:
            (self._setting.journal / "report.json").write_text(text + "\n")
        if self._setting.form is OutputForm.JSON:
            print(text)
        else:
            print(last_line(report))
        sys.stdout.flush()
        if self._interrupts:
            return ExitCode.INTERRUPTED
        return ExitCode.AS_WISHED if report.as_wished else ExitCode.NOT_AS_WISHED
