"""The operator that is killed at any step, and two of them at once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import cluster_runs as runs
from conftest import DEPLOYMENT, OPERATORS
from kubectl import Kubectl

RUN = Path(__file__).parent / "ringrun.yaml"


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.5, 1.5, 4.0, 6.5])
def test_an_operator_killed_at_any_step_leaves_nothing_stuck(
    kubectl: Kubectl, seconds: float
) -> None:
    """Before, between and after the pods are made, in SEND, in GRACE and at the end."""
    kubectl.apply(runs.load(RUN, periods={"sendMilliseconds": 2000, "graceMilliseconds": 1000}))
    time.sleep(seconds)
    system = kubectl.within("ringrun-system")
    system("delete", "pod", *OPERATORS, "--force", "--grace-period=0")
    found = runs.agreed(kubectl, "hurt")
    assert found["slaves"]["replaced"] == 0
    assert len(runs.pods(kubectl, "hurt", "slave")) == 4
    told = [each["reason"] for each in kubectl.list("events")]
    assert told.count("Agreed") == 1


@pytest.fixture
def two_operators(kubectl: Kubectl) -> Iterator[Kubectl]:
    """The namespace of the operators, while there are two of them."""
    system = kubectl.within("ringrun-system")
    system("scale", DEPLOYMENT, "--replicas=2")
    system("rollout", "status", DEPLOYMENT, "--timeout=120s", timeout=130)
    yield system
    system("scale", DEPLOYMENT, "--replicas=1")


def test_two_operators_are_as_good_as_one(kubectl: Kubectl, two_operators: Kubectl) -> None:
    """One is active; when it ends, the other takes over, and the run does not notice."""
    kubectl.apply(runs.load(RUN))
    runs.wait_phase(kubectl, "hurt", "SEND")
    holder = two_operators.get("lease", "ringrun-operator")["spec"]["holderIdentity"]
    two_operators("delete", "pod", holder.rsplit("-", 1)[0], "--wait=false")
    found = runs.agreed(kubectl, "hurt")
    assert found["slaves"]["replaced"] == 0
    assert len(runs.pods(kubectl, "hurt")) == 6
    assert two_operators.get("lease", "ringrun-operator")["spec"]["holderIdentity"] != holder
