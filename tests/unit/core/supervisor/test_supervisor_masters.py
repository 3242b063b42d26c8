"""Which masters there are to be: places, and how often they are filled again."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.node import MasterId
from ringrun.core.supervisor.masters import (
    PODS,
    PROCESSES,
    SHORT_LIFE,
    STILLBORN_LIMIT,
    Delays,
    MasterSeen,
    fill,
)


def master(number: int, incarnation: int, **state: Any) -> MasterSeen:
    return MasterSeen(node=MasterId(number, incarnation), **state)


def stillborn(incarnation: int, at: float = 100.0) -> MasterSeen:
    return master(0, incarnation, ended=True, lifetime=0.5, ended_at=at)


def test_every_place_is_filled_and_what_is_used_is_kept_before() -> None:
    """An incarnation is written down before it is made."""
    places = fill(2, (), (), (), 0.0, PODS)
    assert places.create == (MasterId(0, 1), MasterId(1, 1))
    assert (places.last, places.seen) == ((1, 1), (0, 0))
    assert not places.given_up


def test_one_that_was_written_down_and_never_seen_is_made_again_under_its_name() -> None:
    """Its maker may have died in between."""
    assert fill(1, (3,), (2,), (), 0.0, PODS).create == (MasterId(0, 3),)


def test_one_that_was_seen_is_never_made_again_under_its_name() -> None:
    """Gone is not dead: a holder is unique for each start of a process."""
    assert fill(1, (3,), (3,), (), 0.0, PODS).create == (MasterId(0, 4),)


def test_only_those_that_run_are_holders_that_live() -> None:
    """One that is being deleted may still run, and leads no more."""
    seen = [master(0, 1, running=True), master(1, 1), master(2, 1, running=True, deleting=True)]
    assert fill(3, (1, 1, 1), (1, 1, 1), seen, 0.0, PODS).living == ("m0-1",)


@pytest.mark.parametrize("delays", [PODS, PROCESSES])
def test_a_stillborn_master_is_followed_ever_later_and_in_the_end_not_at_all(
    delays: Delays,
) -> None:
    """A new start does not mend what is wrong."""
    seen: list[MasterSeen] = []
    for incarnation in range(1, STILLBORN_LIMIT):
        seen.append(stillborn(incarnation))
        due = 100.0 + min(delays.first * 2.0 ** (incarnation - 1), delays.longest)
        waiting = fill(1, (incarnation,), (incarnation,), seen, due - 0.1, delays)
        assert (waiting.create, waiting.again) == ((), due)
        assert fill(1, (incarnation,), (incarnation,), seen, due, delays).create
    seen.append(stillborn(STILLBORN_LIMIT))
    given_up = fill(1, (STILLBORN_LIMIT,), (STILLBORN_LIMIT,), seen, 1e9, delays)
    assert (given_up.create, given_up.given_up, given_up.again) == ((), True, math.inf)


def test_one_that_the_cluster_took_away_is_not_stillborn() -> None:
    """It did nothing wrong, and is followed at once."""
    seen = [master(0, 1, ended=True, disrupted=True, lifetime=0.5, ended_at=100.0)]
    assert fill(1, (1,), (1,), seen, 100.0, PODS).create == (MasterId(0, 2),)


def test_one_that_was_told_to_end_is_not_stillborn() -> None:
    """Short as its life was, it says nothing of the next."""
    seen = [master(0, 1, ended=True, deleting=True, lifetime=0.5, ended_at=100.0)]
    assert fill(1, (1,), (1,), seen, 100.0, PODS).create == (MasterId(0, 2),)


def test_of_several_that_are_waited_for_the_first_says_when_to_look_again() -> None:
    """Whichever place it is in."""
    later = master(1, 1, ended=True, lifetime=0.5, ended_at=100.5)
    places = fill(2, (1, 1), (1, 1), [stillborn(1), later], 100.6, PODS)
    assert (places.create, places.again) == ((), 100.0 + PODS.first)


def test_masters_are_given_up_only_when_every_place_is_and_nobody_lives() -> None:
    """One that does live, in another place or from before, may lead."""
    used = STILLBORN_LIMIT + 1
    hopeless = [stillborn(incarnation) for incarnation in range(2, used + 1)]
    for living in (master(0, 1, running=True), master(1, 1, running=True)):
        count = living.node.number + 1
        last = (used, 1)[:count]
        assert not fill(count, last, last, [*hopeless, living], 1e9, PODS).given_up
    filled = fill(2, (used, 0), (used, 0), hopeless, 1e9, PODS)
    assert (filled.create, filled.given_up) == ((MasterId(1, 1),), False)
    assert fill(1, (used,), (used,), hopeless, 1e9, PODS).given_up


def test_one_that_lived_begins_the_count_anew() -> None:
    """Masters that are killed now and then are always replaced."""
    lives = [0.5, 0.5, SHORT_LIFE, 0.5, 0.5]
    seen = [
        master(0, 1 + at, ended=True, lifetime=life, ended_at=100.0 + at)
        for at, life in enumerate(lives)
    ]
    found = fill(1, (5,), (5,), seen, 1e6, PODS)
    assert (found.create, found.given_up) == ((MasterId(0, 6),), False)


SEEN = st.builds(
    MasterSeen,
    node=st.builds(MasterId, st.integers(0, 2), st.integers(1, 6)),
    running=st.booleans(),
    ended=st.booleans(),
    deleting=st.booleans(),
    disrupted=st.booleans(),
    lifetime=st.floats(0, 4),
    ended_at=st.floats(0, 100),
)


@given(
    seen=st.lists(SEEN, unique_by=lambda each: each.node, max_size=8),
    last=st.lists(st.integers(0, 6), max_size=3).map(tuple),
    now=st.floats(0, 200),
)
def test_deciding_twice_is_deciding_once(
    seen: list[MasterSeen], last: tuple[int, ...], now: float
) -> None:
    """What was kept and not yet seen is made again under its name, and nothing else is."""
    first = fill(3, last, (), seen, now, PODS)
    again = fill(3, first.last, first.seen, seen, now, PODS)
    assert (again.create, again.last) == (first.create, first.last)
    used = {each.node for each in seen}
    assert not used & set(first.create)
