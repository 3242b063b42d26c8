"""What tools see that know nothing of rings: Ready, Reconciling and Stalled, by kstatus's rules."""

from typing import Any

import pytest
from api_server import ApiServer
from runs_in_memory import finished, reported, sending, started


def shown(api: ApiServer) -> tuple[str, str, str]:
    """The three, as they are after a look."""
    api.settle()
    held = {
        each["type"]: each["status"]
        for each in api.objects["RingRun", "demo"]["status"]["conditions"]
    }
    return held["Ready"], held["Reconciling"], held["Stalled"]


@pytest.mark.parametrize("begin", [ApiServer, started, sending])
def test_a_run_that_goes_on_is_in_progress(begin: Any) -> None:
    """From its first status to its end."""
    assert shown(begin()) == ("Unknown", "True", "False")


def test_a_run_that_waits_for_an_image_is_in_progress_too() -> None:
    """It may come; the run ends by itself if it does not."""
    api = ApiServer()
    api.settle()
    api.waits("demo-s0-1", "ErrImagePull", "no such image")
    assert shown(api) == ("Unknown", "True", "False")


def test_a_suspended_run_is_neither_in_progress_nor_failed() -> None:
    """Nor ready: nothing was measured. Who waits for it reads why."""
    api = ApiServer(suspend=True)
    assert shown(api) == ("Unknown", "False", "False")
    [ready] = [
        each
        for each in api.objects["RingRun", "demo"]["status"]["conditions"]
        if each["type"] == "Ready"
    ]
    assert (ready["reason"], ready["message"]) == (
        "Suspended",
        "spec.suspend is true; false begins afresh.",
    )


def test_a_run_that_failed_is_stalled() -> None:
    """Waiting for it is over at once."""
    assert shown(finished()) == ("False", "False", "True")


def test_a_name_that_is_taken_is_for_a_person_to_mend() -> None:
    """So nobody waits for it for five minutes."""
    api = ApiServer()
    api.step()
    api.taken = {"Lease demo": "it belongs to nobody"}
    api.step()
    held = {
        each["type"]: (each["status"], each["reason"])
        for each in api.objects["RingRun", "demo"]["status"]["conditions"]
    }
    assert held["Stalled"] == ("True", "NameTaken")
    assert held["Reconciling"] == ("False", "NameTaken")


@pytest.mark.parametrize(
    ("digests", "spec", "three"),
    [
        (("ab", "ab", "ab"), {}, ("True", "False", "False")),
        (("ab", "ab", "ab"), {"expect": {"minCount": 11}}, ("False", "False", "True")),
        (("ab", "cd", "ab"), {}, ("False", "False", "True")),
        ((), {}, ("False", "False", "True")),
    ],
)
def test_only_a_run_that_is_as_wished_is_ready(
    digests: tuple[str, ...], spec: dict[str, Any], three: tuple[str, str, str]
) -> None:
    """An expectation that is not met is a failure, though the ring agreed."""
    assert shown(reported(*digests, **spec)) == three


def test_what_is_suspended_and_cannot_succeed_is_stalled() -> None:
    """To resume it would not help."""
    api = ApiServer(suspend=True)
    api.taken = {"Lease demo": "it belongs to nobody"}
    assert shown(api) == ("Unknown", "False", "True")


def test_a_spec_that_is_refused_is_stalled() -> None:
    """With the fault as its message."""
    api = ApiServer(nodes=1)
    plan = api.look()
    assert plan.status is not None
    held = {each["type"]: each for each in plan.status["conditions"]}
    assert held["Stalled"]["status"] == "True"
    assert "spec.nodes" in held["Stalled"]["message"]


def test_conditions_that_an_operator_did_not_have_are_added_to_a_finished_run() -> None:
    """Since when it finished; the others stay as they are."""
    api = finished()
    api.settle()
    status = api.objects["RingRun", "demo"]["status"]
    old = [
        each
        for each in status["conditions"]
        if each["type"] not in {"Ready", "Reconciling", "Stalled"}
    ]
    api.patch("RingRun", "demo", status={**status, "conditions": old})
    api.now += 50.0
    assert shown(api) == ("False", "False", "True")
    again = api.objects["RingRun", "demo"]["status"]["conditions"]
    assert again[: len(old)] == old
    assert {each["lastTransitionTime"] for each in again[len(old) :]} == {
        next(each["lastTransitionTime"] for each in old if each["type"] == "Finished")
    }
