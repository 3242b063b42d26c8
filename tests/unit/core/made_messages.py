"""Random control messages that are well typed and need make no sense, from a seed.

Numbers lie near those of the run that they are thrown at, or where no run ever gets.
"""

from random import Random

from made_results import result

from ringrun.core.messages import (
    Base,
    Close,
    Command,
    Control,
    Fetch,
    Fetched,
    Frozen,
    Heartbeat,
    Hello,
    Install,
    Installed,
    Kick,
    Kicked,
    Leave,
    Meet,
    Met,
    Refused,
    ResultSaid,
    Status,
    Stored,
    Suspect,
    Sync,
    Synced,
    Trouble,
    Wedge,
    Wedged,
)
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import FoldValue, Member, Plan, Record

ABSURD = [2**16, 2**31, 2**32 - 1, 2**32, 2**62, 2**63, 2**64 - 1, -1, -(2**63)]
SECONDS = [-1.0, 0.0, 1e-3, 0.25, 1e9, float("inf"), float("nan")]


class Babble:
    """Says anything. `view` and `held` are what the numbers lie near."""

    def __init__(self, random: Random, *, plan: Plan, view: int = 1, held: int = 9) -> None:
        self.random = random
        self.plan = plan
        self.view = view
        self.held = held

    def near(self, number: int) -> int:
        """This number, one close to it, or an absurd one."""
        draw = self.random.random()
        if draw < 0.4:
            return number
        if draw < 0.85:
            return number + self.random.randint(-3, 3)
        return self.random.choice([0, 1, 2, *ABSURD])

    def seconds(self) -> float:
        """A time."""
        return self.random.choice(SECONDS)

    def node(self) -> SlaveId:
        """A slave, of the run or not."""
        return SlaveId(self.near(1), self.near(1))

    def nodes(self) -> tuple[SlaveId, ...]:
        """Some of them."""
        return tuple(self.node() for _ in range(self.random.randrange(4)))

    def members(self) -> tuple[Member, ...]:
        """Some members, mostly those of a run."""
        random = self.random
        if random.random() < 0.6:
            return tuple(Member(ordinal=o, incarnation=1) for o in range(random.randrange(1, 5)))
        return tuple(Member(ordinal=o, incarnation=i) for o, i in self.nodes())

    def fold(self) -> FoldValue:
        """A fold as it travels; its texts are numbers, as decoding demands nothing of them."""
        random = self.random
        return FoldValue(count=self.near(self.held), sum_exact=random.choice(["0", "-7", "9" * 40]))

    def record(self) -> Record:
        """A record in the name of a leader."""
        random = self.random
        return Record(
            version=self.near(5),
            epoch=self.near(1),
            holder=random.choice(["m0-1", "m1-1", ""]),
            # A view is counted in four bytes everywhere.
            view=self.near(self.view) % 2**32,
            members=self.members(),
            cut=self.near(self.held),
            fold=self.fold(),
            starter=self.near(0),
            phase=random.choice(list(Phase)),
            prepared=self.nodes(),
            send_members=self.members(),
            closed=random.choice([None, True, False]),
            stop_reason=random.choice([None, Reason(Why.ABORTED), Reason(Why.DIVERGED, "x")]),
            incarnations=self.nodes(),
            plan=self.plan,
            count=self.near(self.held),
        )

    def batches(self) -> tuple[tuple[tuple[int, int, int, int], ...], bytes]:
        """Entries as a donor would send them, or not quite."""
        random = self.random
        first = self.near(self.held + 1)
        batches = []
        for _ in range(random.randrange(3)):
            count = random.choice([1, 2, 3, 0, self.near(1)])
            batches.append((first, self.near(1), self.near(self.held), count))
            first = first + count if random.random() < 0.8 else self.near(self.held)
        total = sum(batch[3] for batch in batches)
        size = 8 * total if 0 <= total < 99 and random.random() < 0.8 else random.randrange(40)
        return tuple(batches), random.randbytes(size)

    def base(self) -> Base | None:
        """An approved fold for a joiner."""
        random = self.random
        if random.random() < 0.5:
            return None
        runs, numbers = self.batches()
        count = self.near(sum(run[3] for run in runs))
        return Base(
            count=count,
            sum_exact=random.choice(["0", "123", "x", ""]),
            senders=self.nodes(),
            last_sender=self.near(0),
            digest=random.randbytes(random.choice([32, 32, 0, 31])),
            runs=runs,
            numbers=numbers,
        )

    def command(self, holder: str, epoch: int) -> Command:
        """Something that only a leader may say."""
        random = self.random
        head = {"epoch": epoch, "holder": holder}
        attempt = self.near(1)
        donor = random.choice([None, Member(ordinal=self.near(1), incarnation=1)])
        return random.choice(
            [
                lambda: Meet(
                    **head,
                    attempt=attempt,
                    joiners=self.members(),
                    members=self.members(),
                    plan=self.plan,
                ),
                lambda: Wedge(
                    **head, attempt=attempt, record=self.record(), elapsed=self.seconds()
                ),
                lambda: Sync(
                    **head,
                    attempt=attempt,
                    view=self.near(self.view),
                    cut=self.near(self.held),
                    donor=donor,
                    plan=self.plan,
                ),
                lambda: Install(**head, record=self.record(), elapsed=self.seconds()),
                lambda: Kick(**head, view=self.near(self.view), elapsed=self.seconds()),
                lambda: Close(**head, record=self.record()),
                lambda: Stored(**head),
            ]
        )()

    def from_peer(self) -> Control:
        """Something that slaves say to each other."""
        while True:
            message = self.from_slave()
            if isinstance(message, Hello | Fetch | Fetched | Heartbeat):
                return message

    def from_slave(self) -> Control:
        """Something that slaves say, to each other or to a leader."""
        random = self.random
        epoch, attempt, view = self.near(1), self.near(1), self.near(self.view)
        held, approved = self.near(self.held), self.near(self.held)
        batches, numbers = self.batches()
        return random.choice(
            [
                lambda: Heartbeat(sent=self.seconds(), echo=self.seconds(), kept=self.seconds()),
                lambda: Hello(view=view, held=held, approved=approved, turn=self.near(self.held)),
                lambda: Fetch(
                    epoch=epoch,
                    attempt=attempt,
                    view=view,
                    first=held,
                    last=approved,
                    snapshot=random.random() < 0.5,
                ),
                lambda: Fetched(
                    epoch=epoch,
                    attempt=attempt,
                    view=view,
                    batches=batches,
                    numbers=numbers,
                    base=self.base(),
                ),
                lambda: Met(epoch=epoch, attempt=attempt, links=self.nodes()),
                lambda: Wedged(
                    epoch=epoch,
                    attempt=attempt,
                    view=view,
                    held=held,
                    approved=approved,
                    elapsed=self.seconds(),
                ),
                lambda: Synced(
                    epoch=epoch,
                    attempt=attempt,
                    view=view,
                    fold=self.fold(),
                    sender=self.near(0),
                ),
                lambda: Installed(
                    epoch=epoch, view=view, wedged=random.random() < 0.5, elapsed=self.seconds()
                ),
                lambda: Kicked(epoch=epoch, view=view),
                lambda: Suspect(
                    view=view, suspect=self.node(), trouble=random.choice(list(Trouble))
                ),
                lambda: Status(
                    view=view, approved=approved, elapsed=self.seconds(), p99=self.seconds()
                ),
                lambda: Frozen(view=view, held=held, elapsed=self.seconds()),
                lambda: ResultSaid(
                    result=result(self.near(1), "ab", incarnation=self.near(1), view=view)
                ),
                lambda: Refused(epoch=epoch, holder=random.choice(["m0-1", "m1-1", ""])),
                lambda: Leave(view=view),
            ]
        )()
