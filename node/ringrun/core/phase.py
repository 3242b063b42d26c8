"""The phases of a run as a table (G6). Diagram and table are in docs/protocol.md."""

from enum import StrEnum


class Phase(StrEnum):
    """Where a run is; the order of definition is the order of time."""

    START = "START"
    SEND = "SEND"
    GRACE = "GRACE"
    STOP = "STOP"


NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.START: frozenset({Phase.SEND, Phase.STOP}),
    Phase.SEND: frozenset({Phase.GRACE, Phase.STOP}),
    Phase.GRACE: frozenset({Phase.STOP}),
    Phase.STOP: frozenset(),
}

RANK = {phase: rank for rank, phase in enumerate(Phase)}


def may_follow(before: Phase, after: Phase) -> bool:
    """Whether a run may go from one phase to the other; staying is always allowed."""
    return before is after or after in NEXT[before]
