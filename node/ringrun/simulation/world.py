"""A whole run in one place: slaves, masters, their links, the record, the supervisor, one clock.

Built from a `Case` by `run` and by `script`; `faults` and scripts disturb it through the methods
at the end. It draws everything from the case's seed and keeps no order of a set, so that a case is
the same run every time. Whether the run kept its promises is for `judge`.
"""

from random import Random
from typing import TYPE_CHECKING, Any

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.simulation.case import Case
from ringrun.simulation.clock import Clock
from ringrun.simulation.links import Lane, Link
from ringrun.simulation.masters import MasterProcess
from ringrun.simulation.processes import Key, Process
from ringrun.simulation.slaves import SlaveProcess
from ringrun.simulation.stores import Store
from ringrun.simulation.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringrun.simulation.trace import Trace


class World:
    """`processes` has all that ever ran, `refusals` what peers refused, `results` is on disk."""

    def __init__(self, case: Case, trace: "Trace | None" = None) -> None:
        self.case = case
        self.clock = Clock()
        self.draw = Random(f"world {case.seed}")
        self.trace = trace
        if trace is not None:
            trace.clock = self.clock
        self.hook: Callable[[Process, Lane, Any], bool] | None = None
        self.processes: dict[Key, Process] = {}
        self.results: dict[SlaveId, Result] = {}
        self.refusals: list[str] = []
        self.exits: list[tuple[str, int, str]] = []
        self.deliveries = 0
        self.heartbeats = 0
        self.faults = 0
        self._booted = 0
        self.disturbed: set[str] = set()
        """Who was paused or slow, and so may be late for its own deadlines."""
        self.calm = False
        """Faults have stopped: nothing is doubled or delayed on purpose any more."""
        self.record = Store(0, Record(), self._record_changed)
        self.report = Store(0, None)
        self.supervisor = Supervisor(self)
        self.supervisor.start()

    # Surroundings, drawn.

    def clock_of(self, process: Process) -> tuple[float, float]:
        """(rate, offset) of a process's clock. A machine's processes may share neither."""
        if not self.case.skew:
            return 1.0, 100.0
        return 1.0 + self.draw.uniform(-self.case.skew, self.case.skew), self.draw.uniform(1, 1000)

    def boot_time(self) -> float:
        if self.case.steady:
            # The first to be started is the first to be there.
            self._booted += 1
            return 0.01 * self._booted
        return self.draw.uniform(0.01, 0.08)

    def restart_time(self, *, master: bool = False) -> float:
        if self.case.steady:
            # A standby is quicker than the one that starts again.
            return 0.5 if master else 0.05
        return self.draw.uniform(0.02, 0.3)

    def telling_time(self) -> float:
        if self.case.steady:
            return 0.001
        return self.draw.uniform(0.001, 0.02 if self.calm or not self.case.duplicates else 0.2)

    def times_told(self) -> int:
        return 2 if not self.calm and self.draw.random() < self.case.duplicates else 1

    # Processes.

    def masters(self) -> list[MasterProcess]:
        """The living ones, oldest first."""
        return [
            process
            for process in self.processes.values()
            if process.alive and isinstance(process, MasterProcess)
        ]

    def slaves(self) -> list[SlaveProcess]:
        """The living ones, oldest first."""
        return [
            process
            for process in self.processes.values()
            if process.alive and isinstance(process, SlaveProcess)
        ]

    def add(self, process: Process) -> None:
        self.processes[process.key] = process

    def link(self, dialler: Process, key: Key) -> Link | None:
        """The link of these two, made at the first call; None if there is no such process yet."""
        link = dialler.links.get(key)
        if link is None:
            other = self.processes.get(key)
            if other is None:
                return None
            delay = self.case.delay
            if not self.case.steady:
                delay *= self.draw.uniform(0.7, 1.3)
            link = Link(self.clock, self.draw, dialler, other, delay, self.case.jitter)
            dialler.links[key] = other.links[dialler.key] = link
        return link

    def exited(self, process: Process, code: int, reason: str) -> None:
        process.exit_code = code
        self.exits.append((process.name, code, reason))
        if self.trace is not None:
            self.trace.happened(f"{process.name} exits {code} {reason}".rstrip())
        process.end(killed=False)
        self.supervisor.ended(process)

    def kept(self, slave: SlaveProcess, result: Result) -> None:
        self.results[slave.key] = result
        if self.trace is not None:
            final = "final" if result.final else "not final"
            self.trace.happened(f"{slave.name} keeps its result: {result.count}, {final}")

    def refused(self, process: Process, sender: Process, payload: Any, reason: str) -> None:
        what = "a data frame" if type(payload) is bytes else type(payload).__name__
        line = f"{process.name} refuses {what} of {sender.name}: {reason}"
        self.refusals.append(line)
        if self.trace is not None:
            self.trace.happened(line)

    @property
    def leader(self) -> MasterProcess | None:
        """Whom the record names, if it lives."""
        holder = self.record.value.holder
        return next((master for master in self.masters() if master.name == holder), None)

    @property
    def over(self) -> bool:
        """Whether every process has ended and none is about to start."""
        if self.supervisor.busy:
            return False
        return not any(process.alive for process in self.processes.values())

    @property
    def sending(self) -> bool:
        """Whether some living slave is in SEND."""
        return any(slave.core.phase is Phase.SEND for slave in self.slaves())

    @property
    def whole_report(self) -> dict[str, Any] | None:
        """The report's document, once it is complete; before that there are only drafts."""
        document: dict[str, Any] | None = self.report.value
        return document if document and document.get("complete") else None

    def count(self) -> int:
        """The most that any living slave has approved."""
        return max((slave.approved for slave in self.slaves()), default=0)

    def _record_changed(self, version: int, record: Record) -> None:
        self.clock.after(self.case.store_delay, self.supervisor.record_changed, record)
        if self.case.watch:
            for master in self.masters():
                self.clock.after(
                    self.case.store_delay * self.draw.uniform(1, 3),
                    master.call,
                    master.watched,
                    record,
                )

    # What goes wrong.

    def crash(self, process: Process) -> None:
        """Kill -9: memory and connections are gone, the supervisor sees it."""
        if not process.alive:
            return
        if self.trace is not None:
            self.trace.happened(f"{process.name} is killed")
        process.end(killed=True)
        self.supervisor.ended(process)

    def lanes(self, one: Process, other: Process) -> tuple[Lane, ...]:
        """Both directions between two processes, from `one` first; none if they never met."""
        link = one.links.get(other.key)
        if link is None:
            dialler, accepter = (one, other) if one.dials(other.key) else (other, one)
            link = self.link(dialler, accepter.key) if dialler.dials(accepter.key) else None
        if link is None:
            return ()
        return link.lanes if link.dialler is one else (link.lanes[1], link.lanes[0])
