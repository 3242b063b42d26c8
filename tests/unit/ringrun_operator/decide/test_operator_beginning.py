"""How a run is taken up, what is kept from then on, and when it is given up before it began."""

import pytest
from api_server import DEFAULTS, ApiServer
from runs_in_memory import NODES, conditions, orders, started

from ringrun_operator.decide.beginning import STEP
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.objects.resources import read_orders, read_settings
from ringrun_operator.objects.settings import Defaults


def test_a_run_that_waited_for_an_operator_is_not_late() -> None:
    """Nobody was there for longer than its start deadline: the clock begins now."""
    api = ApiServer(now=1000.0 + 310.0)
    api.settle()
    assert api.pod_names() == NODES
    assert api.objects["RingRun", "demo"]["status"]["verdict"] == ""
    api.now += 299.0
    api.settle()
    assert orders(api).stop_reason is None
    api.now += 1.0
    api.settle()
    assert str(orders(api).stop_reason).startswith("StartDeadlineExceeded")


@pytest.mark.parametrize("off", [-360.0, 360.0, 1e6])
def test_a_creation_by_another_clock_is_compared_with_nothing(off: float) -> None:
    """An operator that is minutes off sees the same run as any other."""
    api = ApiServer(now=1000.0 + off)
    api.settle()
    assert api.pod_names() == NODES
    assert api.objects["RingRun", "demo"]["status"]["verdict"] == ""


def test_each_step_is_followed_by_a_look() -> None:
    """Even if no watch tells of what was made."""
    api = ApiServer()
    for _ in range(3):
        assert api.step().again == api.now + STEP
    assert api.pod_names() == []
    api.step()
    assert api.pod_names() == NODES


def test_what_an_operator_is_told_later_is_not_for_a_run_that_it_took_up() -> None:
    """Neither between the first step and the pods, nor for a pod that is replaced."""
    api = ApiServer()
    api.step()
    later = Defaults(image="ringrun:2", pull_policy="Always", template={"priorityClassName": "x"})
    for _ in range(5):
        api.carry_out(reconcile(api.world(), later, api.now).actions)
    api.runs()
    api.ends("demo-s1-1")
    for _ in range(3):
        api.carry_out(reconcile(api.world(), later, api.now).actions)
    for name in ("demo-s0-1", "demo-m0-1", "demo-s1-2"):
        spec = api.objects["Pod", name]["spec"]
        assert spec["containers"][0]["image"] == "ringrun:1"
        assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
        assert "priorityClassName" not in spec


DIGEST = "sha256:" + "ab" * 32


def test_a_tag_that_moves_brings_no_second_image_into_a_ring() -> None:
    """As soon as a kubelet tells the digest, every further pod is made by it."""
    api = started()
    for name in ("demo-s0-1", "demo-m0-1"):
        status = api.objects["Pod", name]["status"]
        [container] = status["containerStatuses"]
        container["imageID"] = f"docker.io/library/ringrun@{DIGEST}"
        api.patch("Pod", name, status=status)
    api.settle()
    api.ends("demo-s1-1")
    api.ends("demo-m1-1")
    api.settle()
    for name in ("demo-s1-2", "demo-m1-2"):
        image = api.objects["Pod", name]["spec"]["containers"][0]["image"]
        assert image == f"ringrun@{DIGEST}"
    assert read_settings(api.objects[api.orders_key]) is not None


def test_network_policies_are_made_where_they_are_wanted() -> None:
    """With the rights, before any pod; where they are not wanted, the right is not needed."""
    api = ApiServer()
    wanted = Defaults(image="ringrun:1", network_ports=(443,))
    for _ in range(4):
        api.carry_out(reconcile(api.world(), wanted, api.now).actions)
    assert api.pod_names() == NODES
    assert ("NetworkPolicy", "demo-slaves-feed") in api.objects
    assert ("NetworkPolicy", "demo-masters-feed") in api.objects
    other = ApiServer()
    other.settle()
    assert not [key for key in other.objects if key[0] == "NetworkPolicy"]


def test_a_run_that_is_aborted_before_it_began_fails_as_aborted() -> None:
    """With its report, if that has a place."""
    api = ApiServer(abort=True)
    plan = api.look()
    assert conditions(plan)["Succeeded"] == ("False", "Aborted")
    assert conditions(plan)["Finished"] == ("True", "Failed")
    assert api.settle().status is not None
    assert api.pod_names() == []


def test_a_suspended_run_is_prepared_and_its_clock_does_not_run() -> None:
    """Whatever has a name is made; pods are not."""
    api = ApiServer(suspend=True)
    api.settle()
    api.now += 1000.0
    api.settle()
    assert api.pod_names() == []
    api.patch("RingRun", "demo", spec={"nodes": 3})
    api.settle()
    assert api.pod_names() == NODES
    kept = read_orders(api.objects[api.orders_key])
    assert kept is not None
    assert kept[1].started == api.now


def test_the_start_clock_stands_still_while_pods_are_gated() -> None:
    """However long a queue keeps them; then it goes on from where it was."""
    api = ApiServer(startDeadlineSeconds=60)
    api.settle()
    gate = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    api.now += 20.0
    api.settle()
    for name in api.pod_names():
        api.patch("Pod", name, status={"conditions": [gate]})
    plan = api.settle()
    assert conditions(plan)["SlavesReady"] == ("False", "SchedulingGated")
    for _ in range(5):
        api.now += 1000.0
        plan = api.settle()
    assert plan.status is not None
    assert plan.status["reason"] == "SchedulingGated"
    for name in api.pod_names():
        api.patch("Pod", name, status={})
    api.settle()
    api.now += 39.0
    api.settle()
    assert orders(api).stop_reason is None
    api.now += 2.0
    api.settle()
    assert str(orders(api).stop_reason).startswith("StartDeadlineExceeded")


def test_a_run_that_is_resumed_while_its_name_is_taken_has_its_whole_time() -> None:
    """And no more: since when the clock runs is kept before anything else."""
    api = ApiServer(suspend=True, startDeadlineSeconds=60)
    api.step()
    api.taken = {"Lease demo": "it belongs to nobody"}
    api.now += 1000.0
    api.patch("RingRun", "demo", spec={"nodes": 3, "startDeadlineSeconds": 60})
    api.step(actions=1)
    api.now += 59.0
    assert conditions(api.look())["Finished"] == ("False", "Active")
    api.now += 1.0
    assert conditions(api.look())["Succeeded"] == ("False", "StartDeadlineExceeded")


def test_a_name_that_is_taken_is_told_before_anything_else() -> None:
    """Whose it is, in the words of who looked."""
    api = ApiServer()
    api.step()
    api.taken = {"Lease demo": "it belongs to nobody"}
    plan = reconcile(api.world(), DEFAULTS, api.now)
    assert conditions(plan)["PodsCreated"] == ("False", "NameTaken")
    assert [event.reason for event in plan.events] == ["NameTaken"]
