"""When a run is given up, and with what words."""

import copy

import pytest
from api_server import ApiServer
from runs_in_memory import (
    NODES,
    members,
    orders,
    record,
    said,
    sending,
    started,
)

from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.supervisor.patience import AFTER_STOP, ALONE
from ringrun_operator.decide.actions import CreatePod


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
    assert (orders(api).phase, orders(api).stop_reason) == (Phase.STOP, Reason(Why.ABORTED))
    # Nothing but time calls for the next look.
    assert api.look().again == api.now + AFTER_STOP
    assert "completionTime" not in api.objects["RingRun", "demo"]["status"]
    api.now += AFTER_STOP
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"], found["phase"]) == ("Failed", "Aborted", "STOP")


def test_a_master_that_runs_may_carry_out_the_stop_of_a_run_that_is_late() -> None:
    """It has as long for it as for any STOP."""
    api = started(startDeadlineSeconds=60)
    api.now += 60.0
    api.settle()
    assert orders(api).stop_reason.word is Why.START_DEADLINE
    assert "completionTime" not in api.objects["RingRun", "demo"]["status"]
    api.now += AFTER_STOP
    api.settle()
    assert api.objects["RingRun", "demo"]["status"]["reason"] == "StartDeadlineExceeded"


def test_a_ring_whose_replacements_are_refused_is_not_given_up_as_alone() -> None:
    """Nobody lives, but somebody is to: the pods are asked for again and again."""
    api = sending()
    for ordinal in range(3):
        api.ends(f"demo-s{ordinal}-1")
    # The orders are kept; no pod is made.
    api.step(actions=1)
    api.now += ALONE + 1.0
    plan = api.step(actions=0)
    assert sum(isinstance(each, CreatePod) for each in plan.actions) == 3
    api.now += ALONE + 1.0
    plan = api.look()
    assert sum(isinstance(each, CreatePod) for each in plan.actions) == 3


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


def test_a_run_that_began_while_the_operator_was_down_is_not_late() -> None:
    """It finds the deadline passed and the record in SEND, at one look."""
    api = started(startDeadlineSeconds=60)
    nodes = tuple(member.node for member in members(api))
    record(api, epoch=1, holder="m0-1", prepared=nodes)
    api.settle()
    record(api, view=1, members=members(api), phase=Phase.SEND, incarnations=nodes, starter=0)
    api.now += 100.0
    api.settle()
    assert orders(api).stop_reason is None
    assert "sendTime" in api.objects["RingRun", "demo"]["status"]


def test_a_run_that_has_ended_in_start_is_not_suspended_any_more() -> None:
    """It had begun, and when does not change."""
    api = started()
    api.delete("Lease", "demo")
    api.settle()
    before = api.objects["RingRun", "demo"]["status"]
    assert (before["reason"], orders(api).phase) == ("RecordLost", Phase.START)
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": True})
    api.settle()
    assert api.objects["RingRun", "demo"]["status"]["startTime"] == before["startTime"]


def test_the_end_of_a_run_is_nobodys_order_though_the_orders_were_lost() -> None:
    """Orders that are made again say STOP after the record; a leader that still collects results
    has more than the ten seconds of a STOP that was ordered."""
    api = sending()
    record(api, phase=Phase.GRACE)
    record(api, phase=Phase.STOP, closed=True, send_members=members(api))
    api.delete(*api.orders_key)
    api.settle()
    assert (orders(api).phase, orders(api).stop_reason) == (Phase.STOP, None)
    api.now += 3.0 * AFTER_STOP
    api.settle()
    assert "completionTime" not in api.objects["RingRun", "demo"]["status"]
