"""What happened in a run, line by line and in order of true time.

The world and its processes tell their `Trace`, if there is one; bulk runs have none. Its lines have
every field of every message: they are for the digest that shows that a seed is always the same run,
and for the patterns of scenarios. Nothing is decided from them. The same in words for people is a
`Telling`, which a trace passes everything on to, if it has one.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome
from ringrun.core.record import Member, Record
from ringrun.core.ring.frame import HEADER, WAGON, Kind
from ringrun.simulation.case import Case
from ringrun.simulation.clock import Clock
from ringrun.simulation.telling.telling import Telling

# Every message would hide what matters; the others are told by what follows from them.
_TOLD_NOTES = {Note.ISSUED, Note.APPROVED, Note.VIEW, Note.WEDGED, Note.PHASE, Note.BASE}


class Trace:
    """The lines so far; whoever does or says something is told by name.

    `every` also tells each message that a core is given.
    """

    def __init__(self, *, every: bool = True, telling: Telling | None = None) -> None:
        self.clock: Clock
        self.lines: list[str] = []
        self.every = every
        self.telling = telling

    def digest(self) -> str:
        """Of the whole transcript."""
        return sha256("\n".join(self.lines).encode()).hexdigest()

    def happened(self, text: str) -> None:
        """One more line; whatever happens becomes one here, after it was told in words."""
        self.lines.append(f"{self.clock.now:9.4f}  {text}")

    # What is told in words alone.

    def begin(self, clock: Clock, case: Case) -> None:
        """The run is about to begin."""
        self.clock = clock
        if self.telling is not None:
            self.telling.begin(case)

    def planned(self, faults: Sequence[tuple[float, str]]) -> None:
        """These faults were drawn: when, and what they are called."""
        if self.telling is not None:
            self.telling.planned(faults)

    def spared(self, fault: str) -> None:
        """A fault could do nothing."""
        if self.telling is not None:
            self.telling.stands_out(self.clock.now, f"{fault}: there was nobody to do it to")

    def ended(self, report: Mapping[str, Any] | None) -> None:
        """The run is over, with this report if it is complete."""
        if self.telling is not None:
            self.telling.end(report)

    # What happens.

    def did(self, who: str, text: str, *, stands_out: bool = False) -> None:
        """Somebody did something, or it was done to it."""
        if self.telling is not None:
            self.telling.did(self.clock.now, who, text, stands_out=stands_out)
        self.happened(f"{who} {text}")

    def fault(self, text: str) -> None:
        if self.telling is not None:
            self.telling.stands_out(self.clock.now, text)
        self.happened(f"FAULT {text}")

    def calm(self) -> None:
        """No fault comes any more, and none lasts."""
        if self.telling is not None:
            self.telling.stands_out(self.clock.now, "faults stop")
        self.happened("faults stop")

    def breach(self, text: str) -> None:
        """A rule of leading was broken."""
        if self.telling is not None:
            self.telling.stands_out(self.clock.now, text)
        self.happened(text)

    def crashed(self, lines: Sequence[str]) -> None:
        """The core has a fault of its own, and this is where."""
        if self.telling is not None:
            self.telling.crashed(lines)
        self.lines += lines

    def delivered(self, sender: str, receiver: str, payload: Any) -> None:
        if self.every:
            if self.telling is not None:
                self.telling.delivered(self.clock.now, sender, receiver, payload)
            self.happened(f"{receiver:5} <- {sender:5} {message(payload)}")

    def noted(self, node: str, notes: Iterable[tuple[Any, ...]]) -> None:
        for note in notes:
            if note[0] in _TOLD_NOTES:
                if self.telling is not None:
                    self.telling.noted(self.clock.now, node, note)
                self.happened(f"{node:5} {_note(note)}")

    def said(self, node: str, text: str) -> None:
        if self.telling is not None:
            self.telling.did(self.clock.now, node, f"says: {text}")
        self.happened(f"{node:5} says: {text}")

    def stored(self, node: str, outcome: Outcome, version: int, value: Any) -> None:
        if self.telling is not None:
            self.telling.stored(self.clock.now, node, outcome, version, value)
        kind = "record" if isinstance(value, Record) else "report"
        shown = f": {record(value)}" if isinstance(value, Record) else ""
        self.happened(f"{node:5} writes the {kind}: {outcome}, now version {version}{shown}")

    def ordered(self, orders: Orders) -> None:
        if self.telling is not None:
            self.telling.ordered(self.clock.now, orders)
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
