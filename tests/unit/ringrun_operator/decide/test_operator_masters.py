"""Which masters there are to be: places, and how often they are filled again."""

import math
from typing import Any

from api_server import ApiServer

from ringrun.core.node import MasterId
from ringrun_operator.decide.masters import LONGEST_DELAY, STILLBORN_LIMIT, MasterSeen, fill


def test_masters_that_end_at_once_are_not_made_for_ever() -> None:
    """Five in a row; then the run fails, and says with what words they ended."""
    api = ApiServer(masters=1)
    api.settle()
    for incarnation in range(1, 6):
        api.ends(f"demo-m0-{incarnation}", code=1, message="no such thing", life=0.5)
        api.now += 40.0
        api.settle()
    assert api.pod_names().count("demo-m0-6") == 0
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "NoMasterLeft")
    message = next(c["message"] for c in found["conditions"] if c["type"] == "Succeeded")
    assert "no such thing" in message


def master(number: int, incarnation: int, **state: Any) -> MasterSeen:
    return MasterSeen(node=MasterId(number, incarnation), **state)


def stillborn(incarnation: int, at: float = 100.0) -> MasterSeen:
    return master(0, incarnation, ended=True, lifetime=0.5, ended_at=at)


def test_every_place_is_filled_and_what_is_used_is_kept_before() -> None:
    """An incarnation is written down before it is made."""
    places = fill(2, (), (), (), 0.0)
    assert places.create == (MasterId(0, 1), MasterId(1, 1))
    assert (places.last, places.seen) == ((1, 1), (0, 0))
    assert not places.given_up


def test_one_that_was_written_down_and_never_seen_is_made_again_under_its_name() -> None:
    """Its maker may have died in between."""
    assert fill(1, (3,), (2,), (), 0.0).create == (MasterId(0, 3),)


def test_one_that_was_seen_is_never_made_again_under_its_name() -> None:
    """Gone is not dead: a holder is unique for each start of a process."""
    assert fill(1, (3,), (3,), (), 0.0).create == (MasterId(0, 4),)


def test_only_those_that_run_are_holders_that_live() -> None:
    """One that is being deleted may still run, and leads no more."""
    seen = [master(0, 1, running=True), master(1, 1), master(2, 1, running=True, deleting=True)]
    assert fill(3, (1, 1, 1), (1, 1, 1), seen, 0.0).living == ("m0-1",)


def test_a_stillborn_master_is_followed_ever_later_and_in_the_end_not_at_all() -> None:
    """A new start does not mend what is wrong."""
    seen: list[MasterSeen] = []
    for incarnation in range(1, STILLBORN_LIMIT):
        seen.append(stillborn(incarnation))
        due = 100.0 + min(2.0 ** (incarnation - 1), LONGEST_DELAY)
        waiting = fill(1, (incarnation,), (incarnation,), seen, due - 0.1)
        assert (waiting.create, waiting.again) == ((), due)
        assert fill(1, (incarnation,), (incarnation,), seen, due).create
    seen.append(stillborn(STILLBORN_LIMIT))
    given_up = fill(1, (STILLBORN_LIMIT,), (STILLBORN_LIMIT,), seen, 1e9)
    assert (given_up.create, given_up.given_up, given_up.again) == ((), True, math.inf)


def test_one_that_the_cluster_took_away_is_not_stillborn() -> None:
    """It did nothing wrong, and is followed at once."""
    seen = [master(0, 1, ended=True, disrupted=True, lifetime=0.5, ended_at=100.0)]
    assert fill(1, (1,), (1,), seen, 100.0).create == (MasterId(0, 2),)
