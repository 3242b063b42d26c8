"""The supervisor of the simulation: what it sees and does around `core.supervisor.roster`.

It starts slaves and masters after a delay, replaces what dies, frees the lease of a master that it
saw end, and gives every master its orders, late and sometimes twice. Itself it does not fail: what
its failures are like for the ring (nothing is replaced, no orders come) its delays show as well.
"""

from math import inf
from typing import TYPE_CHECKING, Any

from ringrun.core.node import SlaveId
from ringrun.core.orders import Orders
from ringrun.core.supervisor.roster import Observed, SlaveSeen, decide
from ringrun.simulation.masters import MasterProcess
from ringrun.simulation.processes import Process
from ringrun.simulation.slaves import SlaveProcess

if TYPE_CHECKING:
    from ringrun.simulation.world import World

_LEAVE_WITHIN = 6.0
_CLEAN_UP_AFTER = 1.0


class Supervisor:
    """Decides whenever something that it can see has changed, `case.supervision` later."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.orders = Orders()
        self.slaves: dict[SlaveId, SlaveSeen] = {}
        self.stop = ""
        self.away = False
        """Whether it sees and does nothing, as an operator that is down."""
        self.record: Any = None
        self._started = world.clock.now
        self._deciding = False
        self._starting = 0
        self._decide_at = inf

    def start(self) -> None:
        world = self.world
        for place in range(world.case.spec.masters):
            self._starting += 1
            world.clock.after(world.boot_time(), self._start_master, place, 1)
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
            self.world.clock.after(self.world.case.supervision, self._decide)

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
        world = self.world
        if isinstance(process, SlaveProcess):
            self.slaves[process.key] = SlaveSeen(
                ordinal=process.key.ordinal,
                incarnation=process.key.incarnation,
                ended=True,
                cause="ended" if process.exit_code is not None else "killed",
                result=process.result,
            )
        elif isinstance(process, MasterProcess):
            if world.whole_report is not None and not world.masters():
                world.clock.after(_CLEAN_UP_AFTER, self._clean_up)
            world.clock.after(world.case.supervision, self.free, process.name)
            if world.whole_report is None:
                self._starting += 1
                world.clock.after(
                    world.restart_time(master=True),
                    self._start_master,
                    process.place,
                    process.incarnation + 1,
                )
        self.look()

    def free(self, holder: str) -> None:
        """Free the lease, if it is this master's, and change nothing else."""
        store = self.world.record
        record = store.value
        if record.holder == holder:
            store.swap(store.version + 1, record.evolve(holder=""))

    def _clean_up(self) -> None:
        """The run is over: whoever is left was started too late to hear of it."""
        for slave in self.world.slaves():
            slave.call(slave.leave)
            self.world.clock.after(_LEAVE_WITHIN, self._kill, slave)

    def _start_master(self, place: int, incarnation: int) -> None:
        world = self.world
        self._starting -= 1
        master = MasterProcess(world, place, incarnation)
        world.add(master)
        master.start()
        if self.orders.version:
            self._tell(master, self.orders)
        self.look()

    def _decide(self) -> None:
        self._deciding = False
        if self.away:
            return
        world = self.world
        masters = tuple(master.name for master in world.masters())
        observed = Observed(slaves=tuple(self.slaves.values()), masters=masters, stop=self.stop)
        now = world.clock.now
        decision = decide(world.case.spec, self.orders, observed, self.record, now, self._started)
        if decision.orders.version != self.orders.version:
            self.orders = decision.orders
            if world.trace is not None:
                world.trace.ordered(decision.orders)
            for master in world.masters():
                self._tell(master, decision.orders)
        for node in decision.create:
            key = SlaveId(*node)
            self.slaves[key] = SlaveSeen(ordinal=key.ordinal, incarnation=key.incarnation)
            self._starting += 1
            world.clock.after(world.restart_time(), self._start_slave, key)
        for node in decision.delete:
            self._delete(SlaveId(*node))
        if now < decision.deadline < self._decide_at:
            self._decide_at = decision.deadline
            world.clock.at(decision.deadline, self._at_deadline)

    def _at_deadline(self) -> None:
        self._decide_at = inf
        self.look()

    def _tell(self, master: MasterProcess, orders: Orders) -> None:
        world = self.world
        # A channel keeps the order; what is told twice comes right after itself.
        time = max(world.clock.now + world.telling_time(), master.told_until)
        for _ in range(world.times_told()):
            master.told_until = time
            world.clock.at(time, master.call, master.orders, orders)

    def _start_slave(self, key: SlaveId) -> None:
        world = self.world
        self._starting -= 1
        slave = SlaveProcess(world, key)
        world.add(slave)
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
        process = self.world.processes.get(key)
        self.slaves[key] = SlaveSeen(
            ordinal=key.ordinal,
            incarnation=key.incarnation,
            host=seen.host,
            port=seen.port,
            deleting=True,
        )
        if isinstance(process, SlaveProcess):
            process.call(process.leave)
            self.world.clock.after(_LEAVE_WITHIN, self._kill, process)
        self.look()

    def _kill(self, process: Process) -> None:
        if process.alive:
            self.world.crash(process)
