"""What is done, in which order, and what is done about a lease whose holder ended."""

import copy
from dataclasses import replace

from runs_in_memory import members, record, sending

from ringrun.core.supervisor.roster import DELETE_AFTER
from ringrun.record.lease_object import read_record
from ringrun_operator.decide.actions import Create, CreatePod, DeletePod, Replace
from ringrun_operator.decide.plan import RESYNC
from ringrun_operator.objects.known import World


def test_the_lease_of_a_leader_whose_container_ended_is_freed() -> None:
    """By the kubelet's word: holder empty, nothing else changed, and its place is filled."""
    api = sending()
    before = read_record(api.objects["Lease", "demo"])
    api.ends("demo-m0-1")
    api.settle()
    after = read_record(api.objects["Lease", "demo"])
    assert after == before.evolve(holder="")
    assert "demo-m0-2" in api.pod_names()


def test_the_lease_of_a_leader_that_is_merely_gone_is_left_alone() -> None:
    """Gone is not dead: its process may still run on a cluster node that nobody reaches."""
    api = sending()
    api.delete("Pod", "demo-m0-1")
    api.settle()
    assert read_record(api.objects["Lease", "demo"]).holder == "m0-1"
    # Its name is not used again: a holder is unique for each start of a process.
    assert "demo-m0-2" in api.pod_names()
    assert "demo-m0-1" not in api.pod_names()


def test_the_lease_of_a_leader_on_a_lost_cluster_node_is_left_alone() -> None:
    """The control plane gives up its pod, but no kubelet says that its container has ended."""
    api = sending()
    lost = {"phase": "Failed", "reason": "NodeLost", "podIP": "10.0.109.01"}
    api.patch("Pod", "demo-m0-1", status=lost)
    api.settle()
    assert read_record(api.objects["Lease", "demo"]).holder == "m0-1"
    assert "demo-m0-2" in api.pod_names()


def test_a_freed_lease_does_not_pass_a_renewal() -> None:
    """The write compares; the one that was late is looked at anew."""
    api = sending()
    api.ends("demo-m0-1")
    plan = api.look()
    record(api, epoch=2, holder="m1-1")
    api.carry_out(plan.actions)
    assert read_record(api.objects["Lease", "demo"]).holder == "m1-1"


def test_orders_are_kept_before_anything_follows_from_them() -> None:
    """Then pods are made, and then taken away."""
    api = sending()
    record(api, view=2, members=members(api)[:2])
    api.settle()
    api.now += DELETE_AFTER
    api.ends("demo-s1-1")
    kept, made, gone = api.look().actions
    assert isinstance(kept, Replace)
    assert kept.object["metadata"]["name"] == api.orders_key[1]
    assert isinstance(made, CreatePod)
    assert made.object["metadata"]["name"] == "demo-s1-2"
    assert isinstance(gone, DeletePod)
    assert gone.name == "demo-s2-1"


def test_the_report_is_stored_before_everything_else_that_is_to_be_done() -> None:
    """No pod is made or deleted for a run that is given up."""
    api = sending()
    api.ends("demo-s1-1")
    api.delete("Lease", "demo")
    kept, report = api.look().actions
    assert isinstance(kept, Replace)
    assert kept.object["metadata"]["name"] == api.orders_key[1]
    assert isinstance(report, Replace)
    assert report.object["metadata"]["name"] == "demo-result"


def test_a_result_map_that_is_gone_is_made_again() -> None:
    """While the run goes on, and before a report is put into it."""
    api = sending()
    api.delete("ConfigMap", "demo-result")
    (action,) = api.look().actions
    assert isinstance(action, Create)
    assert action.object["metadata"]["name"] == "demo-result"
    api.delete("Lease", "demo")
    assert [type(action) for action in api.look().actions] == [Create]


def test_a_run_whose_result_map_is_anothers_by_now_ends_all_the_same() -> None:
    """It goes on; given up, its report has no place, and the status alone tells it."""
    api = sending()
    api.delete("ConfigMap", "demo-result")
    api.put({"kind": "ConfigMap", "metadata": {"name": "demo-result", "namespace": "lab"}})
    foreign = copy.deepcopy(api.objects["ConfigMap", "demo-result"])
    world = api.world

    def without() -> World:
        return replace(world(), result=None)

    api.world = without  # type: ignore[method-assign]
    api.taken = {"ConfigMap demo-result": "it belongs to nobody"}
    api.ends("demo-m0-1")
    freed, made = [each for each in api.look().actions if not isinstance(each, CreatePod)][-2:]
    assert isinstance(freed, Replace)
    assert freed.object["kind"] == "Lease"
    assert isinstance(made, Create)
    api.delete("Lease", "demo")
    plan = api.step()
    assert plan.status is not None
    assert (plan.status["verdict"], plan.status["reason"]) == ("Failed", "RecordLost")
    api.taken = {}
    api.now += 1000.0
    assert api.look().status == plan.status
    assert api.objects["ConfigMap", "demo-result"] == foreign


def test_a_look_is_due_now_and_then_whatever_there_is_to_do() -> None:
    """A change that nobody told of is found in the end."""
    api = sending()
    assert api.look().again <= api.now + RESYNC
