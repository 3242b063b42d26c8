"""How nodes, and what they are told of many at once, are written in the words of a run."""

from collections.abc import Iterable, Sequence

from ringrun.core.node import NodeId, SlaveId
from ringrun.core.record import Member, Record

# Longer rows than this of the same incarnation are told by their ends.
_MOST = 5


def ring(nodes: Iterable[NodeId]) -> str:
    """`[s0-1 s1-1 s2-2]`, in the order given; many with nothing but their ordinals between them as
    `[s0-1..s39-1]`."""
    parts: list[str] = []
    row: list[NodeId] = []
    for node in nodes:
        if row and not _follows(row[-1], node):
            parts += _told(row)
            row = []
        row.append(node)
    return f"[{' '.join([*parts, *_told(row)])}]"


def _follows(one: NodeId, other: NodeId) -> bool:
    return (
        isinstance(one, SlaveId)
        and isinstance(other, SlaveId)
        and (other.ordinal, other.incarnation) == (one.ordinal + 1, one.incarnation)
    )


def _told(row: Sequence[NodeId]) -> list[str]:
    return [f"{row[0]}..{row[-1]}"] if len(row) > _MOST else [str(node) for node in row]


def members(given: Iterable[Member]) -> str:
    """Those of a view, or of a roster."""
    return ring(member.node for member in given)


def view(record: Record) -> str:
    """The view of the record, and after which index it begins."""
    if not record.view:
        return "no view yet"
    return f"view {record.view} {members(record.members)} after {record.cut}"


def span(word: str, first: int, count: int) -> str:
    """`entry 4`, `entries 4 to 6`; the word must be one of those that are known here."""
    if count == 1:
        return f"{word} {first}"
    many = {"entry": "entries", "draw": "draws"}[word]
    return f"{many} {first} to {first + count - 1}"
