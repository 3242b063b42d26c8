"""A run that nothing disturbs: applied, waited for, agreed, told the same everywhere."""

from pathlib import Path

import pytest

import cluster_runs as runs
from kubectl import Kubectl

RUN = Path(__file__).parent / "ringrun.yaml"


@pytest.mark.parametrize("model", ["lockstep", "window", "train"])
def test_a_run_agrees_and_tells_the_same_everywhere(kubectl: Kubectl, model: str) -> None:
    """Status, ConfigMap, logs and termination messages have one result."""
    kubectl.apply(runs.load(RUN, model=model))
    found = runs.agreed(kubectl, "agree")
    assert found["phase"] == "STOP"
    assert found["slaves"]["replaced"] == 0
    assert not found["failures"]
    assert found["master"]["epoch"] >= 1
    reasons = {each["reason"] for each in kubectl.list("events")}
    assert {"SlavesCreated", "LeaderElected", "SendStarted", "Agreed"} <= reasons


@pytest.mark.parametrize("nodes", [2, 16, 32])
def test_a_ring_of_any_size_agrees(kubectl: Kubectl, nodes: int) -> None:
    """Few and many pods, over all cluster nodes."""
    kubectl.apply(runs.load(RUN, nodes=nodes, model="window"))
    runs.agreed(kubectl, "agree")
    nodes_used = {pod["spec"]["nodeName"] for pod in runs.pods(kubectl, "agree", "slave")}
    ready = kubectl.list("nodes")
    assert len(nodes_used) == min(nodes, len(ready))


def test_runs_beside_each_other_do_not_meet(kubectl: Kubectl) -> None:
    """Ten at once, each with a result of its own."""
    names = [f"many-{number}" for number in range(10)]
    for seed, name in enumerate(names):
        run = runs.load(RUN, nodes=2, seed=seed)
        run["metadata"]["name"] = name
        kubectl.apply(run)
    digests = {runs.agreed(kubectl, name)["result"]["digest"] for name in names}
    assert len(digests) == len(names)


ASSIGNED = 1000700000
USERS: dict[str, dict[str, int]] = {
    "own": {},
    "user": {"runAsUser": ASSIGNED},
    "group": {"runAsUser": ASSIGNED, "runAsGroup": ASSIGNED},
    "volumes": {"runAsUser": ASSIGNED, "runAsGroup": ASSIGNED, "fsGroup": ASSIGNED},
}


def test_whatever_user_a_cluster_assigns_can_run_a_ring(kubectl: Kubectl) -> None:
    """As OpenShift does: all that a pod has to read is readable to it, with a group or without."""
    for name, context in USERS.items():
        run = runs.load(RUN, nodes=2, template={"podSecurityContext": context})
        run["metadata"]["name"] = name
        kubectl.apply(run)
    for name, context in USERS.items():
        runs.agreed(kubectl, name)
        for pod in kubectl.list("pods", "-l", f"ringrun.dev/run={name}"):
            given = pod["spec"]["securityContext"].items()
            assert {k: v for k, v in given if k.startswith(("runAsU", "runAsG", "fsGroup"))} == {
                **context,
                "fsGroupChangePolicy": "OnRootMismatch",
            }


def test_an_expectation_that_is_not_met_fails_the_run_and_not_the_verdict(
    kubectl: Kubectl,
) -> None:
    """The ring agreed all the same."""
    kubectl.apply(runs.load(RUN, nodes=2, expect={"minCount": 10**12}))
    found = runs.finish(kubectl, "agree")
    held = {each["type"]: (each["status"], each["reason"]) for each in found["conditions"]}
    assert found["verdict"] == "Agreed"
    assert held["ExpectationsMet"] == ("False", "Unmet")
    assert held["Succeeded"] == ("False", "ExpectationsUnmet")
