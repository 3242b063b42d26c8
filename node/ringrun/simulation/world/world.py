"""A whole run: machines and the supervisor that looks after them.

Built from a `Case` by `run`, `explore` and `script`; `faults` and scripts disturb it. Whether the
run kept its promises is for `judge`.
"""

from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.simulation.case import Case
from ringrun.simulation.process.master import MasterProcess
from ringrun.simulation.process.process import Process
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.machines import Machines
from ringrun.simulation.world.objects import Objects, Room
from ringrun.simulation.world.supervisor import Supervisor


class World(Machines):
    """One run under way; it has begun as soon as its clock goes."""

    def __init__(self, case: Case, trace: Trace | None = None) -> None:
        super().__init__(case, trace)
        self.faults = 0
        self.disturbed: set[str] = set()
        """Who was paused or slow, and so may be late for its own deadlines."""
        self.objects = Objects(self, self._objects_changed)
        self.supervisor = Supervisor(self, self.objects)
        self.supervisor.start()

    def _objects_changed(self) -> None:
        self.supervisor.look()

    def lose_record(self) -> None:
        """Nobody can read or write the record any more, and the supervisor knows why."""
        self.record.lost = True
        self.supervisor.look()

    def restart_supervisor(self, duration: float) -> None:
        """The supervisor dies, and after this time another goes on from the objects."""
        before = self.supervisor
        before.dead = True
        self.supervisor = supervisor = Supervisor(self, self.objects)
        # Who wants the run to end has said so in its spec.
        supervisor.stop, supervisor.away = before.stop, True
        self.clock.after(duration, supervisor.begin_again)

    def saw_end(self, process: Process) -> None:
        self.objects.ended(process)
        self.supervisor.ended(process)

    def saw_record(self, record: Record) -> None:
        self.supervisor.record_changed(record)

    @property
    def leader(self) -> MasterProcess | None:
        """Whom the record names, if it lives."""
        holder = self.record.value.holder
        return next((master for master in self.masters() if master.name == holder), None)

    @property
    def bereft(self) -> bool:
        """Whether no leader can be any more, or cannot for now."""
        objects = self.objects
        return self.record.lost or objects.masters_given_up or objects.room is not Room.ENOUGH

    @property
    def over(self) -> bool:
        """Whether the report is there, every process has ended and none is about to start."""
        if self.whole_report is None or self.supervisor.busy or self.objects.starting:
            return False
        return not any(process.alive for process in self.processes.values())

    @property
    def sending(self) -> bool:
        """Whether some living slave is in SEND."""
        return any(slave.core.phase is Phase.SEND for slave in self.slaves())

    @property
    def deliveries(self) -> int:
        """Messages that were handled, heartbeats aside."""
        return sum(process.deliveries for process in self.processes.values())

    @property
    def heartbeats(self) -> int:
        return sum(process.heartbeats for process in self.processes.values())

    def count(self) -> int:
        """The most that any living slave has approved."""
        return max((slave.approved for slave in self.slaves()), default=0)
