"""One member of a ring of three, alone with its model: frames in and frames out, by hand."""

from typing import NamedTuple

from ringrun.core.log.entry import BLOCK, Stream
from ringrun.core.log.log import Log
from ringrun.core.ring.frame import HEADER, WAGON, Kind, wagons_of
from ringrun.core.ring.models import MODELS
from ringrun.core.ring.ring import Frames, Ring, Tally
from ringrun.core.rules import ALL_RULES

NOW = 64.0


class Frame(NamedTuple):
    """A data frame, read by its layout: to whom, and what it says."""

    to: tuple[int, ...]
    kind: Kind
    turn: int
    first: int
    ack: int
    approved: int
    wagons: tuple[tuple[int, int, int], ...]


class Alone:
    """Member `me` of 0, 1, 2 in view 1: one entry a turn, and a window of four."""

    def __init__(self, model: str, me: int, *, burst: int = 1) -> None:
        self.frames: Frames = []
        self.log = Log(2 * BLOCK)
        self.ring = Ring(
            view=1,
            members=(0, 1, 2),
            me=me,
            log=self.log,
            stream=Stream(0, me),
            burst=burst,
            window=4 * burst,
            frames=self.frames,
            notes=None,
            tally=Tally(),
            rules=ALL_RULES,
        )
        self.model = MODELS[model](self.ring)

    def said(self) -> list[Frame]:
        """The frames since."""
        read = []
        for to, parts in self.frames:
            data = b"".join(bytes(part) for part in parts)
            kind, wagons, _, turn, first, ack, approved = HEADER.unpack_from(data)
            table, _, _ = wagons_of(memoryview(data), wagons)
            read.append(Frame(to, Kind(kind), turn, first, ack, approved, tuple(table)))
        self.frames.clear()
        return read

    def issued(self) -> list[Frame]:
        """It takes the turn that is due; the frames by that."""
        assert self.model.due
        self.model.issue(NOW)
        return self.said()

    def kicked(self) -> list[Frame]:
        """The kickstart, and the turn by that."""
        self.model.kick()
        return self.issued()

    def gets(
        self,
        src: int,
        kind: Kind,
        *wagons: tuple[int, int, int],
        turn: int = 0,
        first: int = 0,
        ack: int = 0,
        approved: int = 0,
    ) -> list[Frame]:
        """A frame comes, with numbers of no meaning; the frames by that."""
        head = HEADER.pack(kind, len(wagons), 1, turn, first, ack, approved)
        table = b"".join(WAGON.pack(*wagon) for wagon in wagons)
        data = memoryview(head + table + bytes(8 * sum(wagon[2] for wagon in wagons)))
        self.model.receive(src, kind, len(wagons), turn, first, ack, approved, data, NOW)
        return self.said()

    @property
    def holds(self) -> tuple[int, int]:
        """(held, approved)."""
        return self.log.held, self.log.approved
