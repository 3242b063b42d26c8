"""What outlives a supervisor: its orders and ledger, and one object for each process that it made.

To the simulation what pods and ConfigMaps are to a cluster, and children and files to a local run.
The supervisor reads them and has them changed; it could start again from them alone. What that
takes (a process starts late, orders arrive late and sometimes twice) is drawn here. Why anything is
made is for `supervisor`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.reason import Reason
from ringrun.core.supervisor.masters import MasterSeen
from ringrun.core.supervisor.observed import SlaveSeen
from ringrun.core.supervisor.patience import Times
from ringrun.simulation.process.master import MasterProcess
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.world.machines import Machines

_LEAVE_WITHIN = 6.0


class Room(StrEnum):
    """What becomes of masters that are to be started."""

    ENOUGH = "enough"
    FULL = "full"
    """They wait, as pods that cannot be scheduled."""
    BROKEN = "broken"
    """They end before they could do anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a supervisor must know at its next look beside its orders: since when things are as they
    are, the places of the masters, and why and when it reported itself, if it did."""

    times: Times
    masters: tuple[int, ...] = ()
    masters_seen: tuple[int, ...] = ()
    reported: Reason | None = None
    reported_at: float = inf


@dataclass(slots=True)
class Objects:
    """`changed` is called when a process has started or could not."""

    machines: Machines
    changed: Callable[[], None]
    ledger: Ledger = field(init=False)
    orders: Orders = field(default_factory=Orders)
    slaves: dict[SlaveId, SlaveSeen] = field(default_factory=dict)
    masters: dict[MasterId, MasterSeen] = field(default_factory=dict)
    starting: int = 0
    """Processes that were made and do not run yet."""
    last_words: str = ""
    """Of the master that ended last; empty if none has."""
    room: Room = Room.ENOUGH
    masters_given_up: bool = False
    """As was decided last: none lives, and none will be made any more."""
    _waiting: list[MasterId] = field(default_factory=list)
    _booted: int = 0

    def __post_init__(self) -> None:
        self.ledger = Ledger(times=Times(started=self.machines.clock.now))

    @property
    def slaves_live(self) -> bool:
        """Whether a slave runs or is about to."""
        return any(not slave.ended for slave in self.slaves.values())

    # Orders.

    def keep(self, orders: Orders) -> None:
        """New orders, for all masters."""
        self.orders = orders
        machines = self.machines
        if machines.trace is not None:
            machines.trace.ordered(orders)
        for master in machines.masters():
            self._tell(master, orders)

    def _tell(self, master: MasterProcess, orders: Orders) -> None:
        machines = self.machines
        # A channel keeps the order; what is told twice comes right after itself.
        time = max(machines.clock.now + self._telling_time(), master.told_until)
        for _ in range(self._times_told()):
            master.told_until = time
            machines.clock.at(time, master.call, master.orders, orders)

    # Processes.

    def make_slave(self, key: SlaveId) -> None:
        self.slaves[key] = SlaveSeen(ordinal=key.ordinal, incarnation=key.incarnation)
        self.starting += 1
        self.machines.clock.after(self._restart_time(), self._start_slave, key)

    def make_master(self, key: MasterId) -> None:
        self.masters[key] = MasterSeen(node=key)
        self.starting += 1
        time = self._boot_time() if key.incarnation == 1 else self._restart_time(master=True)
        self.machines.clock.after(time, self._start_master, key)

    def _start_slave(self, key: SlaveId) -> None:
        machines = self.machines
        self.starting -= 1
        slave = SlaveProcess(machines, key)
        machines.add(slave)
        slave.start()
        self.slaves[key] = SlaveSeen(
            ordinal=key.ordinal,
            incarnation=key.incarnation,
            host="10.0.0.1",
            port=10_000 + 100 * key.ordinal + key.incarnation,
        )
        self.changed()

    def _start_master(self, key: MasterId) -> None:
        machines = self.machines
        if self.room is Room.FULL:
            self._waiting.append(key)
            return
        self.starting -= 1
        if self.room is Room.BROKEN:
            self.last_words = f"{key}: could not be started"
            self.masters[key] = MasterSeen(node=key, ended=True, ended_at=machines.clock.now)
            self.changed()
            return
        self.masters[key] = MasterSeen(node=key, running=True)
        master = MasterProcess(machines, key)
        machines.add(master)
        master.start()
        if self.orders.version:
            self._tell(master, self.orders)
        self.changed()

    def ended(self, process: Process) -> None:
        """The end of a process is seen at once, its cause never known here."""
        machines = self.machines
        cause = "ended" if process.exit_code is not None else "killed"
        if isinstance(process, SlaveProcess):
            self.slaves[process.key] = SlaveSeen(
                ordinal=process.key.ordinal,
                incarnation=process.key.incarnation,
                ended=True,
                cause=cause,
                result=None if process.key in machines.unreadable else process.result,
            )
        elif isinstance(process, MasterProcess):
            now = machines.clock.now
            self.last_words = f"{process.name}: {cause}"
            self.masters[process.key] = MasterSeen(
                node=process.key,
                ended=True,
                lifetime=now - machines.begun[process.key],
                ended_at=now,
            )

    def delete(self, key: SlaveId) -> None:
        """Ask a slave to leave, and kill it if it does not."""
        self.slaves[key] = replace(self.slaves[key], deleting=True, ended=False, result=None)
        process = self.machines.processes.get(key)
        if isinstance(process, SlaveProcess):
            process.call(process.leave)
            self._kill_later(process)

    def make_room(self, room: Room) -> None:
        """From now on masters start, wait or fail, those that wait already among them."""
        self.room = room
        if room is not Room.FULL:
            waiting, self._waiting = self._waiting, []
            for key in waiting:
                self.machines.clock.after(self._restart_time(master=True), self._start_master, key)

    def lose_result(self, key: SlaveId) -> None:
        """What this slave left on disk, or will, can be read no more."""
        self.machines.unreadable.add(key)
        if key in self.slaves:
            self.slaves[key] = replace(self.slaves[key], result=None)

    def clear(self) -> None:
        """The run is over: whoever is left is told to leave, and nobody waits any more."""
        self.starting -= len(self._waiting)
        self._waiting.clear()
        for slave in self.machines.slaves():
            slave.call(slave.leave)
            self._kill_later(slave)
        for master in self.machines.masters():
            master.call(master.terminate)
            self._kill_later(master)

    def _kill_later(self, process: Process) -> None:
        self.machines.clock.after(_LEAVE_WITHIN, self.machines.crash, process)

    # What all this takes, drawn.

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
