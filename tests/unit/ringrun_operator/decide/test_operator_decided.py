"""Which pods there are to be, and what is ordered, from what is known of a run."""

from api_server import ApiServer
from runs_in_memory import NODES, conditions, members, orders, record, sending, started

from ringrun.core.phase import Phase
from ringrun_operator.decide.actions import CreatePod, Replace


def test_send_is_ordered_when_the_record_says_all_are_prepared() -> None:
    """And not before."""
    api = started()
    assert orders(api).phase is Phase.START
    assert orders(api).complete
    two = tuple(member.node for member in members(api))[:2]
    record(api, epoch=1, holder="m0-1", prepared=two)
    api.settle()
    assert orders(api).phase is Phase.START
    record(api, prepared=tuple(member.node for member in members(api)))
    api.settle()
    assert orders(api).phase is Phase.SEND


def test_a_slave_that_ended_is_replaced_by_its_next_incarnation() -> None:
    """The orders name the dead and count the replacement before the pod is made."""
    api = sending()
    api.ends("demo-s1-1")
    plan = api.look()
    kinds = [type(action) for action in plan.actions]
    assert kinds == [Replace, CreatePod]
    api.settle()
    assert "demo-s1-2" in api.pod_names()
    assert (1, 1) in orders(api).dead
    assert api.objects["RingRun", "demo"]["status"]["slaves"]["replaced"] == 1


def test_never_two_living_incarnations_on_the_roster() -> None:
    """Whatever is seen of an ordinal, one of its incarnations is to be in the ring."""
    api = sending()
    api.ends("demo-s1-1")
    api.settle()
    api.runs("demo-s1-2")
    api.settle()
    assert [(m.ordinal, m.incarnation) for m in members(api)] == [(0, 1), (1, 2), (2, 1)]


def test_a_suspended_run_has_no_pods_and_no_start_clock() -> None:
    """Its deadline cannot pass while it is suspended, and it begins when it is not."""
    api = ApiServer(suspend=True)
    api.settle()
    api.now += 10_000.0
    plan = api.settle()
    assert not api.pod_names()
    assert plan.status is not None
    assert plan.status["phase"] == ""
    assert "startTime" not in plan.status
    assert conditions(plan)["Suspended"] == ("True", "Suspended")
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": False})
    api.settle()
    assert api.pod_names() == NODES


def test_suspending_before_send_takes_the_pods_away_and_resuming_uses_new_names() -> None:
    """No incarnation is used twice, masters' included."""
    api = started()
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": True})
    api.settle()
    pods = [api.objects["Pod", name] for name in api.pod_names()]
    assert all("deletionTimestamp" in pod["metadata"] for pod in pods)
    for name in api.pod_names():
        api.delete("Pod", name)
    api.settle()
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": False})
    api.settle()
    assert api.pod_names() == [name[:-1] + "2" for name in NODES]


def test_a_replacement_that_is_gated_moves_no_start() -> None:
    """The run has begun; neither its startTime nor its active deadline waits for a queue."""
    api = sending()
    api.ends("demo-s0-1")
    api.settle()
    gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    api.patch("Pod", "demo-s0-2", status={"phase": "Pending", "conditions": [gated]})
    api.settle()
    api.now += 120.0
    api.settle()
    api.runs("demo-s0-2")
    api.settle()
    assert api.objects["RingRun", "demo"]["status"]["startTime"] == "1970-01-01T00:16:40Z"
