"""Every manifest of a page or a sample is taken by the API server, and so are the pods of runs."""

import json
from typing import Any, Final

import pytest
from manifests import SAMPLES, Manifest, manifests

import cluster_runs as runs
from kubectl import Kubectl, RefusedError
from ringrun.core.node import MasterId, SlaveId
from ringrun.spec import RunSpec
from ringrun_operator.objects.owner import Owner
from ringrun_operator.objects.pods import pod
from ringrun_operator.objects.settings import Defaults, resolve

FOUND: Final = manifests()

# Wrong on purpose.
REFUSED: Final = {"samples/bad.yaml"}

# Kinds that a plain cluster does not have, by their group; of these only the shape is looked at.
LACKING: Final = {
    "argoproj.io": "Argo CD",
    "helm.toolkit.fluxcd.io": "Flux",
    "kueue.x-k8s.io": "Kueue",
    "kustomize.config.k8s.io": "read by `kubectl -k`, never applied",
    "kustomize.toolkit.fluxcd.io": "Flux",
    "monitoring.coreos.com": "the Prometheus operator",
    "notification.toolkit.fluxcd.io": "Flux",
    "source.toolkit.fluxcd.io": "Flux",
}

# What must be there before a pod that names it is taken, and is not there in a test.
ELSEWHERE: Final = ("priorityClassName", "runtimeClassName", "serviceAccountName")


def take(kubectl: Kubectl, document: dict[str, Any]) -> None:
    """Have the API server look at it as if it came, in the test's namespace."""
    metadata = dict(document["metadata"])
    if "namespace" in metadata:
        metadata["namespace"] = kubectl.namespace
    # What has no name of its own yet cannot be applied, only created.
    verb = "apply" if "name" in metadata else "create"
    told = json.dumps({**document, "metadata": metadata})
    kubectl(verb, "--dry-run=server", "--validate=strict", "-f", "-", stdin=told)


def spec_of(manifest: Manifest) -> RunSpec:
    metadata = manifest.document["metadata"]
    name = metadata.get("name") or metadata["generateName"].rstrip("-")
    return RunSpec.from_document(manifest.document.get("spec") or {}, name=name)


def test_pages_and_samples_show_manifests() -> None:
    """Else the tests below would try nothing."""
    assert {manifest.place.partition(":")[0] for manifest in FOUND} >= {"docs/kubernetes.md"}
    assert len(FOUND) > len(SAMPLES)


@pytest.mark.parametrize("manifest", FOUND, ids=str)
def test_the_api_server_takes_it(kubectl: Kubectl, manifest: Manifest) -> None:
    """A field that is not known is refused, and of a run its pods are taken too, by the strictest
    Pod Security standard."""
    if manifest.place in REFUSED:
        with pytest.raises(RefusedError):
            take(kubectl, manifest.document)
        return
    group = manifest.document["apiVersion"].rpartition("/")[0]
    try:
        take(kubectl, manifest.document)
    except RefusedError as error:
        if group not in LACKING or "no matches for kind" not in str(error):
            raise
        metadata = manifest.document.get("metadata", {})
        named = group == "kustomize.config.k8s.io" or metadata.get("name")
        assert named, f"{manifest}: it has no name"
        return
    if manifest.kind != "RingRun":
        return
    spec = spec_of(manifest)
    owner = Owner(name=spec.name, namespace=kubectl.namespace, uid="none", mark="none")
    settings = resolve(spec.template, Defaults(image="ringrun:1"))
    for node in (SlaveId(0, 1), MasterId(0, 1)):
        built = pod(owner, spec, node, settings, "none")
        for each in ELSEWHERE:
            built["spec"].pop(each, None)
        take(kubectl, built)


def test_runs_that_need_nothing_of_the_cluster_agree(kubectl: Kubectl) -> None:
    """Not only taken: run. An expectation may be missed on a slow machine."""
    names = []
    for manifest in FOUND:
        if manifest.kind != "RingRun" or manifest.place in REFUSED:
            continue
        spec = spec_of(manifest)
        short = spec.nodes <= 8 and spec.send + spec.grace <= 5
        if not short or spec.template or manifest.document["spec"].get("suspend"):
            continue
        name = f"page-{len(names)}"
        kubectl.apply({**manifest.document, "metadata": {"name": name}})
        names.append(name)
    assert names
    for name in names:
        assert runs.finish(kubectl, name)["verdict"] == "Agreed"
