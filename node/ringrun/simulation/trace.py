"""What happened in a run, in words and in order of true time.

The world and its processes tell their `Trace`, if there is one; bulk runs have none. The lines are
for people and for the digest that shows that a seed is always the same run; nothing is decided from
them.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome
from ringrun.core.record import Member, Record
from ringrun.core.ring.frame import HEADER, WAGON, Kind
from ringrun.simulation.clock import Clock

# Every message would hide what matters; the others are told by what follows from them.
_TOLD_NOTES = {Note.ISSUED, Note.APPROVED, Note.VIEW, Note.WEDGED, Note.PHASE, Note.BASE}


class Trace:
    """The lines so far; whoever does or says something is told by name.

    `every` also tells each message that a core is given.
    """

    def __init__(self, *, every: bool = True) -> None:
        self.clock: Clock
        self.lines: list[str] = []
        self.every = every

    def digest(self) -> str:
        """Of the whole transcript."""
        return sha256("\n".join(self.lines).encode()).hexdigest()

    def happened(self, text: str) -> None:
        self.lines.append(f"{self.clock.now:9.4f}  {text}")

    def delivered(self, sender: str, receiver: str, payload: Any) -> None:
        if self.every:
            self.happened(f"{receiver:5} <- {sender:5} {message(payload)}")

    def noted(self, node: str, notes: Iterable[tuple[Any, ...]]) -> None:
        for note in notes:
            if note[0] in _TOLD_NOTES:
                self.happened(f"{node:5} {_note(note)}")

    def said(self, node: str, text: str) -> None:
        self.happened(f"{node:5} says: {text}")

    def stored(self, node: str, outcome: Outcome, version: int, value: Any) -> None:
        kind = "record" if isinstance(value, Record) else "report"
        shown = f": {record(value)}" if isinstance(value, Record) else ""
        self.happened(f"{node:5} writes the {kind}: {outcome}, now version {version}{shown}")

    def ordered(self, orders: Orders) -> None:
        roster = " ".join(_member(member) for member in orders.roster)
        dead = " ".join(str(node) for node in orders.dead)
        self.happened(
            f"orders {orders.version}: {orders.phase} {orders.stop_reason or ''} roster [{roster}] "
            f"dead [{dead}] masters {list(orders.masters)}"
        )


def record(value: Record) -> str:
    """The record in a line."""
    members = " ".join(str(member.node) for member in value.members)
    closed = "" if value.closed is None else f" closed={value.closed}"
    return (
        f"epoch {value.epoch} of {value.holder or 'nobody'}, {value.phase}, view {value.view} "
        f"[{members}] cut {value.cut}{closed} {value.stop_reason or ''}".rstrip()
    )


def message(payload: Any) -> str:
    """A control message or a data frame in a line."""
    if isinstance(payload, bytes):
        return _frame(payload)
    fields = []
    for name in payload.__struct_fields__:
        value = getattr(payload, name)
        if isinstance(value, Record):
            value = f"({record(value)})"
        elif isinstance(value, Member):
            value = _member(value)
        elif name in {"joiners", "members"}:
            value = "[" + " ".join(_member(member) for member in value) + "]"
        elif name == "links":
            value = "[" + " ".join(str(node) for node in value) + "]"
        elif name == "numbers":
            value = f"{len(value) // 8} numbers"
        elif name in {"plan", "holder"}:
            continue
        elif name == "result":
            value = f"{value.count} {'final' if value.final else 'not final'}"
        elif isinstance(value, float):
            value = f"{value:.3f}"
        elif isinstance(value, msgspec.Struct):
            value = f"{getattr(value, 'count', '')}"
        fields.append(f"{name}={value}")
    return f"{type(payload).__name__} {' '.join(fields)}"


def _frame(data: bytes) -> str:
    kind, wagons, view, turn, first, ack, approved = HEADER.unpack_from(data)
    table = [
        f"s{sender} k={k} x{length}"
        for sender, k, length in WAGON.iter_unpack(
            data[HEADER.size : HEADER.size + wagons * WAGON.size]
        )
    ]
    name = Kind(kind).name if kind in Kind._value2member_map_ else str(kind)
    return (
        f"{name} view={view} turn={turn} first={first} ack={ack} approved={approved} "
        f"[{', '.join(table)}]"
    )


def _note(note: tuple[Any, ...]) -> str:
    kind = Note(note[0])
    if kind is Note.ISSUED:
        _, view, first, _, k, count, _ = note
        return f"issues {first}..{first + count - 1} in view {view} (k={k})"
    if kind is Note.APPROVED:
        how = ("confirmed", "cut", "closing cut")[note[3]]
        return f"approves up to {note[2]} in view {note[1]} ({how})"
    document = note[1]
    if kind is Note.BASE:
        return f"starts from a fold of {document['count']}"
    shown = {
        name: document[name]
        for name in ("number", "view", "phase", "members", "cut", "held", "approved", "attempt")
        if name in document
    }
    return f"{kind.name.lower()} " + " ".join(f"{name}={value}" for name, value in shown.items())


def _member(member: Member) -> str:
    return f"{member.node}" + ("" if member.port else "?")
