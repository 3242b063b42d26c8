"""One train of entries goes round; each member reads it, adds its own, passes it on.

TRAIN frames go to the successor only. What a member held when it passed the train on has been
read by everyone when the train comes back to it, and is approved then. 1/B frames an entry.
Source: Simatic, Trains (2012).
"""

from ringrun.core.errors import ProtocolError
from ringrun.core.ring.frame import HEADER, WAGON, Kind, wagons_of
from ringrun.core.ring.models.interface import Model
from ringrun.core.ring.ring import Ring

_TRAIN = int(Kind.TRAIN)


class Train(Model):
    """The train as it stood when this slave last had it.

    `turn` is its number then, `passed` the index up to which this slave held everything when it
    passed it on, `fresh` the first index of what it then carried, `loaded` the turn at which
    anyone last added to it (the frames say it in `ack`).
    """

    __slots__ = ("fresh", "load", "loaded", "parked", "passed", "sent", "turn")

    MESH = False

    def __init__(self, ring: Ring) -> None:
        super().__init__(ring)
        self.turn = 0
        self.loaded = 0
        self.sent = 0
        self.passed = ring.log.approved
        self.fresh = ring.log.held + 1
        # Wagons that were read and are to be passed on; their numbers lie in the log from `fresh`.
        self.load: list[tuple[int, int, int]] = []
        self.parked = False

    def kick(self) -> None:
        self.fresh = self.ring.log.held + 1
        self.load = []
        self.due = True

    def issue(self, now: float) -> None:
        self.due = False
        ring = self.ring
        log = ring.log
        table = self.load
        turn = self.turn + 1
        count = 0
        if ring.sending:
            count = min(ring.burst, ring.window - (log.held - log.approved), ring.room())
        if count > 0:
            self.loaded = turn
            k, numbers = ring.draw(log.held + 1, count, now)
            log.append(ring.me, k, numbers)
            table.append((ring.me, k, count))
        elif not ring.sending and not table and turn - self.loaded >= 2 * len(ring.members):
            self.parked = True
            return
        self.sent = self.turn = turn
        self.passed = log.held
        self.load = []
        self._pass_on(ring.successor, table)
        if count > 0 and not ring.rules.confirmed_first:
            ring.approve(log.held, now)

    def receive(
        self,
        src: int,
        kind: int,
        wagons: int,
        turn: int,
        first: int,
        ack: int,
        approved: int,
        frame: memoryview,
        now: float,
    ) -> None:
        ring = self.ring
        if kind != _TRAIN or src != ring.parent:
            raise ProtocolError(f"the train comes from slave {ring.parent}, got kind {kind}")
        # The train of a member that is alone comes back with the number that it left with.
        if (
            turn <= self.turn
            and ring.rules.one_train
            and src != ring.me
            and ring.rules.train_sequence
        ):
            return
        table, numbers, total = wagons_of(frame, wagons)
        log = ring.log
        held = log.held
        if first > held + 1:
            raise ProtocolError(f"a train from {first} on, but {held} are held")
        at = first
        passed = 0
        # What has gone full circle is held already; the rest is new, and goes on.
        while passed < len(table) and at <= held and ring.rules.train_sequence:
            at += table[passed][2]
            passed += 1
        if at != held + 1 and ring.rules.train_sequence:
            # Its wagons end where the next begins: a train lacks nothing that a member holds.
            raise ProtocolError(f"a wagon ends at {at - 1}, but {held} are held")
        new = numbers[(at - first) * 8 :]
        table = table[passed:]
        if total - (at - first) > ring.room():
            raise ProtocolError(f"a train of {total} entries is beyond every window")
        log.append_batches(table, new)
        ring.held_from(held)
        if self.passed > log.approved:
            ring.approve(self.passed, now)
        elif not ring.rules.confirmed_first and log.held > log.approved:
            ring.approve(log.held, now)
        self.turn = turn
        self.loaded = ack
        self.fresh = at
        self.load = table
        self.due = True

    def turn_from(self, peer: int) -> int:
        return self.turn if peer == self.ring.parent else 0

    def hello(self, peer: int, held: int, approved: int, turn: int, now: float) -> None:
        """Build the train that was passed on last from the log; all of it is still unapproved."""
        ring = self.ring
        if peer != ring.successor or turn >= self.sent or self.due or not self.sent:
            return
        if self.turn != self.sent:
            return
        table: list[tuple[int, int, int]] = []
        if self.passed >= self.fresh:
            runs, _ = ring.log.read(self.fresh, self.passed)
            table = [run[1:] for run in runs]
        self._pass_on(peer, table)

    def _pass_on(self, peer: int, table: list[tuple[int, int, int]]) -> None:
        """All wagon headers, then all numbers, gathered from the log: nothing is copied."""
        ring = self.ring
        log = ring.log
        head = HEADER.pack(
            _TRAIN, len(table), ring.view, self.sent, self.fresh, self.loaded, log.approved
        )
        wagons = b"".join([head, *[WAGON.pack(*wagon) for wagon in table]])
        ring.send((peer,), wagons, *(log.views(self.fresh, self.passed) if table else ()))

    def waits_for(self) -> tuple[int, ...]:
        ring = self.ring
        if not self.turn or self.due or self.parked or ring.parent == ring.me:
            return ()
        if not ring.sending and self.turn - self.loaded > len(ring.members):
            # Its next visit here would be past the turn at which it is parked.
            return ()
        return (ring.parent,)
