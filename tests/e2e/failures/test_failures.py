"""What a run survives: slaves, masters and the operator that go in the middle of SEND."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import cluster_runs as runs
from kubectl import Kubectl

RUN = Path(__file__).parent / "ringrun.yaml"

OPERATOR = ("-n", "ringrun-system")


def sending(kubectl: Kubectl) -> None:
    """Apply the run and wait until it sends and its count is seen to grow."""
    kubectl.apply(runs.load(RUN))
    runs.wait_phase(kubectl, "hurt", "SEND")
    runs.wait("a count", lambda: runs.status(kubectl, "hurt").get("count", 0) > 0)


def test_a_slave_that_is_deleted_is_replaced_and_the_run_agrees(kubectl: Kubectl) -> None:
    """The replacement has the ordinal and the next incarnation, and ends with the others."""
    sending(kubectl)
    kubectl("delete", "pod", "hurt-s1-1", "--wait=false")
    found = runs.agreed(kubectl, "hurt")
    assert found["slaves"]["replaced"] == 1
    told = runs.report(kubectl, "hurt")
    assert [
        max(each["incarnation"] for each in told["slaves"] if each["ordinal"] == ordinal)
        for ordinal in (1, 0, 2, 3)
    ] == [2, 1, 1, 1]
    reasons = {each["reason"] for each in kubectl.list("events")}
    assert {"SlaveReplaced"} <= reasons


def test_a_leader_that_is_deleted_is_followed_by_the_standby(kubectl: Kubectl) -> None:
    """The next epoch begins within seconds, and nothing begins anew."""
    sending(kubectl)
    before = runs.status(kubectl, "hurt")
    kubectl("delete", "pod", before["master"]["pod"], "--wait=false")
    runs.wait(
        "the next epoch",
        lambda: runs.status(kubectl, "hurt")["master"]["epoch"] > before["master"]["epoch"],
        10,
    )
    found = runs.agreed(kubectl, "hurt")
    assert found["master"]["transitions"] >= 1
    assert found["slaves"]["replaced"] == 0


def test_a_leader_that_is_killed_is_followed_by_the_standby(kubectl: Kubectl) -> None:
    """The kubelet's word that its container has ended frees the lease."""
    sending(kubectl)
    before = runs.status(kubectl, "hurt")
    os.kill(runs.process(kubectl, before["master"]["pod"]), signal.SIGKILL)
    runs.wait(
        "the next epoch",
        lambda: runs.status(kubectl, "hurt")["master"]["epoch"] > before["master"]["epoch"],
        10,
    )
    found = runs.agreed(kubectl, "hurt")
    assert found["slaves"]["replaced"] == 0
    # The place is filled again, under the next incarnation.
    assert len(runs.pods(kubectl, "hurt", "master")) >= 3


def test_a_leader_is_followed_without_any_operator(
    kubectl: Kubectl, no_operator: Callable[[], None]
) -> None:
    """Its lease runs out, and the run goes on to its end and its report."""
    kubectl.apply(runs.load(RUN, periods={"sendMilliseconds": 20_000}))
    runs.wait_phase(kubectl, "hurt", "SEND")
    leader = runs.status(kubectl, "hurt")["master"]["pod"]
    no_operator()

    def epoch() -> int:
        number: int = kubectl.get("lease", "hurt")["spec"]["leaseTransitions"]
        return number

    before = epoch()
    os.kill(runs.process(kubectl, leader), signal.SIGKILL)
    runs.wait("the next epoch", lambda: epoch() > before, 15)

    def verdict() -> str:
        written = "data" in kubectl.get("configmap", "hurt-result")
        return runs.report(kubectl, "hurt").get("verdict", "") if written else ""

    assert runs.wait("the verdict", verdict, 60) == "Agreed"


def test_a_slave_that_is_killed_is_replaced(kubectl: Kubectl) -> None:
    """It said nothing at its end; the ring goes on without it until the next is there."""
    sending(kubectl)
    os.kill(runs.process(kubectl, "hurt-s2-1"), signal.SIGKILL)
    found = runs.agreed(kubectl, "hurt")
    assert found["slaves"]["replaced"] == 1
    assert any(each["node"] == "s2-1" for each in found["failures"])


def test_an_operator_that_is_killed_in_send_is_not_missed(kubectl: Kubectl) -> None:
    """The ring does not notice, and the next operator finds everything as it is."""
    sending(kubectl)
    kubectl(*OPERATOR, "delete", "pod", "-l", "app.kubernetes.io/component=operator", "--force")
    found = runs.agreed(kubectl, "hurt")
    assert found["slaves"]["replaced"] == 0
    assert len(runs.pods(kubectl, "hurt", "slave")) == 4
