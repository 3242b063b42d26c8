"""Turns that go on without waiting for approval, in bursts, under a window (docs/protocol.md).

A turn is one TURN frame to all: the next entries (none if the window is closed) and how far the
sender holds everything. It triggers its successor's turn on receipt; every member works the
approval out from what all have said they hold. (n-1)/b frames an entry.
"""

from collections import deque

from ringrun.core.errors import ProtocolError
from ringrun.core.ring.frame import HEADER, WAGON, Kind, wagons_of
from ringrun.core.ring.models.interface import Model
from ringrun.core.ring.ring import Buffer, Ring

_TURN = int(Kind.TURN)


class Window(Model):
    """`acks` is how far each peer holds everything, `turns` the last turn seen of each."""

    __slots__ = ("acks", "after", "kept", "said", "seen", "told", "turn", "turns", "waiting")

    def __init__(self, ring: Ring) -> None:
        super().__init__(ring)
        self.acks = dict.fromkeys(ring.peers, ring.log.approved)
        self.told = dict.fromkeys(ring.peers, ring.log.approved)  # what each has said to all
        self.turns = dict.fromkeys(ring.members, 0)
        self.turn = 0  # the turn that is due next for this slave, and its first index
        self.after = ring.log.held + 1
        self.seen = (0, ring.parent)  # the last turn known of anyone, and whose it was
        self.waiting = False  # a turn is due, but not everything before it has come
        self.said = ring.log.approved  # the ack of the last own turn
        # Own turns that may have to be sent again: those with unapproved entries, and the last.
        self.kept: deque[tuple[int, int, int, int]] = deque()

    def kick(self) -> None:
        self.turn = 1
        self.after = self.ring.log.held + 1
        self.due = True

    def issue(self, now: float) -> None:
        self.due = False
        ring = self.ring
        log = ring.log
        first = self.after
        count = 0
        # A frame of an earlier turn is still on its way here over another link: with it, what this
        # turn confirms is complete, no window closes, and every turn is a full burst.
        self.waiting = log.held < first - 1
        if self.waiting:
            return
        if ring.sending:
            room = ring.window - (first - 1 - log.approved)
            count = min(ring.burst, room, ring.room() - (first - 1 - log.held))
        elif self._drained(first - 1):
            return
        if count > 0:
            k, numbers = ring.draw(first, count, now)
            before = log.held
            log.offer(first, ring.me, k, numbers)
            ring.held_from(before)
            self.said = log.held
            head = HEADER.pack(_TURN, 1, ring.view, self.turn, first, log.held, log.approved)
            wagon = WAGON.pack(ring.me, k, count)
            parts: tuple[Buffer, ...] = (head + wagon, *log.views(first, first + count - 1))
        else:
            k = count = 0
            self.said = log.held
            parts = (HEADER.pack(_TURN, 0, ring.view, self.turn, first, log.held, log.approved),)
        kept = self.kept
        while kept and kept[0][1] + kept[0][2] - 1 <= log.approved:
            kept.popleft()
        if kept and not kept[-1][2]:
            kept.pop()  # of empty turns the last one says all
        kept.append((self.turn, first, count, k))
        self.turns[ring.me] = self.turn
        self.seen = (self.turn, ring.me)
        ring.send(ring.peers or (ring.me,), *parts)
        if count and not ring.rules.confirmed_first:
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
        if kind != _TURN or wagons > 1:
            raise ProtocolError(f"window has no frames of kind {kind} with {wagons} wagons")
        ring = self.ring
        after = first
        if wagons:
            ((sender, k, count),), numbers, _ = wagons_of(frame, 1)
            if sender != src:
                raise ProtocolError(f"slave {src} sent a turn of slave {sender}")
            after = first + count
            if src != ring.me:
                # By index: after a reset a newer turn may come before those that are resent.
                self._take(first, sender, k, numbers, after - 1)
        if turn > self.turns[src] or src == ring.me or not ring.rules.deduplicate:
            self.turns[src] = turn
            if turn > self.seen[0]:
                self.seen = (turn, src)
            if src == ring.parent:
                if after <= ring.log.held and ring.rules.deduplicate:
                    raise ProtocolError(
                        f"the turn goes on at {after}, but {ring.log.held} are held"
                    )
                self.turn = turn + 1
                self.after = after
                self.due = True
        acks = self.acks
        if src in acks and ack > self.told[src]:
            self.told[src] = ack
            if ack > acks[src]:
                acks[src] = ack
        self._approve(now)

    def _take(self, first: int, sender: int, k: int, numbers: memoryview, last: int) -> None:
        ring = self.ring
        log = ring.log
        if last > log.limit:
            log.fold()
            if last > log.limit:
                raise ProtocolError(f"entry {last} is beyond every window (limit {log.limit})")
        before = log.held
        if not ring.rules.deduplicate:
            log.append(sender, k, numbers)
        elif not log.offer(first, sender, k, numbers):
            return
        ring.held_from(before)
        if self.waiting and log.held >= self.after - 1:
            self.due = True

    def _approve(self, now: float) -> None:
        log = self.ring.log
        low = min(self.acks.values(), default=log.held)
        if low > log.held:
            low = log.held
        if low > log.approved:
            self.ring.approve(low, now)

    def _drained(self, last: int) -> bool:
        """Whether everyone has said to everyone that it holds all that was issued."""
        log = self.ring.log
        return log.held == last == self.said and all(ack >= last for ack in self.told.values())

    def turn_from(self, peer: int) -> int:
        return self.turns[peer]

    def hello(self, peer: int, held: int, approved: int, turn: int, now: float) -> None:
        ring = self.ring
        log = ring.log
        if held > self.acks[peer]:
            self.acks[peer] = held
        # Sent again they say what was said to all, and not what only this peer would know.
        for at, first, count, k in self.kept:
            # A turn that came after this one may have overtaken it: `turn` alone does not tell.
            if at <= turn and first + count - 1 <= held:
                continue
            if not count:
                head = HEADER.pack(_TURN, 0, ring.view, at, first, self.said, log.approved)
                ring.send((peer,), head)
            else:
                head = HEADER.pack(_TURN, 1, ring.view, at, first, self.said, log.approved)
                numbers = log.views(first, first + count - 1)
                ring.send((peer,), head + WAGON.pack(ring.me, k, count), *numbers)
        self._approve(now)

    def waits_for(self) -> tuple[int, ...]:
        ring = self.ring
        turn, who = self.seen
        members = ring.members
        if self.waiting:
            # Who took a turn of the last circle that has not come.
            before = zip(reversed(ring.peers), range(1, len(members)), strict=True)
            return tuple(m for m, back in before if self.turns[m] < self.turn - back)
        if not turn or not (ring.sending or not self._settled()):
            return ()
        due = members[(members.index(who) + 1) % len(members)]
        return (due,) if due != ring.me else ()

    def _settled(self) -> bool:
        """Whether everything that this slave knows of is approved, and everyone knows it."""
        return self.ring.log.held == self.ring.log.approved and self._drained(self.ring.log.held)
