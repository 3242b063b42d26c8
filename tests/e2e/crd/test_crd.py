"""The RingRun schema on a real API server: what it fills in, what it refuses, and with what words.

Needs no node: a control plane alone will do (tests/cluster, NODES=0).
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import operator_away
from kubectl import Kubectl, RefusedError
from ringrun.spec import RunSpec

FULL: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "full.yaml").read_text())


@pytest.fixture(scope="module", autouse=True)
def _no_operator(cluster: Kubectl) -> Iterator[None]:
    """What a test writes to a status stays: nobody else writes there."""
    with operator_away(cluster):
        yield


def ring_run(name: str = "demo", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": {"name": name},
        "spec": spec,
    }


def test_an_empty_spec_gets_the_defaults_that_run_spec_has(kubectl: Kubectl) -> None:
    """A RingRun without a spec means the same to the API server and to a local run."""
    kubectl.apply({k: v for k, v in ring_run().items() if k != "spec"})
    stored = kubectl.get("rrun", "demo")
    bare = RunSpec.from_mapping(ring_run())
    assert RunSpec.from_mapping(stored) == bare
    resolved = bare.as_document()
    # Burst and window hang on the model, and are left to RunSpec.
    assert set(resolved) - set(stored["spec"]) <= {"burst", "window", "template", "expect"}
    assert stored["spec"] == {key: resolved[key] for key in stored["spec"]}


def test_every_field_is_accepted_and_kept(kubectl: Kubectl) -> None:
    """Nothing that the schema offers is pruned or altered on its way into the store."""
    kubectl.apply(FULL)
    assert kubectl.get("rrun", "full")["spec"] == FULL["spec"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"nodes": 1}, "spec.nodes"),
        ({"nodes": 513}, "spec.nodes"),
        ({"nodes": "four"}, "spec.nodes"),
        ({"seed": -1}, "spec.seed"),
        ({"seed": 2**63}, "spec.seed"),
        ({"model": "trian"}, '"lockstep", "window", "train"'),
        ({"periods": {"sendMilliseconds": 99}}, "spec.periods.sendMilliseconds"),
        ({"periods": {"sendMilliseconds": 86400001}}, "spec.periods.sendMilliseconds"),
        ({"periods": {"graceMilliseconds": -1}}, "spec.periods.graceMilliseconds"),
        ({"tickMicroseconds": 1000001}, "spec.tickMicroseconds"),
        ({"spinMicroseconds": 1001}, "spec.spinMicroseconds"),
        ({"burst": 0}, "spec.burst"),
        ({"model": "window", "burst": 16385}, "spec.burst"),
        ({"window": 0}, "spec.window"),
        ({"masters": 0}, "spec.masters"),
        ({"masters": 6}, "spec.masters"),
        ({"failurePolicy": {"onSlaveFailure": "Restart"}}, '"Replace", "Continue", "Fail"'),
        ({"failurePolicy": {"maxReplacements": 1001}}, "spec.failurePolicy.maxReplacements"),
        ({"detection": {"heartbeatMilliseconds": 9}}, "spec.detection.heartbeatMilliseconds"),
        ({"detection": {"suspectMilliseconds": 10001}}, "spec.detection.suspectMilliseconds"),
        ({"startDeadlineSeconds": 0}, "spec.startDeadlineSeconds"),
        ({"ttlSecondsAfterFinished": -1}, "spec.ttlSecondsAfterFinished"),
        ({"cleanup": "Delete"}, '"Keep", "DeletePods"'),
        ({"suspend": "yes"}, "spec.suspend"),
        ({"expect": {"minRate": -0.5}}, "spec.expect.minRate"),
        ({"template": {"imagePullPolicy": "Sometimes"}}, "spec.template.imagePullPolicy"),
        ({"template": {"resources": {"requests": {"cpu": "lots"}}}}, "spec.template.resources"),
        ({"template": {"labels": {"team": "a b"}}}, "spec.template.labels.team"),
        ({"template": {"podSecurityContext": {"runAsUser": -1}}}, "podSecurityContext.runAsUser"),
        ({"template": {"slaves": {"imagePullPolicy": "Often"}}}, "slaves.imagePullPolicy"),
        ({"template": {"masters": {"dnsPolicy": "Cluster"}}}, "masters.dnsPolicy"),
        # Across fields.
        ({"model": "window", "burst": 65, "window": 64}, "window must be at least burst"),
        ({"model": "train", "window": 4095}, "whose default is 64 for model window and 4096"),
        ({"burst": 2}, "burst must be 1 for model lockstep"),
        (
            {"detection": {"heartbeatMilliseconds": 200}},
            "at least three times heartbeatMilliseconds",
        ),
        ({"activeDeadlineSeconds": 3}, "activeDeadlineSeconds must be longer than"),
    ],
    ids=str,
)
def test_a_spec_that_cannot_run_is_refused(
    cluster: Kubectl, spec: dict[str, Any], words: str
) -> None:
    """What RunSpec refuses, the API server refuses too, and says where and why."""
    with pytest.raises(RefusedError, match=r"is invalid|cannot unmarshal") as refusal:
        cluster("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(ring_run(**spec)))
    assert words in str(refusal.value)


@pytest.mark.parametrize("name", ["x" * 41, "a.b", "demo."], ids=str)
def test_a_name_that_pods_cannot_bear_is_refused(cluster: Kubectl, name: str) -> None:
    """Pod names are made from it, so it is short and has no dots."""
    with pytest.raises(RefusedError, match=r"metadata\.name") as refusal:
        cluster("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(ring_run(name)))
    if len(name) > 40:
        assert "at most 40 characters" in str(refusal.value)


def test_a_name_of_forty_characters_is_accepted(cluster: Kubectl) -> None:
    """The bound itself is allowed."""
    cluster("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(ring_run("x" * 40)))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"nodez": 3}, "spec.nodez"),
        ({"periods": {"sendMillis": 3}}, "spec.periods.sendMillis"),
        ({"template": {"hostNetwork": True}}, "spec.template.hostNetwork"),
        ({"template": {"env": [{"name": "A", "valu": "b"}]}}, "valu"),
        ({"template": {"masters": {"serviceAccountName": "a"}}}, "serviceAccountName"),
        ({"template": {"slaves": {"containers": []}}}, "spec.template.slaves.containers"),
    ],
    ids=str,
)
def test_an_unknown_field_is_refused_by_name(
    cluster: Kubectl, spec: dict[str, Any], field: str
) -> None:
    """A misspelt field is named, not dropped."""
    with pytest.raises(RefusedError, match="unknown field") as refusal:
        cluster("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(ring_run(**spec)))
    assert field in str(refusal.value)


EDITS: list[tuple[str, Any]] = [
    ("nodes", 6),
    ("seed", 8),
    ("model", "train"),
    ("periods", {"sendMilliseconds": 5001}),
    ("periods", {"graceMilliseconds": 1}),
    ("tickMicroseconds", 1),
    ("spinMicroseconds", 1),
    ("burst", 31),
    ("burst", None),
    ("window", 2000),
    ("window", None),
    ("masters", 1),
    ("failurePolicy", {"onSlaveFailure": "Continue"}),
    ("detection", {"heartbeatMilliseconds": 99}),
    ("startDeadlineSeconds", 61),
    ("expect", {"minCount": 1}),
    ("expect", None),
    ("template", {"image": "other"}),
    ("template", {"affinity": {"podAntiAffinity": {"preferred": []}}}),
    ("template", {"slaves": {"resources": None}}),
    ("template", {"masters": {"terminationGracePeriodSeconds": 6}}),
    ("template", None),
]


def test_the_experiment_cannot_be_changed(kubectl: Kubectl) -> None:
    """Each experiment field is fixed once created, and the refusal names it and the way out."""
    kubectl.apply(FULL)
    for field, value in EDITS:
        with pytest.raises(RefusedError) as refusal:
            kubectl.patch("rrun", "full", {"spec": {field: value}})
        text = str(refusal.value)
        assert f"spec.{field}" in text, (field, value, text)
        assert f"the experiment cannot be changed once created ({field})" in text
        assert "create another RingRun" in text


def test_an_experiment_field_cannot_be_added_later(kubectl: Kubectl) -> None:
    """What was left out at creation is as fixed as what was given."""
    kubectl.apply(ring_run(model="window"))
    for change in ({"burst": 8}, {"window": 640}, {"expect": {}}, {"template": {"image": "x"}}):
        with pytest.raises(RefusedError, match="cannot be changed once created"):
            kubectl.patch("rrun", "demo", {"spec": change})


def test_a_run_can_be_stopped_and_kept_shorter(kubectl: Kubectl) -> None:
    """suspend, abort, ttl, the active deadline and cleanup may change at any time."""
    kubectl.apply(FULL)
    for change in (
        {"suspend": False},
        {"abort": True},
        {"ttlSecondsAfterFinished": 7},
        {"ttlSecondsAfterFinished": None},
        {"activeDeadlineSeconds": 900},
        {"activeDeadlineSeconds": None},
        {"cleanup": "Keep"},
    ):
        kubectl.patch("rrun", "full", {"spec": change})


def status(**values: Any) -> dict[str, Any]:
    return {"status": values}


def test_epoch_and_view_never_go_down(kubectl: Kubectl) -> None:
    """A stale writer of the status is stopped by the API server itself."""
    kubectl.apply(ring_run())

    def write(**values: Any) -> None:
        kubectl.patch("rrun", "demo", status(**values), "--subresource=status")

    write(view=2, master={"holder": "m0", "epoch": 3})
    write(view=2, master={"epoch": 3})
    write(view=3, master={"holder": "m1", "epoch": 4})
    for change, words in (
        ({"view": 2}, "view may not go down"),
        ({"view": None}, "view may not go down"),
        ({"master": {"epoch": 3}}, "epoch may not go down"),
        ({"master": {"epoch": None}}, "epoch may not go down"),
        ({"master": None}, "epoch may not go down"),
    ):
        with pytest.raises(RefusedError, match=words):
            write(**change)


def test_the_whole_status_is_kept_and_shown(kubectl: Kubectl) -> None:
    """All fields of a status survive the store, and the columns show them."""
    kubectl.apply(ring_run())
    written = copy.deepcopy(yaml.safe_load((Path(__file__).parent / "status.yaml").read_text()))
    kubectl.patch("rrun", "demo", {"status": written}, "--subresource=status")
    assert kubectl.get("rrun", "demo")["status"] == written
    narrow, wide = (kubectl("get", "rrun", *args).splitlines() for args in ((), ("-o", "wide")))
    head = ["NAME", "PHASE", "READY", "LEADER", "COUNT", "RATE", "VERDICT", "REPLACED"]
    head += ["AGE", "REASON"]
    assert narrow[0].split() == head
    assert wide[0].split() == [*head, "MODEL", "SEED", "EPOCH", "SKEW"]
    cells = narrow[1].split()
    assert cells[:8] == ["demo", "STOP", "4/4", "m1", "19862", "9931", "Agreed", "1"]
    assert cells[9] == "Agreed"
    assert wide[1].split()[10:] == ["lockstep", "0", "2", "0.0021"]
    kubectl("wait", "--for=condition=Finished", "rrun/demo", "--timeout=5s")


def test_an_undeclared_status_is_not_kept(kubectl: Kubectl) -> None:
    """A phase that is none is refused."""
    kubectl.apply(ring_run())
    with pytest.raises(RefusedError, match=r"status\.phase"):
        kubectl.patch("rrun", "demo", status(phase="DONE"), "--subresource=status")


def test_runs_are_found_by_field_category_and_short_name(kubectl: Kubectl) -> None:
    """The names and selectors that scripts rely on."""
    kubectl.apply(ring_run("one"), ring_run("two", model="train", nodes=3))
    assert "two" in kubectl("get", "ringrun", "two", "-o", "name")
    assert len(kubectl("get", "ringrun.ringrun.dev", "-o", "name").splitlines()) == 2
    assert len(kubectl("get", "rrun", "-o", "name").splitlines()) == 2
    for selector, expected in (
        ("spec.model=train", {"two"}),
        ("spec.nodes=4", {"one"}),
        ("spec.suspend=false", {"one", "two"}),
        ("status.phase=SEND", set()),
    ):
        found = kubectl.list("rrun", "--field-selector", selector)
        assert {each["metadata"]["name"] for each in found} == expected


def test_explain_describes_every_field_of_the_spec(kubectl: Kubectl) -> None:
    """`kubectl explain` is where users look fields up."""
    text = kubectl("explain", "ringrun.spec", "--recursive")
    for field in FULL["spec"]:
        assert field in text
