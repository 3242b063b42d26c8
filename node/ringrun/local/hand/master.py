"""The master by hand: its own supervisor, with slaves that others started and a record in memory.

It finds the slaves, gives each an ordinal by the order of ports, and decides by the same pure
function as every supervisor (`core.supervisor.roster`); only that it cannot start a slave: a lost
one is replaced by one that the user starts again. Called by `byhand`.
"""

import asyncio
import json
import secrets
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ringrun.core.master.master import Master
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, Live
from ringrun.core.phase import Phase
from ringrun.core.record import Member
from ringrun.core.supervisor.roster import INTERRUPTED, Observed, SlaveSeen, decide
from ringrun.local.hand.registry import Registered, registered
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.report import Report
from ringrun.report_text import OutputForm, heading, last_line
from ringrun.runtime.journal import Journal, file_name
from ringrun.runtime.links.sockets import errno_text
from ringrun.runtime.log import Log
from ringrun.runtime.master.process import MasterProcess
from ringrun.runtime.master.threaded import ThreadedRecordStore, ThreadedReportStore
from ringrun.runtime.planning import plan_of
from ringrun.runtime.start.child_master import master_meta
from ringrun.spec import RunSpec, SpecError

ME = MasterId(0, 1)
LOOK_EVERY = 0.1
# Seconds to wait for slaves that are just being started, and for the last of them.
FIND_PATIENCE = 5.0
SETTLED_AFTER = 0.3
# Seconds within which every slave must have been reached once.
REACH_PATIENCE = 3.0
# Seconds that an orderly stop may take after Ctrl-C.
STOP_PATIENCE = 5.0

_AS_WISHED, _NOT_AS_WISHED, _INTERRUPTED = 0, 1, 130
# The lines of the slaves and the last line say it better.
_UNSAID = frozenset({"SlavesReady", "ResultsCollected"})


@dataclass(slots=True, kw_only=True)
class Found:
    """A slave that somebody started. `entry` is None for one that was named by its address."""

    host: str
    port: int
    entry: Registered | None = None
    trouble: str = ""
    reached: bool = False

    @property
    def ended(self) -> bool:
        """Whether the process that had this name is no more."""
        if self.entry is not None:
            return not self.entry.alive
        return self.reached and ("refused" in self.trouble or "another process" in self.trouble)


def serve(
    spec: RunSpec,
    *,
    slaves: tuple[tuple[str, int], ...] | None,
    folder: Path | None,
    token: bytes,
    journal: Path | None,
    form: OutputForm,
    debug: bool = False,
) -> int:
    """Find the slaves, do the run, print the outcome; the exit code. SpecError as in `byhand`."""
    if slaves is not None:
        found = [Found(host=_resolved(host, port), port=port) for host, port in slaves]
        place = "--slaves"
    else:
        assert folder is not None
        found = _find(folder)
        place = "slaves that run here"
    if len(found) < 2:
        raise SpecError(
            [f"{place}: must be at least 2, got {len(found)}; start one with: {_START}"]
        )
    run = f"hand-{secrets.token_hex(4)}"
    hand = HandMaster(
        spec.with_nodes(len(found)),
        run,
        found,
        folder,
        token=token,
        journal=journal,
        form=form,
        debug=debug,
    )
    return asyncio.run(hand.run())


_START = "ringrun slave 127.0.0.1 PORT"


def _resolved(host: str, port: int) -> str:
    """Numeric: slaves dial each other by what the master tells them, and look up no names."""
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise SpecError([f"--slaves {host}:{port}: {errno_text(error)}"]) from error


def _find(folder: Path) -> list[Found]:
    """The slaves of this machine by port, once no more seem to come."""
    began = changed = time.monotonic()
    before: list[Registered] = []
    while True:
        now = time.monotonic()
        entries = registered(folder)
        if entries != before:
            before, changed = entries, now
        patience = SETTLED_AFTER if len(entries) >= 2 else FIND_PATIENCE
        if now >= changed + patience or now >= began + 2 * FIND_PATIENCE:
            return [Found(host=each.host, port=each.port, entry=each) for each in entries]
        time.sleep(0.03)


