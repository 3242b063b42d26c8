"""What a run is made of: slaves, masters, their links, the record and the report, one clock.

Built from a `Case`. It is the surroundings of every process, draws everything from the case's seed
and keeps no order of a set, so that a case is the same run every time. Who starts processes, and
what is done when one ends, is above it: in `supervisor`, by way of `world`.
"""

from random import Random
from typing import Any

from ringrun.core.messages import Result
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.record import Record
from ringrun.simulation.case import Case
from ringrun.simulation.clock import Clock
from ringrun.simulation.links import End, Lane, Link
from ringrun.simulation.process.master import MasterProcess
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.process.surroundings import Hook
from ringrun.simulation.stores import Store
from ringrun.simulation.trace import Trace


class Machines:
    """`processes` has all that ever ran, `breaches` what breaks a rule of leading, `results` is on
    disk."""

    def __init__(self, case: Case, trace: Trace | None = None) -> None:
        self.case = case
        self.clock = Clock(case.size)
        self.draw = Random(f"world {case.seed}")
        self.trace = trace
        if trace is not None:
            trace.begin(self.clock, case)
        self.hook: Hook | None = None
        self.processes: dict[NodeId, Process] = {}
        self.results: dict[SlaveId, Result] = {}
        self.unreadable: set[SlaveId] = set()
        """Whose results nobody but themselves can read any more."""
        self.drafted: set[SlaveId] = set()
        """Whose results a stored draft of the report has, or had."""
        self.begun: dict[NodeId, float] = {}
        self.gone: dict[NodeId, float] = {}
        """When each process started, and when it ended."""
        self.kept_at: dict[SlaveId, float] = {}
        self.breaches: list[str] = []
        self.exits: list[tuple[str, int, str]] = []
        self.calm = False
        self.record = Store(0, Record(), self._record_changed)
        self.report = Store(0, None, self._report_changed)

    # Whoever looks after them.

    def saw_end(self, process: Process) -> None:
        """A process is gone; what follows is for whoever looks after it."""
        raise NotImplementedError

    def saw_record(self, record: Record) -> None:
        """The record has changed, and the news has had time to travel."""
        raise NotImplementedError

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
        self.begun[process.key] = self.clock.now

    def _end(self, process: Process, *, killed: bool) -> None:
        process.end(killed=killed)
        self.gone[process.key] = self.clock.now
        self.saw_end(process)

    def crash(self, process: Process) -> None:
        """Kill -9: memory and connections are gone, the supervisor sees it."""
        if not process.alive:
            return
        if self.trace is not None:
            self.trace.did(process.name, "is killed", stands_out=True)
        self._end(process, killed=True)

    def lanes(self, one: Process, other: Process) -> tuple[Lane, ...]:
        """Both directions between two processes, from `one` first; none if they never met."""
        link = one.links.get(other.key)
        if link is None:
            dialler, accepter = (one, other) if one.dials(other.key) else (other, one)
            link = self.link(dialler, accepter.key) if dialler.dials(accepter.key) else None
        if link is None:
            return ()
        return link.lanes if link.dialler is one else (link.lanes[1], link.lanes[0])

    @property
    def whole_report(self) -> dict[str, Any] | None:
        """The report's document, once it is complete; before that there are only drafts."""
        document: dict[str, Any] | None = self.report.value
        return document if document and document.get("complete") else None

    # The surroundings of a process.

    def clock_of(self) -> tuple[float, float]:
        if not self.case.skew:
            return 1.0, 100.0
        return 1.0 + self.draw.uniform(-self.case.skew, self.case.skew), self.draw.uniform(1, 1000)

    def link(self, dialler: End, key: NodeId) -> Link | None:
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

    def exited(self, node: NodeId, code: int, reason: str) -> None:
        process = self.processes[node]
        self.exits.append((process.name, code, reason))
        if self.trace is not None:
            self.trace.did(process.name, f"exits {code} {reason}".rstrip())
        self._end(process, killed=False)

    def kept(self, slave: SlaveId, result: Result) -> None:
        self.results[slave] = result
        self.kept_at[slave] = self.clock.now
        if self.trace is not None:
            final = "final" if result.final else "not final"
            self.trace.did(str(slave), f"keeps its result: {result.count}, {final}")

    def breach(self, text: str) -> None:
        self.breaches.append(text)
        if self.trace is not None:
            self.trace.breach(text)

    def refused(self, node: str, sender: str, payload: Any, reason: str) -> None:
        what = "a data frame" if type(payload) is bytes else type(payload).__name__
        self.breach(f"{node} refuses {what} of {sender}: {reason}")

    def _report_changed(self, _: int, document: dict[str, Any]) -> None:
        if not document.get("complete"):
            drafted = document["results"]
            self.drafted.update(SlaveId(each["ordinal"], each["incarnation"]) for each in drafted)

    def _record_changed(self, version: int, record: Record) -> None:
        self.clock.after(self.case.store_delay, self.saw_record, record)
        if self.case.watch:
            for master in self.masters():
                self.clock.after(
                    self.case.store_delay * self.draw.uniform(1, 3),
                    master.call,
                    master.watched,
                    record,
                )
