"""Other people's objects, edits and upgrades: none of them decides over a run that goes on, or that
is over.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cluster_runs as runs
from conftest import DEPLOYMENT
from kubectl import Kubectl

RUN = Path(__file__).parent / "ringrun.yaml"


def foreign(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    """Somebody else's object."""
    group = "coordination.k8s.io/v1" if kind == "Lease" else "v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, **fields}


@pytest.mark.parametrize("kind", ["ServiceAccount", "Secret"])
def test_an_object_that_has_a_name_of_old_is_not_in_the_way(kubectl: Kubectl, kind: str) -> None:
    """No rights are given to it, and its content is not used."""
    name = {"ServiceAccount": "others-master", "Secret": "others-token"}[kind]
    kubectl.apply(foreign(kind, name), runs.load(RUN, nodes=2))
    runs.agreed(kubectl, "others")
    accounts = {pod["spec"]["serviceAccountName"] for pod in runs.pods(kubectl, "others")}
    assert name not in accounts
    subjects = [
        subject["name"] for each in kubectl.list("rolebindings") for subject in each["subjects"]
    ]
    assert subjects
    assert name not in subjects


@pytest.mark.parametrize(
    ("kind", "name"), [("ConfigMap", "others-result"), ("Lease", "others"), ("Pod", "others-s1-1")]
)
def test_a_name_that_is_taken_is_told_and_the_run_begins_when_it_is_free(
    kubectl: Kubectl, kind: str, name: str
) -> None:
    """Within ten seconds, and with whose it is; the foreign object is left as it is."""
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "theirs",
                "image": "registry.invalid/theirs:1",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
    kubectl.apply(foreign(kind, name, **({"spec": pod} if kind == "Pod" else {})))
    before = kubectl.get(kind, name)
    kubectl.apply(runs.load(RUN))
    runs.wait("NameTaken", lambda: runs.status(kubectl, "others").get("reason") == "NameTaken", 10)
    said = runs.conditions(kubectl, "others")["PodsCreated"]["message"]
    assert said == (
        f"{kind} {name} is not this run's (it belongs to nobody). "
        "Delete it, or choose another name for the run."
    )
    if kind != "Pod":
        assert runs.pods(kubectl, "others") == []
        assert kubectl.list("roles") == []
        assert kubectl.get(kind, name)["metadata"]["uid"] == before["metadata"]["uid"]
    assert kubectl.get(kind, name).get("data") == before.get("data")
    kubectl("delete", kind, name, "--wait=false", "--grace-period=0", "--force")
    runs.agreed(kubectl, "others")


def test_what_is_finished_stays_so_whatever_is_deleted(kubectl: Kubectl) -> None:
    """Verdict, result and conditions stay; no pod is made."""
    kubectl.apply(runs.load(RUN, nodes=2))
    before = runs.agreed(kubectl, "others")
    pods = {pod["metadata"]["uid"] for pod in runs.pods(kubectl, "others")}
    orders = next(
        each["metadata"]["name"]
        for each in kubectl.list("configmaps")
        if each["metadata"]["name"].startswith("others-orders")
    )
    kubectl("delete", "configmap", "others-result", orders)
    kubectl("delete", "lease", "others")
    told = runs.wait(
        "the event",
        lambda: [each for each in kubectl.list("events") if each["reason"] == "ResultDeleted"],
        10,
    )
    assert told[0]["message"] == "ConfigMap others-result is not there; the status stays"
    kubectl.patch("rrun", "others", {"spec": {"ttlSecondsAfterFinished": 86400}})
    generation = kubectl.get("rrun", "others")["metadata"]["generation"]
    runs.wait(
        "the new generation",
        lambda: runs.status(kubectl, "others")["observedGeneration"] == generation,
        10,
    )
    after = runs.status(kubectl, "others")
    for each in (*before["conditions"], *after["conditions"], before, after):
        del each["observedGeneration"]
    assert after == before
    assert {pod["metadata"]["uid"] for pod in runs.pods(kubectl, "others")} == pods


@pytest.fixture
def upgrade(kubectl: Kubectl) -> Iterator[Any]:
    """Gives the operator another image for runs, as an upgrade does; put back after the test."""
    system = kubectl.within("ringrun-system")
    container = system.get("deployment", "ringrun-operator")["spec"]["template"]["spec"][
        "containers"
    ][0]
    image, policy = container["image"], "RINGRUN_IMAGE_PULL_POLICY=IfNotPresent"

    def change(to: str) -> None:
        system("set", "env", DEPLOYMENT, f"RINGRUN_IMAGE={to}", "RINGRUN_IMAGE_PULL_POLICY=Never")
        system("rollout", "status", DEPLOYMENT, "--timeout=120s", timeout=130)

    yield change
    system("set", "env", DEPLOYMENT, f"RINGRUN_IMAGE={image}", policy)
    system("rollout", "status", DEPLOYMENT, "--timeout=120s", timeout=130)


def test_an_upgrade_in_send_brings_no_second_image_into_the_ring(
    kubectl: Kubectl, upgrade: Any
) -> None:
    """A slave that is replaced afterwards is of the image that the run began with."""
    kubectl.apply(runs.load(RUN, periods={"sendMilliseconds": 20000, "graceMilliseconds": 1000}))
    runs.wait_phase(kubectl, "others", "SEND")
    upgrade("registry.invalid/ringrun:next")
    kubectl("delete", "pod", "others-s1-1", "--wait=false")
    found = runs.agreed(kubectl, "others")
    assert found["slaves"]["replaced"] == 1
    images = {
        (each["image"], each["imagePullPolicy"])
        for pod in runs.pods(kubectl, "others")
        for each in pod["spec"]["containers"]
    }
    assert len(images) == 1
    assert "registry.invalid" not in str(images)
