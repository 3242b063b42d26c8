"""Why a run does not get on, in whose words."""

from dataclasses import replace

import pytest
from api_server import DEFAULTS, ApiServer
from runs_in_memory import NODES, conditions, members, record, started

from ringrun_operator.decide.actions import CreatePod
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.objects.hanging import SILENT_AFTER, Said
from ringrun_operator.show.obstacles import PREPARED_WITHIN


@pytest.mark.parametrize(
    ("holder", "what"), [("", "no master leads"), ("m0-1", "the leader has not prepared them")]
)
def test_a_ring_that_is_not_prepared_says_where_to_look(holder: str, what: str) -> None:
    """All pods are ready, and nobody outside of them knows what keeps them."""
    api = started(startDeadlineSeconds=60)
    record(api, epoch=1, holder=holder)
    plan = api.settle()
    assert plan.again == pytest.approx(api.now + PREPARED_WITHIN)
    assert plan.status is not None
    assert plan.status["reason"] == ""
    api.now = plan.again
    plan = api.settle()
    assert plan.status is not None
    assert plan.status["reason"] == "NotPrepared"
    assert plan.again == pytest.approx(1000.0 + 60.0)
    held = {each["type"]: each["message"] for each in plan.status["conditions"]}
    assert held["Succeeded"] == (
        f"All 3 slaves are ready, but {what}; what they say: "
        "kubectl logs -n lab -l ringrun.dev/run=demo --prefix --tail 3. "
        "The run fails at 1m00s unless that is mended."
    )
    record(api, prepared=tuple(member.node for member in members(api)))
    plan = api.settle()
    assert plan.status is not None
    assert plan.status["reason"] == ""


def test_refused_pods_are_told_in_the_api_servers_words() -> None:
    """And asked for again."""
    api = ApiServer()
    api.settle()
    for name in NODES:
        api.delete("Pod", name)
    api.refusals = {"demo-s0-1": 'pods "demo-s0-1" is forbidden: exceeded quota: none'}
    plan = api.look()
    assert plan.status is not None
    assert plan.status["reason"] == "QuotaExceeded"
    assert conditions(plan)["PodsCreated"] == ("False", "QuotaExceeded")
    made = [a.object["metadata"]["name"] for a in plan.actions if isinstance(a, CreatePod)]
    assert "demo-s0-1" in made


def test_what_few_pods_know_is_told_rather_than_that_many_do_not_know() -> None:
    """Events are asked for about a few pods alone; the others hang for the same."""
    api = ApiServer(nodes=8)
    api.settle()
    api.now = 1000.0 + SILENT_AFTER
    for name in api.pod_names():
        api.waits(name, "ContainerCreating", "")
        api.patch(
            "Pod",
            name,
            spec={**api.objects["Pod", name]["spec"], "nodeName": "node-b"},
            status={**api.objects["Pod", name]["status"], "startTime": "1970-01-01T00:16:41Z"},
        )
        found = api.objects["Pod", name]
        found["metadata"]["creationTimestamp"] = "1970-01-01T00:16:40Z"
    words = 'MountVolume.SetUp failed for volume "x" : configmap "no" not found'
    world = replace(api.world(), pod_events={"demo-s5-1": Said("FailedMount", words)})
    plan = reconcile(world, DEFAULTS, api.now)
    assert plan.status is not None
    assert plan.status["reason"] == "VolumeNotMounted"
    said = {each["type"]: each["message"] for each in plan.status["conditions"]}["Succeeded"]
    assert said.startswith(f"At least 1 of 8 slaves wait for a volume: {words}. ")


def test_a_slave_that_is_evicted_again_and_again_says_so() -> None:
    """Once is no trouble, for another is made at once, and does not count as a replacement."""
    api = started()
    shown = []
    for incarnation in (1, 2):
        status = {
            "phase": "Failed",
            "reason": "Evicted",
            "message": "The node was low on resource: memory.",
            "conditions": [{"type": "DisruptionTarget", "status": "True"}],
        }
        api.patch("Pod", f"demo-s0-{incarnation}", status=status)
        plan = api.settle()
        assert plan.status is not None
        shown.append(plan.status["reason"])
    assert shown == ["", "ContainerFailed"]
    said = {each["type"]: each["message"] for each in plan.status["conditions"]}["Succeeded"]
    assert said.startswith(
        "demo-s0-2 ended (2 times so far): Evicted: The node was low on resource: memory. "
    )
