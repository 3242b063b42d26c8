"""The supervisor of the simulation: what it sees and does around `core.supervisor.roster`.

It starts slaves and masters after a delay, replaces what dies, frees the lease of a master that it
saw end, and gives every master its orders, late and sometimes twice. Itself it does not fail: what
its failures are like for the ring (nothing is replaced, no orders come) its delays show as well.
"""

from math import inf
from typing import Any

from ringrun.core.node import SlaveId
from ringrun.core.orders import Orders
from ringrun.core.reason import Reason
from ringrun.core.supervisor.observed import Observed, SlaveSeen
from ringrun.core.supervisor.roster import decide
from ringrun.simulation.process.master import MasterProcess
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.world.machines import Machines

_LEAVE_WITHIN = 6.0
_CLEAN_UP_AFTER = 1.0


class Supervisor:
    """Decides whenever something that it can see has changed, `case.supervision` later."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.orders = Orders()
        self.slaves: dict[SlaveId, SlaveSeen] = {}
        self.stop: Reason | None = None
        self.away = False
        """Whether it sees and does nothing, as an operator that is down."""
        self.record: Any = None
        self._started = machines.clock.now
        self._deciding = False
        self._starting = 0
        self._booted = 0
        self._decide_at = inf

    def start(self) -> None:
        machines = self.machines
        for place in range(machines.case.spec.masters):
            self._starting += 1
            machines.clock.after(self._boot_time(), self._start_master, place, 1)
        self.look()

    def back(self) -> None:
        """It sees again what there is."""
        self.away = False
        self.look()

    @property
    def busy(self) -> bool:
        """Whether it has yet to decide something or to start a process."""
        return self._deciding or self._starting > 0

    def look(self) -> None:
        """Something may have changed."""
        if not self._deciding:
            self._deciding = True
            self.machines.clock.after(self.machines.case.supervision, self._decide)

    def record_changed(self, record: Any) -> None:
        before, self.record = self.record, record
        if before is None or (before.view, before.phase, before.prepared) != (
            record.view,
            record.phase,
            record.prepared,
        ):
            self.look()

    def ended(self, process: Process) -> None:
        """The end of a process is seen at once, its cause never known here."""
        machines = self.machines
        if isinstance(process, SlaveProcess):
            self.slaves[process.key] = SlaveSeen(
                ordinal=process.key.ordinal,
                incarnation=process.key.incarnation,
                ended=True,
                cause="ended" if process.exit_code is not None else "killed",
                result=process.result,
            )
        elif isinstance(process, MasterProcess):
            if machines.whole_report is not None and not machines.masters():
                machines.clock.after(_CLEAN_UP_AFTER, self._clean_up)
            machines.clock.after(machines.case.supervision, self.free, process.name)
            if machines.whole_report is None:
                self._starting += 1
                machines.clock.after(
                    self._restart_time(master=True),
                    self._start_master,
                    process.place,
                    process.incarnation + 1,
                )
        self.look()

    def free(self, holder: str) -> None:
        """Free the lease, if it is this master's, and change nothing else."""
        store = self.machines.record
        record = store.value
        if record.holder == holder:
            store.swap(store.version + 1, record.evolve(holder=""))

    def _clean_up(self) -> None:
        """The run is over: whoever is left was started too late to hear of it."""
        for slave in self.machines.slaves():
            slave.call(slave.leave)
            self.machines.clock.after(_LEAVE_WITHIN, self._kill, slave)

    def _start_master(self, place: int, incarnation: int) -> None:
        machines = self.machines
        self._starting -= 1
        master = MasterProcess(machines, place, incarnation)
        machines.add(master)
        master.start()
        if self.orders.version:
            self._tell(master, self.orders)
        self.look()

    def _decide(self) -> None:
        self._deciding = False
        if self.away:
            return
        machines = self.machines
        masters = tuple(master.name for master in machines.masters())
        observed = Observed(slaves=tuple(self.slaves.values()), masters=masters, stop=self.stop)
        now = machines.clock.now
        decision = decide(
            machines.case.spec, self.orders, observed, self.record, now, self._started
        )
        if decision.orders.version != self.orders.version:
            self.orders = decision.orders
            if machines.trace is not None:
                machines.trace.ordered(decision.orders)
            for master in machines.masters():
                self._tell(master, decision.orders)
        for node in decision.create:
            key = SlaveId(*node)
            self.slaves[key] = SlaveSeen(ordinal=key.ordinal, incarnation=key.incarnation)
            self._starting += 1
            machines.clock.after(self._restart_time(), self._start_slave, key)
        for node in decision.delete:
            self._delete(SlaveId(*node))
        if now < decision.deadline < self._decide_at:
            self._decide_at = decision.deadline
            machines.clock.at(decision.deadline, self._at_deadline)

    def _at_deadline(self) -> None:
        self._decide_at = inf
        self.look()

    def _tell(self, master: MasterProcess, orders: Orders) -> None:
        machines = self.machines
        # A channel keeps the order; what is told twice comes right after itself.
        time = max(machines.clock.now + self._telling_time(), master.told_until)
        for _ in range(self._times_told()):
            master.told_until = time
            machines.clock.at(time, master.call, master.orders, orders)

    def _start_slave(self, key: SlaveId) -> None:
        machines = self.machines
        self._starting -= 1
        slave = SlaveProcess(machines, key)
        machines.add(slave)
        slave.start()
        self.slaves[key] = SlaveSeen(
            ordinal=key.ordinal,
            incarnation=key.incarnation,
            host="10.0.0.1",
            port=10_000 + 100 * key.ordinal + key.incarnation,
        )
        self.look()

    def _delete(self, key: SlaveId) -> None:
        seen = self.slaves[key]
        process = self.machines.processes.get(key)
        self.slaves[key] = SlaveSeen(
            ordinal=key.ordinal,
            incarnation=key.incarnation,
            host=seen.host,
            port=seen.port,
            deleting=True,
        )
        if isinstance(process, SlaveProcess):
            process.call(process.leave)
            self.machines.clock.after(_LEAVE_WITHIN, self._kill, process)
        self.look()

    def _kill(self, process: Process) -> None:
        if process.alive:
            self.machines.crash(process)

    # What its work takes, drawn.

    def _boot_time(self) -> float:
        if self.machines.case.steady:
            # The first to be started is the first to be there.
            self._booted += 1
            return 0.01 * self._booted
        return self.machines.draw.uniform(0.01, 0.08)

    def _restart_time(self, *, master: bool = False) -> float:
        if self.machines.case.steady:
            # A standby is quicker than the one that starts again.
            return 0.5 if master else 0.05
        return self.machines.draw.uniform(0.02, 0.3)

    def _telling_time(self) -> float:
        machines = self.machines
        if machines.case.steady:
            return 0.001
        longest = 0.02 if machines.calm or not machines.case.duplicates else 0.2
        return machines.draw.uniform(0.001, longest)

    def _times_told(self) -> int:
        machines = self.machines
        return 2 if not machines.calm and machines.draw.random() < machines.case.duplicates else 1
