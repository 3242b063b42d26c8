"""When a run is given up, and with what words."""

import copy
import math
from dataclasses import replace
from typing import Any

import pytest
from api_server import ApiServer
from runs_in_memory import (
    NODES,
    orders,
    said,
    sending,
)

from ringrun.core.phase import Phase
from ringrun.spec import RunSpec
from ringrun_operator.decide.patience import (
    ALONE_PATIENCE,
    END_PATIENCE,
    STOP_PATIENCE,
    Standing,
    hopeless,
    is_late,
    next_limit,
)


@pytest.mark.parametrize("how", ["gone", "another"])
def test_a_record_that_is_lost_ends_the_run_and_is_never_made_again(how: str) -> None:
    """Another Lease of the same name is not the record."""
    api = sending()
    lease = copy.deepcopy(api.objects["Lease", "demo"])
    api.delete("Lease", "demo")
    if how == "another":
        lease["metadata"]["uid"] = "u-other"
        api.objects["Lease", "demo"] = lease
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "RecordLost")
    assert (("Lease", "demo") in api.objects) == (how == "another")
    # What is shown of epoch and view does not go down with it.
    assert (found["master"]["epoch"], found["view"]) == (1, 1)


def test_a_run_without_a_master_is_reported_from_termination_messages() -> None:
    """The slaves ended by their clocks; the verdict is by the same table."""
    api = sending()
    for name in ("demo-m0-1", "demo-m1-1"):
        api.ends(name)
    for ordinal in range(3):
        said(api, ordinal)
    api.settle()
    api.now += 1000.0
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["count"]) == ("Agreed", 10)
    assert found["slaves"]["reported"] == 3


def test_an_abort_is_ordered_and_done_without_a_leader_if_it_must() -> None:
    """Whoever leads has ten seconds for it."""
    api = sending()
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True})
    api.settle()
    assert (orders(api).phase, orders(api).stop_reason) == (Phase.STOP, "Aborted")
    assert "completionTime" not in api.objects["RingRun", "demo"]["status"]
    api.now += STOP_PATIENCE
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"], found["phase"]) == ("Failed", "Aborted", "STOP")


def test_a_run_that_cannot_start_ends_at_its_deadline_with_its_reason() -> None:
    """In the words of the kubelet; until then it says what will come of it."""
    api = ApiServer(startDeadlineSeconds=60)
    api.settle()
    for name in NODES:
        api.waits(name, "ImagePullBackOff", "Back-off pulling image x:1: not found")
    plan = api.settle()
    assert plan.again == pytest.approx(1000.0 + 60.0)
    assert plan.status is not None
    assert plan.status["reason"] == "ImagePullFailed"
    message = next(c["message"] for c in plan.status["conditions"] if c["type"] == "SlavesReady")
    assert message == (
        "3 of 3 slaves wait for their image x:1: Back-off pulling image x:1: not found. "
        "The run fails at 1m00s unless it can be pulled."
    )
    api.now = plan.again
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "StartDeadlineExceeded")
    told = next(c["message"] for c in found["conditions"] if c["type"] == "Succeeded")
    assert "not found" in told


SPEC = RunSpec.from_document({"startDeadlineSeconds": 60}, name="demo")
SENDING = Standing(
    started=1000.0,
    stop_ordered=None,
    send_seen=1010.0,
    alone=None,
    phase=Phase.SEND,
    stop_reason="",
    slaves_live=True,
    masters_run=True,
    masters_given_up=False,
    last_words="exit code 1",
)
PLAN = SPEC.send + SPEC.grace


@pytest.mark.parametrize(
    ("changes", "after", "reason"),
    [
        ({}, 0.0, ""),
        ({"phase": None}, 0.0, "RecordLost: the Lease is gone, or is another"),
        ({"masters_given_up": True}, 0.0, ""),
        ({"masters_given_up": True, "slaves_live": False}, 0.0, "NoMasterLeft: exit code 1"),
        ({"masters_given_up": True, "phase": Phase.START}, 0.0, "NoMasterLeft: exit code 1"),
        ({"alone": 1010.0}, ALONE_PATIENCE - 0.1, ""),
        ({"alone": 1010.0}, ALONE_PATIENCE, "NoSlaveLeft"),
        ({"stop_ordered": 1010.0, "stop_reason": "Aborted"}, STOP_PATIENCE - 0.1, ""),
        ({"stop_ordered": 1010.0, "stop_reason": "Aborted"}, STOP_PATIENCE, "Aborted"),
        ({"stop_ordered": 1010.0}, STOP_PATIENCE, "NoMasterLeft"),
        ({"stop_reason": "StartDeadlineExceeded: x"}, 0.0, ""),
        (
            {"stop_reason": "StartDeadlineExceeded: x", "masters_run": False},
            0.0,
            "StartDeadlineExceeded: x",
        ),
        ({}, PLAN + END_PATIENCE - 0.1, ""),
        ({}, PLAN + END_PATIENCE, "Overdue"),
    ],
)
def test_a_run_is_given_up_for_one_of_these_reasons(
    changes: dict[str, Any], after: float, reason: str
) -> None:
    """And for none of them a moment too early."""
    assert hopeless(SPEC, replace(SENDING, **changes), 1010.0 + after) == reason


def test_the_next_limit_is_the_first_that_is_to_come() -> None:
    """One that has passed is not waited for again."""
    run = replace(SENDING, alone=1010.0, stop_ordered=1012.0)
    assert next_limit(SPEC, run, 1012.0) == 1010.0 + ALONE_PATIENCE
    assert next_limit(SPEC, run, 1010.0 + ALONE_PATIENCE) == 1012.0 + STOP_PATIENCE
    assert next_limit(SPEC, run, 1e9) == math.inf
    assert next_limit(SPEC, replace(SENDING, send_seen=None), 1000.0) == 1060.0


@pytest.mark.parametrize(
    ("phase", "now", "late"),
    [(Phase.START, 1059.9, False), (Phase.START, 1060.0, True), (Phase.SEND, 1060.0, False)],
)
def test_only_a_run_that_has_not_begun_is_late(phase: Phase, now: float, late: bool) -> None:
    """From its deadline on."""
    assert is_late(SPEC, phase, 1000.0, now) == late
