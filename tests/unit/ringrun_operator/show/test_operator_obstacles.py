"""Why a run does not get on, in whose words."""

import pytest
from api_server import ApiServer
from runs_in_memory import NODES, conditions, members, record, started

from ringrun_operator.decide.actions import CreatePod
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
