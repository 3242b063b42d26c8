"""The status of a run, as people read it."""

from typing import Any

import pytest
from api_server import ApiServer
from runs_in_memory import finished, record, sending, started

from ringrun.core.phase import Phase


def status(api: ApiServer) -> dict[str, Any]:
    found = api.look().status
    assert found is not None
    return found


def test_the_phase_is_empty_until_pods_are_ordered_and_then_the_records() -> None:
    """STOP at any end."""
    assert status(ApiServer())["phase"] == ""
    assert status(started())["phase"] == "START"
    api = sending()
    assert status(api)["phase"] == "SEND"
    record(api, phase=Phase.GRACE)
    assert status(api)["phase"] == "GRACE"
    assert status(finished())["phase"] == "STOP"


def test_all_is_well_while_the_reason_is_empty() -> None:
    """What people read first."""
    found = status(sending())
    assert (found["reason"], found["verdict"], found["ready"]) == ("", "", "3/3")


def test_who_leads_is_told_as_people_know_it_and_as_a_pod() -> None:
    """So that its log is found."""
    master = status(sending())["master"]
    assert master == {"holder": "m0", "pod": "demo-m0-1", "epoch": 1, "transitions": 0}


@pytest.mark.parametrize(("after", "rate"), [(0.0, None), (0.5, None), (1.0, 1234), (9.0, 617)])
def test_the_rate_of_a_run_that_sends_is_told_when_it_means_something(
    after: float, rate: int | None
) -> None:
    """Of the first half second it would not; and SEND takes no longer than it was to."""
    api = sending(periods={"sendMilliseconds": 2000, "graceMilliseconds": 1000})
    api.now += after
    found = status(api)
    assert (found["count"], found.get("rate")) == (1234, rate)


def test_times_are_when_things_were_first_seen() -> None:
    """And stay so, whichever operator looks."""
    api = sending()
    api.now += 50.0
    found = status(api)
    assert found["startTime"] == found["sendTime"] == "1970-01-01T00:16:40Z"
    assert "completionTime" not in found


def test_a_status_is_made_anew_from_what_is_there() -> None:
    """What was shown before changes nothing of it but what may never go down."""
    api = sending()
    before = status(api)
    api.patch("RingRun", "demo", status={})
    assert status(api) == before
