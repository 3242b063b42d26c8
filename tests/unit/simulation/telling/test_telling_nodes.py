"""How nodes and views are written in words (simulation.telling.nodes)."""

import pytest

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.record import Member, Record
from ringrun.simulation.telling.nodes import ring, span, view


def slaves(*ordinals: int) -> list[NodeId]:
    return [SlaveId(ordinal, 1) for ordinal in ordinals]


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ([], "[]"),
        (slaves(0, 1, 2), "[s0-1 s1-1 s2-1]"),
        ([*slaves(0), SlaveId(1, 2), *slaves(2)], "[s0-1 s1-2 s2-1]"),
        (slaves(*range(40)), "[s0-1..s39-1]"),
        ([*slaves(*range(20)), SlaveId(20, 2), *slaves(*range(21, 40))],
         "[s0-1..s19-1 s20-2 s21-1..s39-1]"),
        ([MasterId(0, 1), MasterId(1, 1)], "[m0-1 m1-1]"),
    ],
)  # fmt: skip
def test_many_in_a_row_are_told_by_their_ends(nodes: list[NodeId], text: str) -> None:
    assert ring(nodes) == text


def test_a_view_says_after_which_index_it_begins() -> None:
    members = tuple(Member(ordinal=n, incarnation=1, host="h", port=1) for n in range(2))
    assert view(Record(view=3, members=members, cut=7)) == "view 3 [s0-1 s1-1] after 7"
    assert view(Record()) == "no view yet"


def test_one_is_not_told_as_many() -> None:
    assert span("entry", 4, 1) == "entry 4"
    assert span("entry", 4, 3) == "entries 4 to 6"
    assert span("draw", 1, 2) == "draws 1 to 2"
