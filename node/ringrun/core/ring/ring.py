"""One slave's part in one view: who is on the ring, and what a model needs to act on it.

`core.slave.views` makes a Ring at every INSTALL and gives it to a model (`core.ring.models`); both
live until the next view. Nothing of it survives, but the log, which is the slave's.
"""

from collections.abc import Sequence

from ringrun.core.log.entry import Numbers, Stream
from ringrun.core.log.log import Log
from ringrun.core.notes import Note
from ringrun.core.ring.latency import Histogram
from ringrun.core.rules import Rules

Buffer = bytes | memoryview
Frames = list[tuple[tuple[int, ...], tuple[Buffer, ...]]]


class Tally:
    """What a slave counts over all its views. Frames are those of SEND (docs/operations.md)."""

    __slots__ = ("counting", "gap", "issued", "latency", "received", "sent", "since")

    def __init__(self) -> None:
        self.counting = False
        self.sent = 0
        self.received = 0
        self.issued = 0
        self.latency = Histogram()
        self.gap = 0.0
        self.since = 0.0


class Ring:
    """Members in ring order, this slave's place, the log, and the way out for frames."""

    __slots__ = (
        "burst",
        "frames",
        "k",
        "log",
        "me",
        "members",
        "notes",
        "parent",
        "peers",
        "rules",
        "sending",
        "stream",
        "successor",
        "tally",
        "timed",
        "view",
        "window",
    )

    def __init__(
        self,
        *,
        view: int,
        members: Sequence[int],
        me: int,
        log: Log,
        stream: Stream,
        burst: int,
        window: int,
        frames: Frames,
        notes: list[tuple[object, ...]] | None,
        tally: Tally,
        rules: Rules,
    ) -> None:
        self.view = view
        self.members = tuple(members)
        self.me = me
        at = self.members.index(me)
        count = len(self.members)
        self.parent = self.members[at - 1]
        self.successor = self.members[(at + 1) % count]
        # The successor comes first in every broadcast: it is the one that goes on.
        self.peers = tuple(self.members[(at + step) % count] for step in range(1, count))
        self.log = log
        self.stream = stream
        self.k = 1 + log.sent_by(me)
        self.burst = burst
        self.window = window
        self.frames = frames
        self.notes = notes
        self.tally = tally
        self.rules = rules
        self.sending = True
        # (last index, time) of own batches whose approval is still to come, oldest first.
        self.timed: list[tuple[int, float]] = []

    def send(self, to: tuple[int, ...], *parts: Buffer) -> None:
        """One data frame to each of these."""
        self.frames.append((to, parts))
        tally = self.tally
        if tally.counting:
            tally.sent += len(to)

    def draw(self, first: int, count: int, now: float) -> tuple[int, Numbers]:
        """Take the next numbers of the own stream for indices first..: (first k, numbers)."""
        k = self.k
        numbers = self.stream.take(k, count)
        self.k = k + count
        self.tally.issued = first + count - 1
        self.timed.append((first + count - 1, now))
        if self.notes is not None:
            self.notes.append((Note.ISSUED, self.view, first, self.me, k, count, numbers))
        return k, numbers

    def room(self) -> int:
        """How many entries the log takes now; with little room left it folds first."""
        log = self.log
        room = log.room()
        while room < self.window + self.burst and log.fold(1):
            room = log.room()
        return room

    def held_from(self, before: int) -> None:
        """Tell the journal what came to be held above `before` by frames of others."""
        notes = self.notes
        if notes is None or self.log.held == before:
            return
        runs, numbers = self.log.read(before + 1, self.log.held)
        at = 0
        for first, sender, k, count in runs:
            if sender != self.me:
                part = numbers[at * 8 : (at + count) * 8]
                notes.append((Note.HELD, self.view, first, sender, k, count, part))
            at += count

    def approve(self, up_to: int, now: float) -> None:
        """Everything up to here is held by the whole view (G4)."""
        self.log.approve(up_to)
        tally = self.tally
        if tally.counting:
            gap = now - tally.since
            if gap > tally.gap:
                tally.gap = gap
            tally.since = now
        timed = self.timed
        while timed and timed[0][0] <= up_to:
            tally.latency.add(now - timed.pop(0)[1])
        if self.notes is not None:
            self.notes.append((Note.APPROVED, self.view, up_to, 0))
