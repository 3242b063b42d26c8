"""The table of phases: every pair, allowed or not (G6)."""

from itertools import product

import pytest

from ringrun.core.phase import NEXT, RANK, Phase, may_follow

ALLOWED = {
    ("START", "SEND"),
    ("START", "STOP"),
    ("SEND", "GRACE"),
    ("SEND", "STOP"),
    ("GRACE", "STOP"),
}


@pytest.mark.parametrize(("before", "after"), list(product(Phase, repeat=2)))
def test_a_phase_follows_only_what_the_table_says(before: Phase, after: Phase) -> None:
    """START may skip to STOP, SEND may skip GRACE; nothing goes back; staying is no step."""
    allowed = before is after or (before.value, after.value) in ALLOWED
    assert may_follow(before, after) is allowed


def test_the_table_names_every_phase_once() -> None:
    """A phase that is added must be given its place in the table and in time."""
    assert list(NEXT) == list(Phase)
    assert [RANK[phase] for phase in Phase] == list(range(len(Phase)))


def test_no_way_through_the_table_goes_back() -> None:
    """Along any allowed step the rank grows, so no run can see a phase twice."""
    for before, after in product(Phase, repeat=2):
        if before is not after and may_follow(before, after):
            assert RANK[after] > RANK[before]
    assert NEXT[Phase.STOP] == frozenset()