class HandMaster:
    """One run with these slaves. Used once: `await run()`."""

    def __init__(
        self,
        spec: RunSpec,
        run: str,
        found: list[Found],
        folder: Path | None,
        *,
        token: bytes,
        journal: Path | None,
        form: OutputForm,
        debug: bool,
    ) -> None:
        self._spec = spec
        self._run = run
        self._folder = folder
        self._token = token
        self._journal = journal
        self._form = form
        self._debug = debug
        self._record = MemoryRecordStore()
        self._report = MemoryReportStore()
        self._slaves: dict[SlaveId, Found] = {}
        self._spare = found
        self._orders = Orders()
        self._missed: set[SlaveId] = set()
        self._stop = ""
        self._stopped_at = 0.0
        self._fault: list[str] = []
        self._unsaid: list[str] = []
        self._begun = False

    async def run(self) -> int:
        """The exit code; SpecError if a slave cannot be reached."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)
        now = time.monotonic()
        journal = self._journal
        # What the log would say, the lines for the user say.
        log = Log(str(ME), debug=self._debug)
        log.calm = True
        record = ThreadedRecordStore(self._record)
        report = ThreadedReportStore(self._report)
        process = MasterProcess(
            Master(
                me=ME,
                spec=self._spec,
                plan=plan_of(self._spec, self._run, by_hand=True),
                now=now,
                journal=journal is not None,
                by_hand=True,
            ),
            run=self._run,
            token=self._token,
            record=record,
            report=report,
            log=log,
            show=self._show,
            journal=self._open_journal(journal) if journal is not None else None,
            tried=self._tried,
        )
        self._say(heading(self._spec))
        running = asyncio.ensure_future(process.run())
        while not running.done():
            self._look(process, now)
            if self._fault or self._late():
                process.terminate()
                break
            await asyncio.wait((running,), timeout=LOOK_EVERY)
        await running
        record.close()
        report.close()
        if self._fault:
            raise SpecError(self._fault)
        return self._outcome(process.reason)

    def _look(self, process: MasterProcess, started: float) -> None:
        """Observe, decide, tell the master."""
        now = time.monotonic()
        record = self._record.read()
        for peer in process.connected:
            if peer in self._slaves:
                self._slaves[peer].reached = True
                self._slaves[peer].trouble = ""
        self._begun = self._begun or record.phase is not Phase.START
        self._say_held()
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
            stop=self._stop,
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
            where = f"{lost.host} {lost.port}" if lost is not None else "127.0.0.1 PORT"
            self._say(f"       slave {node.ordinal} is lost; to replace it: ringrun slave {where}")

    def _newcomers(self) -> list[Found]:
        """Slaves that were started since: registered here, or at the address of one that ended."""
        if self._folder is not None:
            known = {found.entry for found in self._slaves.values()}
            return [
                Found(host=each.host, port=each.port, entry=each)
                for each in registered(self._folder)
                if each not in known
            ]
        newest: dict[int, SlaveId] = {}
        for node in self._slaves:
            newest[node.ordinal] = max(node, newest.get(node.ordinal, node))
        return [
            Found(host=found.host, port=found.port)
            for node in newest.values()
            if "another process" in (found := self._slaves[node]).trouble
        ]

    def _tried(self, member: Member, trouble: str) -> None:
        found = self._slaves.get(member.node)
        if found is None:
            return
        found.trouble = trouble
        if not found.reached and ("refused: " in trouble or "another token" in trouble):
            # Not a matter of time: it is another run's, or has another token.
            self._fault = [f"slave {found.host}:{found.port}: {trouble}"]

    def _unreached(self) -> None:
        self._fault = [
            f"slave {found.host}:{found.port}: {found.trouble or 'no answer'}; "
            f"is it running? Start it with: ringrun slave {found.host} {found.port}"
            for found in self._slaves.values()
            if not found.reached and not found.ended
        ]

    def _interrupt(self) -> None:
        if self._stop:
            self._stopped_at = 1.0
        else:
            self._stop = INTERRUPTED
            self._stopped_at = time.monotonic()

    def _late(self) -> bool:
        return bool(self._stop) and time.monotonic() >= self._stopped_at + STOP_PATIENCE

    def _open_journal(self, journal: Path) -> Journal:
        try:
            return Journal(journal / file_name(str(ME)), master_meta(ME, self._run, self._spec))
        except OSError as error:
            fault = f"--journal {journal}: {file_name(str(ME))}: {errno_text(error)}"
            raise SpecError([f"{fault}; choose another folder"]) from error

    def _show(self, output: Event | Live) -> None:
        if isinstance(output, Event) and output.kind not in _UNSAID:
            self._say(f"{output.phase:<6} {output.at:.2f} s  {output.text}")

    def _say(self, text: str) -> None:
        """Print a line, once it is sure that something runs at all."""
        if self._form is not OutputForm.TEXT:
            return
        self._unsaid.append(text)
        self._say_held()

    def _say_held(self) -> None:
        if self._begun and self._unsaid:
            print(*self._unsaid, sep="\n", flush=True)
            self._unsaid.clear()

    def _outcome(self, reason: str) -> int:
        _, document = self._report.read()
        if document is None:
            if not self._stop:
                raise SpecError([f"the run ended without a report: {reason or 'no slave is left'}"])
            return _INTERRUPTED
        report = Report.from_document(document)
        text = json.dumps(report.as_document(), separators=(",", ":"))
        if self._journal is not None:
            (self._journal / "report.json").write_text(text + "\n")
        if self._form is OutputForm.JSON:
            print(text)
        else:
            print(last_line(report))
        sys.stdout.flush()
        if self._stop:
            return _INTERRUPTED
        return _AS_WISHED if report.as_wished else _NOT_AS_WISHED
