"""Runs that are suspended, aborted, edited, cleaned up and deleted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cluster_runs as runs
from kubectl import Kubectl, RefusedError

RUN = Path(__file__).parent / "ringrun.yaml"


def test_a_suspended_run_has_no_pods_and_begins_when_it_may(kubectl: Kubectl) -> None:
    """Its start clock stands still until then."""
    kubectl.apply(runs.load(RUN, suspend=True, nodes=2))
    runs.wait(
        "Suspended",
        lambda: runs.conditions(kubectl, "life").get("Suspended", {}).get("status") == "True",
    )
    assert not runs.pods(kubectl, "life")
    assert runs.status(kubectl, "life")["phase"] == ""
    kubectl.patch("rrun", "life", {"spec": {"suspend": False}})
    runs.agreed(kubectl, "life")
    assert runs.conditions(kubectl, "life")["Suspended"]["status"] == "False"


def test_an_abort_ends_the_run_early_and_keeps_its_results(kubectl: Kubectl) -> None:
    """Failed, with what had been approved."""
    kubectl.apply(runs.load(RUN, periods={"sendMilliseconds": 60_000}))
    runs.wait_phase(kubectl, "life", "SEND")
    runs.wait("a count", lambda: runs.status(kubectl, "life").get("count", 0) > 0)
    kubectl.patch("rrun", "life", {"spec": {"abort": True}})
    found = runs.finish(kubectl, "life", 20)
    assert (found["verdict"], found["reason"]) == ("Failed", "Aborted")
    assert found["count"] > 0
    assert found["slaves"]["reported"] == 4


def test_a_run_that_is_edited_in_flight_says_why_not(kubectl: Kubectl) -> None:
    """The API server refuses it, and the run goes on."""
    kubectl.apply(runs.load(RUN, nodes=2))
    with pytest.raises(RefusedError, match="cannot be changed once created"):
        kubectl.patch("rrun", "life", {"spec": {"nodes": 3}})
    runs.agreed(kubectl, "life")


def test_an_edit_that_is_allowed_after_the_end_hangs_nobody(kubectl: Kubectl) -> None:
    """The conditions are stamped anew, or `kubectl wait` would wait for ever."""
    kubectl.apply(runs.load(RUN, nodes=2))
    runs.agreed(kubectl, "life")
    kubectl.patch("rrun", "life", {"spec": {"ttlSecondsAfterFinished": 3600}})
    runs.finish(kubectl, "life", 10)


def test_pods_are_cleaned_up_and_the_result_stays(kubectl: Kubectl) -> None:
    """cleanup: DeletePods."""
    kubectl.apply(runs.load(RUN, nodes=2, cleanup="DeletePods"))
    found = runs.finish(kubectl, "life")
    assert found["verdict"] == "Agreed"
    runs.wait("no pods", lambda: not runs.pods(kubectl, "life"), 40)
    assert runs.report(kubectl, "life")["verdict"] == "Agreed"
    assert runs.status(kubectl, "life")["verdict"] == "Agreed"


def test_a_run_goes_by_itself_when_its_time_is_over(kubectl: Kubectl) -> None:
    """ttlSecondsAfterFinished, with everything that it owned."""
    kubectl.apply(runs.load(RUN, nodes=2, ttlSecondsAfterFinished=3))
    runs.finish(kubectl, "life")
    runs.wait("no run", lambda: not kubectl.list("rrun"), 20)
    runs.wait("no pods", lambda: not runs.pods(kubectl, "life"), 30)


def test_a_run_of_the_same_name_is_another_run(kubectl: Kubectl) -> None:
    """What the first left behind is waited for, and not taken over."""
    kubectl.apply(runs.load(RUN, nodes=2, periods={"sendMilliseconds": 30_000}))
    runs.wait_phase(kubectl, "life", "SEND")
    kubectl("delete", "rrun", "life")
    kubectl.apply(runs.load(RUN, nodes=2))
    runs.agreed(kubectl, "life")


def test_no_kubelet_mounts_the_token_of_an_earlier_run(kubectl: Kubectl) -> None:
    """A pod still refers to its Secret, on one of the nodes, when the run's name is used again."""
    kubectl.apply(runs.load(RUN, nodes=2))
    runs.agreed(kubectl, "life")
    pod = runs.pods(kubectl, "life", "slave")[0]
    kubectl.apply(lingering(pod))
    kubectl("wait", "--for=condition=Ready", "pod/linger", "--timeout=60s")
    kubectl("delete", "rrun", "life")
    # The other nodes have nothing left of it.
    runs.wait("no pods", lambda: not runs.pods(kubectl, "life"), 30)
    kubectl.apply(runs.load(RUN, nodes=4, startDeadlineSeconds=40))
    runs.agreed(kubectl, "life")


def lingering(pod: dict[str, Any]) -> dict[str, Any]:
    """A pod with the same image that does nothing but mount the run's token."""
    container, token = pod["spec"]["containers"][0], pod["spec"]["volumes"][0]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "linger"},
        "spec": {
            "nodeName": pod["spec"]["nodeName"],
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": pod["spec"]["securityContext"],
            "containers": [
                {
                    "name": "linger",
                    "image": container["image"],
                    "imagePullPolicy": container["imagePullPolicy"],
                    "command": ["sleep", "300"],
                    "securityContext": container["securityContext"],
                    "volumeMounts": [{"name": "token", "mountPath": "/token"}],
                }
            ],
            "volumes": [{"name": "token", "secret": token["secret"]}],
        },
    }


def test_a_deleted_runs_pods_go_with_it(kubectl: Kubectl, no_operator: Callable[[], None]) -> None:
    """By the API server's own garbage collection: no operator is there to do it."""
    kubectl.apply(runs.load(RUN, periods={"sendMilliseconds": 60_000}))
    runs.wait_phase(kubectl, "life", "SEND")
    no_operator()
    kubectl("delete", "rrun", "life")
    runs.wait("no pods", lambda: not runs.pods(kubectl, "life"), 30)
