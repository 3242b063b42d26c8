"""The master by hand: its own supervisor, with slaves that others started and a record in memory.

It gives each slave an ordinal by the order of ports, and decides by the same pure function as every
supervisor (`core.supervisor.roster`); only that it cannot start a slave: a lost one is replaced by
one that the user starts again. Called by `master`.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, EventKind, Live
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason
from ringrun.core.supervisor.observed import Observed, SlaveSeen
from ringrun.core.supervisor.roster import decide
from ringrun.local.hand.found import START, Found
from ringrun.local.hand.held_lines import HeldLines
from ringrun.local.hand.outcome import HandEnding, put_out, report_of
from ringrun.local.hand.registry import registered
from ringrun.local.hand.waiting import Waiting
from ringrun.local.interrupts import Interrupts
from ringrun.local.said import exit_code
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.report_text import OutputForm, heading
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
        self._waiting = Waiting(setting.spec, time.monotonic())
        self._reason: Reason | None = None
        self._fault: list[str] = []
        self._lines = HeldLines(setting.form)

    async def run(self, interrupts: Interrupts) -> int:
        """The exit code; SpecError if a slave cannot be reached."""
        loop = asyncio.get_running_loop()
        interrupts.tell(lambda count: loop.call_soon_threadsafe(self._waiting.interrupt, count))
        now = time.monotonic()
        record = ThreadedRecordStore(self._record)
        report = ThreadedReportStore(self._report)
        process = self._process(record, report)
        self._lines.say(heading(self._spec, self._lines.width))
        running = asyncio.ensure_future(process.run())
        while not running.done():
            self._look(process, now)
            self._reason = self._given_up()
            if self._fault or self._reason is not None:
                process.terminate()
                break
            await asyncio.wait((running,), timeout=LOOK_EVERY)
        await running
        record.close()
        report.close()
        interrupts.tell_nobody()
        if self._fault and not self._waiting.interrupted:
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
            stop=self._waiting.stop,
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

    def _given_up(self) -> Reason | None:
        phase = self._record.read().phase
        return self._waiting.given_up(phase, self._orders.stop_reason, time.monotonic())

    def _show(self, output: Event | Live) -> None:
        if isinstance(output, Event) and output.kind not in _UNSAID:
            self._lines.happened(output.phase, output.at, output.text)
            if self._lines.gone:
                self._waiting.reader_gone()

    def _outcome(self, last_words: str) -> int:
        ending = HandEnding(
            document=self._report.read()[1],
            record=self._record.read(),
            orders=self._orders,
            reason=self._reason,
            last_words=last_words,
            sent_for=self._waiting.sent_for(time.monotonic()),
        )
        report = report_of(self._spec, ending)
        put_out(report, self._setting.form, self._setting.journal)
        waiting = self._waiting
        return exit_code(report, interrupted=waiting.interrupted, unread=waiting.unread)
