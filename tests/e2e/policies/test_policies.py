"""Namespaces that ask something of pods: what it is can be given, and what is not is named.

First by the cluster-wide operator, then by releases of the chart in a namespace of their own, whose
`runs` is what the administrator says of all runs there.
"""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

import cluster_runs as runs
from kubectl import Kubectl

ROOT = Path(__file__).parents[3]
RUN = Path(__file__).parent / "ringrun.yaml"
FIRST = 1000650000
RANGE = f"{FIRST}/10000"
LIMITS = {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"cpu": "2", "memory": "256Mi"}}


def label(kubectl: Kubectl, *labels: str) -> None:
    """Choose policies for the test's namespace."""
    kubectl("label", "namespace", kubectl.namespace, *labels)
    kubectl("annotate", "namespace", kubectl.namespace, f"openshift.io/sa.scc.uid-range={RANGE}")


def strict(kubectl: Kubectl, **template: Any) -> None:
    """Apply the run with this template."""
    kubectl.apply(runs.load(RUN, template=template))


def refused(kubectl: Kubectl, reason: str) -> str:
    """What the run says of why its pods are not made, or do not start."""
    runs.wait(reason, lambda: runs.status(kubectl, "strict").get("reason") == reason, 20)
    said: str = runs.conditions(kubectl, "strict")["Succeeded"]["message"]
    return said


def containers(kubectl: Kubectl) -> list[dict[str, Any]]:
    """The containers of all pods in the namespace."""
    return [each for pod in kubectl.list("pods") for each in pod["spec"]["containers"]]


@pytest.mark.usefixtures("policies")
def test_uids_outside_of_the_range_are_refused_and_by_default_none_is_set(kubectl: Kubectl) -> None:
    """The image's own user stands where nobody injects one; a user's own is the user's affair."""
    label(kubectl, "ringrun-e2e/uid-range=true")
    strict(kubectl, securityContext={"runAsUser": 65532})
    said = refused(kubectl, "PodsRefused")
    assert f"runAsUser must be in the range {RANGE}" in said
    kubectl("delete", "rrun", "strict")
    kubectl.apply(runs.load(RUN))
    runs.agreed(kubectl, "strict")


@pytest.mark.usefixtures("policies")
@pytest.mark.parametrize("kind", ["classic", "native"])
def test_a_sidecar_that_is_let_in_decides_nothing(kubectl: Kubectl, kind: str) -> None:
    """It is listed first, and outlives the slave: the slave's end is the pod's all the same, and
    its log is kept."""
    label(kubectl, f"ringrun-e2e/sidecar={kind}")
    strict(kubectl, labels={"sidecar.istio.io/inject": "true"})
    runs.agreed(kubectl, "strict")
    field = "containers" if kind == "classic" else "initContainers"
    pods = runs.pods(kubectl, "strict")
    assert len(pods) == 5
    assert {pod["spec"][field][0]["name"] for pod in pods} == {"a-proxy"}


def test_a_quota_on_limits_names_what_pods_lack(kubectl: Kubectl) -> None:
    """In the API server's words; with limits in the template the same run starts."""
    kubectl("create", "quota", "limits", "--hard=limits.cpu=20,limits.memory=8Gi")
    kubectl.apply(runs.load(RUN))
    said = refused(kubectl, "PodsRefused")
    assert "must specify limits.cpu" in said
    kubectl("delete", "rrun", "strict")
    strict(kubectl, resources=LIMITS)
    runs.agreed(kubectl, "strict")


def test_a_gated_run_outlives_its_start_deadline_and_starts_when_let_in(kubectl: Kubectl) -> None:
    """As under a queue: the gate is its reason, and its start clock stands still."""
    run = runs.load(RUN, startDeadlineSeconds=8)
    run["spec"]["template"] = {"schedulingGates": [{"name": "example.com/queue"}]}
    kubectl.apply(run)
    refused(kubectl, "SchedulingGated")
    time.sleep(9)  # longer than the deadline
    assert runs.status(kubectl, "strict")["reason"] == "SchedulingGated"
    for pod in runs.pods(kubectl, "strict"):
        kubectl.patch("pod", pod["metadata"]["name"], {"spec": {"schedulingGates": []}})
    runs.agreed(kubectl, "strict")


def test_a_private_image_needs_its_secret(
    kubectl: Kubectl, registry: Any, pull_secret: str
) -> None:
    """Without it the kubelet's words; with it in the template the run agrees."""
    version = yaml.safe_load((ROOT / "charts/ringrun/Chart.yaml").read_text())["appVersion"]
    image = f"{registry.repository}:{version}"
    strict(kubectl, image=image)
    said = refused(kubectl, "ImagePullFailed")
    assert image in said
    assert "401" in said or "no basic auth" in said or "authorization failed" in said
    kubectl("delete", "rrun", "strict")
    strict(kubectl, image=image, imagePullSecrets=[{"name": pull_secret}])
    runs.agreed(kubectl, "strict")


@pytest.mark.usefixtures("policies")
def test_a_release_lives_with_the_uids_that_are_given_to_it(kubectl: Kubectl, install: Any) -> None:
    """As on OpenShift: operator, `helm test` and runs, each with the UID of its namespace."""
    label(kubectl, "ringrun-e2e/uid-given=true", "ringrun-e2e/uid-range=true")
    assert "Succeeded" in install({})
    kubectl.apply(runs.load(RUN))
    runs.agreed(kubectl, "strict")
    given = {each["securityContext"].get("runAsUser") for each in containers(kubectl)}
    assert given == {FIRST}


@pytest.mark.usefixtures("policies")
def test_what_the_administrator_says_of_runs_is_enough(
    kubectl: Kubectl, install: Any, tainted: dict[str, str]
) -> None:
    """A quota on limits, tainted nodes and an injector: a run that says nothing of them agrees, and
    so does that of `helm test`."""
    label(kubectl, "ringrun-e2e/sidecar=classic")
    kubectl("create", "quota", "limits", "--hard=limits.cpu=30,limits.memory=8Gi")
    placed = {"tolerations": [tainted]}
    values = {"resources": LIMITS, **placed, "runs": {"resources": LIMITS, **placed}}
    # What else is injected is not asked for here: the operator's pods opt out by their labels.
    values["podLabels"] = {"sidecar.istio.io/inject": "false"}
    assert "Succeeded" in install(values)
    kubectl.apply(runs.load(RUN))
    runs.agreed(kubectl, "strict")
    assert "a-proxy" not in {each["name"] for each in containers(kubectl)}


def test_a_release_from_a_private_registry_gives_its_secret_to_runs(
    kubectl: Kubectl, install: Any, registry: Any, pull_secret: str
) -> None:
    """The chart's pull secret is that of operator, test, slaves and masters."""
    image = {"repository": registry.repository, "pullPolicy": "Always"}
    told = install({"image": image, "imagePullSecrets": [{"name": pull_secret}]})
    assert "Succeeded" in told
    kubectl.apply(runs.load(RUN))
    runs.agreed(kubectl, "strict")
    images = {each["image"].partition("/ringrun/")[0] for each in containers(kubectl)}
    assert images == {registry.host}
