"""A slave core by script: it does what a test says, leaves something behind at every call, and
remembers every call. Whatever its runner does is told in one list, `Seen`, in the order in which
it happened.

`slave_runners` puts it into each runner, `test_runners` has the scripts and the claims.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ringrun.core.messages import Control, Fetch, Result
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Exit, Links, Output, Send
from ringrun.core.phase import Phase
from ringrun.core.record import Member
from ringrun.core.ring.ring import Frames

# The neighbours dial, since they are lower.
LEFT, RIGHT, ME = SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)
GIVE_UP = 5.0
"""Seconds of the puppet's clock after which a script that has not ended has failed."""

UP = b"up"
"""What a neighbour says first on every link, so that what it says next is not lost."""

Item = bytes | Control


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The runner called. `deadline`, `pending_at` and `waiting` (what had arrived and was not
    given) are as they were just before; `nested`: from within another call."""

    number: int
    name: str
    what: tuple[object, ...]
    now: float
    deadline: float
    nested: bool
    pending_at: float = 0.0
    waiting: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A note of the call with this number is on disk."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A frame of the call with this number has left for RIGHT."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A control message of the call with this number has left for RIGHT."""

    number: int


Seen = list[Call | Noted | Framed | Said]


class Surroundings(Protocol):
    """What a script does to its runner, which all of them can have done to them."""

    late: float
    """How many seconds after its deadline `tick` comes at most."""
    folds: bool
    """Whether it has the core fold at all."""
    seen: Seen

    def send(self, peer: SlaveId, *items: Item) -> float:
        """The peer says this, all at once; when it arrives, by the puppet's clock."""

    def reset(self, peer: SlaveId) -> None:
        """The link to this peer breaks; what is under way may be lost."""

    def dial(self, peer: SlaveId) -> None:
        """The peer connects again."""

    def terminate(self) -> None:
        """SIGTERM, now."""

    def hang_up(self) -> None:
        """Peers say no more, and read what is left."""

    def waiting(self) -> int:
        """How much has arrived that was not given to the core."""

    def is_kept(self) -> bool:
        """Whether a result is where it outlives the process."""

    def members(self) -> tuple[Member, ...]:
        """The neighbours, as a core wants links to them."""


Act = Callable[["Puppet", Call], None]


class Puppet:
    """`script` has what is done within calls, by their name.

    A neighbour's UP is `up`, but that both have said so is `begin`.
    """

    def __init__(self, now: float, around: Surroundings, script: dict[str, Act]) -> None:
        self.notes: list[tuple[object, ...]] = []
        self.frames: Frames = []
        self.outputs: list[Output] = [Links(around.members())]
        self.deadline = now + GIVE_UP
        self.pending = False
        self.pending_at = 0.0
        self.spin = 0.0
        self.node = ME
        self.phase = Phase.SEND
        self.around = around
        self.blocks = 0
        """How often `fold` still finds something to do."""
        self.given = 0
        self._script = script
        self._up: set[int] = set()
        self._inside = False
        self._until = self.deadline
        self._now = now

    # What a script does.

    def leave_behind(self, number: int) -> None:
        """A note, two frames of one and of two parts, a message: each has the call's number."""
        self.notes.append((Note.COMMAND, {"puppet": number}))
        self.frames.append(((RIGHT.ordinal,), (b"frame %d" % number,)))
        self.frames.append(((RIGHT.ordinal,), (b"frame ", b"%d" % number)))
        self.outputs.append(Send(RIGHT, numbered(number)))

    def exit(self) -> None:
        """Say that all is done."""
        self.outputs.append(Exit(0))
        self.around.hang_up()

    # What a runner calls.

    def tick(self, now: float) -> None:
        if now >= self._until:
            self.outputs.append(Exit(9, "the script did not end"))
        self._called("tick", now, before=self._rest)

    def data(self, src: int, frame: memoryview, now: float) -> None:
        name = "data"
        if frame == UP:
            begun = len(self._up) == 2
            self._up.add(src)
            name = "begin" if not begun and len(self._up) == 2 else "up"
        given = int(name == "data" and src != ME.ordinal)
        self._called(name, now, src, bytes(frame), given=given)

    def receive(self, src: NodeId, message: Control, now: float) -> None:
        self._called("receive", now, src, message, given=1)

    def heard(self, peer: SlaveId, now: float) -> None:
        # Nothing is left behind, and nobody looks.
        self._now = max(self._now, now)

    def link_up(self, peer: NodeId, now: float) -> None:
        self._called("link_up", now, peer)

    def link_down(self, peer: NodeId, now: float) -> None:
        self._called("link_down", now, peer)

    def issue(self, now: float) -> None:
        self.pending = False
        self._called("issue", now)

    def fold(self) -> bool:
        if not self.blocks:
            return False
        self.blocks -= 1
        self._called("fold", self._now)
        return True

    def finish(self, result: Result, now: float) -> None:
        self._called("finish", now, result)

    def leave(self, now: float) -> None:
        self._called("leave", now)

    def _rest(self) -> None:
        self.deadline = self._until

    def _called(
        self,
        name: str,
        now: float,
        *what: object,
        given: int = 0,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        seen = self.around.seen
        call = Call(
            number=len(seen) + 1,
            name=name,
            what=what,
            now=now,
            deadline=self.deadline,
            pending_at=self.pending_at,
            waiting=self.around.waiting(),
            nested=self._inside,
            kept=self.around.is_kept(),
        )
        seen.append(call)
        self.given += given
        self._now = now
        self._inside = True
        before()
        try:
            if name == "fold":
                self.notes.append((Note.COMMAND, {"puppet": call.number}))
            else:
                self.leave_behind(call.number)
            if name in self._script:
                self._script[name](self, call)
        finally:
            self._inside = False


def numbered(number: int) -> Fetch:
    """A control message that carries a number, and nothing else of interest."""
    return Fetch(epoch=number, attempt=0, view=0, first=0, last=0, snapshot=False)
