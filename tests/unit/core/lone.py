"""A slave whose runner is the test: commands to say to it, and everything that it says back."""

from rings import LEADER

from ringrun.core.messages import Close, Command, Heartbeat, Install, Status, Sync, Wedge
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.outputs import Exit, Finish, Output, Send
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Plan, Record
from ringrun.core.slave.slave import Slave

ME, OTHER = SlaveId(0, 1), SlaveId(1, 1)
PLAN = Plan(
    run="r",
    nodes=2,
    seed=3,
    model="lockstep",
    send=2.0,
    grace=1.0,
    start_deadline=8.0,
    result_wait=9.0,
)
MEMBERS = (Member(ordinal=0, incarnation=1), Member(ordinal=1, incarnation=1))
VIEW_1 = Record(
    version=3,
    epoch=1,
    holder=str(LEADER),
    view=1,
    members=MEMBERS,
    starter=0,
    phase=Phase.SEND,
    plan=PLAN,
)


class Lone:
    """A slave whose runner is the test: what it says is kept, in words and in whole."""

    def __init__(self, **options: float) -> None:
        self.now = 64.0
        self.core = Slave(node=ME, now=self.now, journal=True, **options)  # type: ignore[arg-type]
        self.said: list[Output] = []

    def say(self, message: Command, src: MasterId = LEADER) -> list[Output]:
        """A command arrives; everything that the slave puts out because of it."""
        self.core.receive(src, message, self.now)
        return self.taken()

    def taken(self) -> list[Output]:
        """What it has put out since."""
        outputs = self.core.outputs[:]
        self.core.outputs.clear()
        self.core.notes.clear()
        return outputs

    def after(self, seconds: float) -> list[Output]:
        """Time passes, with every deadline kept."""
        end = self.now + seconds
        outputs: list[Output] = []
        while self.core.deadline <= end:
            self.now = max(self.now, self.core.deadline)
            self.core.tick(self.now)
            assert self.core.deadline > self.now, "it would never sleep"
            outputs += self.taken()
            if any(isinstance(output, Exit) for output in outputs):
                return outputs
        self.now = end
        return outputs

    def prepared(self) -> "Lone":
        """SYNC of view 0 has been obeyed."""
        self.say(sync())
        return self

    def installed(self) -> "Lone":
        """GO has been obeyed."""
        self.prepared().say(install())
        return self

    def finished(self) -> "Lone":
        """It has frozen, and its result is kept."""
        self.installed().after(PLAN.send + PLAN.grace)
        finish = next(each for each in self.say(close(cut=0)) if isinstance(each, Finish))
        self.core.finish(finish.result, self.now)
        self.taken()
        return self


def sync(epoch: int = 1, holder: str = str(LEADER)) -> Sync:
    """SYNC of view 0."""
    return Sync(epoch=epoch, holder=holder, attempt=1, view=0, cut=0, donor=None, plan=PLAN)


def install(epoch: int = 1, holder: str = str(LEADER), elapsed: float = -1.0) -> Install:
    """INSTALL of view 1, which is GO."""
    return Install(epoch=epoch, holder=holder, record=VIEW_1, elapsed=elapsed)


def close(cut: int, view: int = 2) -> Close:
    """CLOSE with this closing view and cut."""
    record = VIEW_1.evolve(view=view, cut=cut, phase=Phase.STOP, closed=True)
    return Close(epoch=1, holder=str(LEADER), record=record)


def wedge(epoch: int = 1, attempt: int = 1, elapsed: float = 0.0) -> Wedge:
    """WEDGE of view 1."""
    return Wedge(epoch=epoch, holder=str(LEADER), attempt=attempt, record=VIEW_1, elapsed=elapsed)


def answers(outputs: list[Output]) -> list[object]:
    """What is said to whom, without what is only for display."""
    return [
        each.message
        for each in outputs
        if isinstance(each, Send) and not isinstance(each.message, Status | Heartbeat)
    ]
