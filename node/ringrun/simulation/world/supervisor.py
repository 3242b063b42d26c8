"""The supervisor of the simulation: what it sees and does around `core.supervisor`.

It has slaves and masters started, replaces what dies, frees the lease of a master that it saw end,
keeps the orders, gives a run up and reports on it then. Everything is decided by the core, as in a
local run and in the operator; everything that must outlast it is in `objects`.
"""

from dataclasses import replace
from math import inf
from typing import Any

from ringrun.core.messages import Result
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.supervisor import patience
from ringrun.core.supervisor.masters import Places, fill
from ringrun.core.supervisor.observed import Observed
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.core.supervisor.roster import Decision, decide
from ringrun.simulation.process.master import MasterProcess
from ringrun.simulation.process.process import Process
from ringrun.simulation.world.machines import Machines
from ringrun.simulation.world.objects import Objects

_CLEAN_UP_AFTER = 1.0


class Supervisor:
    """Decides whenever something that it can see has changed, `case.supervision` later."""

    def __init__(self, machines: Machines, objects: Objects) -> None:
        self.machines = machines
        self.objects = objects
        self.stop: Reason | None = None
        self.dead = False
        """Whether another took its place, and it does nothing any more."""
        self.away = False
        """Whether it sees and does nothing, as an operator that is down."""
        self.record: Record | None = None
        self._deciding = False
        self._reporting = False
        self._clearing = False
        self._decide_at = inf

    def start(self) -> None:
        self._fill_masters(self.machines.clock.now)
        self.look()

    def begin_again(self) -> None:
        """Go on from the objects alone, where another supervisor ended."""
        machines = self.machines
        self.back()
        machines.clock.after(machines.case.store_delay, self._read_record)
        for master in self.objects.masters.values():
            if master.ended:
                machines.clock.after(machines.case.supervision, self.free, str(master.node))

    def _read_record(self) -> None:
        store = self.machines.record
        if store.version and not store.lost:
            self.record_changed(store.value)

    def back(self) -> None:
        """It sees again what there is."""
        self.away = False
        self.look()

    @property
    def busy(self) -> bool:
        """Whether it has yet to decide something or to write its report."""
        return self._deciding or self._reporting

    def look(self) -> None:
        """Something may have changed."""
        if not self._deciding:
            self._deciding = True
            self.machines.clock.after(self.machines.case.supervision, self._decide)

    def record_changed(self, record: Record) -> None:
        before, self.record = self.record, record
        if before is None or (before.view, before.phase, before.prepared) != (
            record.view,
            record.phase,
            record.prepared,
        ):
            self.look()

    def ended(self, process: Process) -> None:
        """A process has ended, as its object says."""
        machines = self.machines
        if isinstance(process, MasterProcess):
            if machines.whole_report is not None and not machines.masters():
                machines.clock.after(_CLEAN_UP_AFTER, self.objects.clear)
            machines.clock.after(machines.case.supervision, self.free, process.name)
        self.look()

    def free(self, holder: str) -> None:
        """Free the lease, if it is this master's, and change nothing else."""
        store = self.machines.record
        record = store.value
        if record.holder == holder and not self.dead:
            store.swap(store.version + 1, record.evolve(holder=""))

    # Decisions.

    def _decide(self) -> None:
        self._deciding = False
        objects = self.objects
        if self.away or self.dead or objects.ledger.reported is not None:
            return
        machines = self.machines
        if machines.record.lost:
            self.record = None
        now = machines.clock.now
        spec, bounds = machines.case.spec, machines.case.bounds
        places = self._fill_masters(now)
        times = self._see(now)
        if self.stop is None and patience.is_late(spec, times, now, bounds):
            self.stop = Reason(Why.START_DEADLINE)
        observed = Observed(
            slaves=tuple(objects.slaves.values()), masters=places.living, stop=self.stop
        )
        decision = decide(spec, objects.orders, observed, self.record, now, times.started)
        self._carry_out(decision)
        again = min(decision.deadline, places.again)
        if machines.whole_report is None:
            reason = self._given_up(places, now)
            if reason is not None:
                self._report(reason)
            again = min(again, patience.next_limit(spec, objects.ledger.times, now, bounds))
        elif machines.record.lost and not self._clearing:
            # A standby cannot read any more that the run is over.
            self._clearing = True
            machines.clock.after(_CLEAN_UP_AFTER, objects.clear)
        if now < again < self._decide_at:
            self._decide_at = again
            machines.clock.at(again, self._at_deadline)

    def _at_deadline(self) -> None:
        self._decide_at = inf
        self.look()

    def _fill_masters(self, now: float) -> Places:
        objects, case = self.objects, self.machines.case
        ledger = objects.ledger
        masters = objects.masters.values()
        places = fill(
            case.spec.masters, ledger.masters, ledger.masters_seen, masters, now, case.delays
        )
        if self.machines.whole_report is None:
            objects.ledger = replace(ledger, masters=places.last, masters_seen=places.seen)
            objects.masters_given_up = places.given_up
            for node in places.create:
                objects.make_master(node)
        return places

    def _carry_out(self, decision: Decision) -> None:
        objects = self.objects
        if decision.orders.version != objects.orders.version:
            objects.keep(decision.orders)
        for node in decision.create:
            objects.make_slave(node)
        for node in decision.delete:
            objects.delete(node)
            self.look()

    def _see(self, now: float) -> patience.Times:
        objects = self.objects
        times = objects.ledger.times.seen(
            now,
            phase=None if self.record is None else self.record.phase,
            slaves_live=objects.slaves_live,
            stopped=(objects.orders.stop_reason or self.stop) is not None,
        )
        objects.ledger = replace(objects.ledger, times=times)
        return times

    def _given_up(self, places: Places, now: float) -> Reason | None:
        objects = self.objects
        run = patience.Run(
            times=self._see(now),
            stop_reason=objects.orders.stop_reason or self.stop,
            slaves_live=objects.slaves_live,
            masters_run=any(master.running for master in objects.masters.values()),
            masters_given_up=places.given_up,
            last_words=objects.last_words,
            record_lost="the record is gone" if self.machines.record.lost else "",
        )
        return patience.given_up(self.machines.case.spec, run, now, self.machines.case.bounds)

    # The report without a master.

    def _report(self, reason: Reason) -> None:
        """Read what there is and write the report, unless another writes meanwhile."""
        if self._reporting:
            return
        machines = self.machines
        version, draft = machines.report.version, machines.report.value
        document = orphaned_report(
            machines.case.spec,
            Record() if machines.record.lost else machines.record.value,
            self.objects.orders,
            draft,
            self._results(),
            reason,
        )
        self._reporting = True
        delay = machines.case.store_delay
        machines.clock.after(delay, self._store, version + 1, document, reason)

    def _store(self, version: int, document: dict[str, Any], reason: Reason) -> None:
        self._reporting = False
        machines = self.machines
        if not machines.report.swap(version, document):
            self.look()
            return
        if machines.trace is not None:
            machines.trace.did("supervisor", f"reports {document['verdict']}, {reason}")
        self.objects.ledger = replace(
            self.objects.ledger, reported=reason, reported_at=machines.clock.now
        )
        machines.clock.after(_CLEAN_UP_AFTER, self.objects.clear)

    def _results(self) -> list[Result]:
        """Those that it can read: on its own disk all, in a cluster those of slaves that ended."""
        machines = self.machines
        if machines.case.reads_disk:
            results = machines.results
            return [results[node] for node in results if node not in machines.unreadable]
        return [each.result for each in self.objects.slaves.values() if each.result is not None]
