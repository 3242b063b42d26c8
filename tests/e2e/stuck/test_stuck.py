"""Runs that cannot start say why, in the words of whoever knows, and end at their deadline."""

from pathlib import Path
from typing import Any

import pytest

import cluster_runs as runs
from kubectl import Kubectl

RUN = Path(__file__).parent / "ringrun.yaml"


def stuck(kubectl: Kubectl, reason: str, **spec: Any) -> str:
    """Apply the run; what it says within ten seconds of why it does not start."""
    kubectl.apply(runs.load(RUN, **spec))
    runs.wait(reason, lambda: runs.status(kubectl, "stuck").get("reason") == reason, 10)
    said: str = runs.conditions(kubectl, "stuck")["Succeeded"]["message"]
    return said


def failed(kubectl: Kubectl) -> None:
    """It ended at its deadline, as it said it would."""
    found = runs.finish(kubectl, "stuck", 40)
    assert found["verdict"] == "Failed"
    assert found["reason"] == "StartDeadlineExceeded"
    assert found["phase"] == "STOP"


def test_an_image_that_cannot_be_had_is_named(kubectl: Kubectl) -> None:
    """With the kubelet's own words, and what will come of it."""
    template = {"image": "registry.invalid/ringrun:none"}
    said = stuck(kubectl, "ImagePullFailed", template=template)
    assert "registry.invalid/ringrun:none" in said
    assert "The run fails at 0m12s unless it can be pulled." in said
    assert runs.conditions(kubectl, "stuck")["SlavesReady"]["reason"] == "ImagePullFailed"
    failed(kubectl)


def test_pods_that_fit_nowhere_are_told_in_the_schedulers_words(kubectl: Kubectl) -> None:
    """An impossible node selector."""
    said = stuck(kubectl, "Unschedulable", template={"nodeSelector": {"no": "such"}})
    assert "find no cluster node" in said
    assert "didn't match Pod's node affinity/selector" in said
    failed(kubectl)


def test_pods_that_a_quota_refuses_are_told_in_the_api_servers_words(kubectl: Kubectl) -> None:
    """A quota of no pods."""
    kubectl("create", "quota", "none", "--hard=pods=0")
    said = stuck(kubectl, "QuotaExceeded")
    assert "exceeded quota: none" in said
    assert runs.conditions(kubectl, "stuck")["PodsCreated"]["status"] == "False"
    failed(kubectl)


def test_a_quota_that_is_lifted_lets_the_run_start(kubectl: Kubectl) -> None:
    """Nothing is given up before the deadline."""
    kubectl("create", "quota", "none", "--hard=pods=0")
    stuck(kubectl, "QuotaExceeded", startDeadlineSeconds=60)
    kubectl("delete", "quota", "none")
    runs.agreed(kubectl, "stuck")


MOUNT = [{"name": "x", "mountPath": "/x"}]


def volume(**source: Any) -> dict[str, Any]:
    """A template with a volume that is not there."""
    return {"volumes": [{"name": "x", **source}], "volumeMounts": MOUNT}


@pytest.mark.parametrize(
    ("template", "reason", "words"),
    [
        (volume(configMap={"name": "no"}), "VolumeNotMounted", 'configmap "no" not found'),
        (volume(csi={"driver": "no.such"}), "VolumeNotMounted", "driver name no.such not found"),
        (
            volume(persistentVolumeClaim={"claimName": "no"}),
            "Unschedulable",
            'persistentvolumeclaim "no" not found',
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "a"}}}]},
            "ContainerFailed",
            'configmap "no" not found',
        ),
    ],
)
def test_what_a_pod_waits_for_is_told_in_the_kubelets_words(
    kubectl: Kubectl, template: dict[str, Any], reason: str, words: str
) -> None:
    """Though it stands in the pod's events alone; and so does the reason of the end."""
    assert words in stuck(kubectl, reason, template=template)
    failed(kubectl)
    assert words in runs.conditions(kubectl, "stuck")["Succeeded"]["message"]


def test_slaves_that_end_at_once_are_told_and_in_the_report(kubectl: Kubectl) -> None:
    """With how the last one ended, while it goes on and at the end."""
    little = {"memory": "10Mi"}
    template = {"resources": {"limits": little, "requests": little}}
    policy = {"maxReplacements": 4}
    said = stuck(
        kubectl, "ContainerFailed", template=template, failurePolicy=policy, startDeadlineSeconds=60
    )
    assert "exit code 137 (OOMKilled)" in said
    found = runs.finish(kubectl, "stuck", 60)
    assert (found["verdict"], found["reason"]) == ("Failed", "ReplacementsExhausted")
    message = runs.conditions(kubectl, "stuck")["Succeeded"]["message"]
    assert "ended: exit code 137 (OOMKilled)" in message
    lost = [each for each in found["failures"] if each["kind"] == "SlaveLost"]
    assert len(lost) >= 5
    assert {each["cause"] for each in lost} == {"exit code 137 (OOMKilled)"}
