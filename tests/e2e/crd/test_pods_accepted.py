"""Pods as the operator builds them, on a real API server: accepted whatever the template says.

By dry runs, which need neither node nor operator. The template of full.yaml has every setting; the
others have what contradicts the run's own settings.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl import Kubectl
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.spec import RunSpec
from ringrun_operator.objects.owner import Owner
from ringrun_operator.objects.pods import Object, pod
from ringrun_operator.objects.settings import Defaults, resolve

FULL: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "full.yaml").read_text())
TEMPLATE: dict[str, Any] = FULL["spec"]["template"]
NODES: tuple[NodeId, ...] = (SlaveId(0, 1), MasterId(0, 1))
RUNTIME_CLASS = {
    "apiVersion": "node.k8s.io/v1",
    "kind": "RuntimeClass",
    "metadata": {"name": TEMPLATE["runtimeClassName"]},
    "handler": "runc",
}


@pytest.fixture
def lab(kubectl: Kubectl) -> Iterator[Kubectl]:
    """A namespace that lets in all that a template can ask for, with what those pods refer to."""
    unrestricted = "pod-security.kubernetes.io/enforce=privileged"
    kubectl("label", "namespace", kubectl.namespace, "--overwrite", unrestricted)
    for account in (TEMPLATE["serviceAccountName"], owner(kubectl).account_name):
        kubectl("create", "serviceaccount", account)
    kubectl.apply(RUNTIME_CLASS)
    try:
        yield kubectl
    finally:
        kubectl("delete", "runtimeclass", TEMPLATE["runtimeClassName"], "--wait=false")


def owner(kubectl: Kubectl) -> Owner:
    return Owner(name="full", namespace=kubectl.namespace, uid="u-1")


def built(kubectl: Kubectl, template: dict[str, Any], node: NodeId) -> Object:
    spec = RunSpec.from_mapping({**FULL, "spec": {**FULL["spec"], "template": template}})
    settings = resolve(spec.template, Defaults(image="ringrun:1"))
    return pod(owner(kubectl), spec, node, settings, "l-1")


def accepted(kubectl: Kubectl, document: Object) -> dict[str, Any]:
    """The pod as the API server would keep it; no field of it may be unknown."""
    text = json.dumps(document)
    arguments = ("create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-")
    found: dict[str, Any] = json.loads(kubectl(*arguments, stdin=text))
    return found


def lost(kept: Any, built: Any, path: str = "") -> Iterator[str]:
    """What was built and not kept, beside the API server's own defaults; false may be left out."""
    if isinstance(built, dict) and isinstance(kept, dict):
        for key, value in built.items():
            yield from lost(kept.get(key), value, f"{path}.{key}")
    elif isinstance(built, list) and isinstance(kept, list):
        # The mount of an account's token and the like come after ours.
        for at, value in enumerate(built):
            yield from lost(kept[at] if at < len(kept) else None, value, f"{path}[{at}]")
    elif (kept or built) and str(kept) != str(built):
        yield f"{path}: {built!r} became {kept!r}"


@pytest.mark.parametrize("node", NODES, ids=str)
def test_a_pod_with_every_setting_is_accepted_and_kept(lab: Kubectl, node: NodeId) -> None:
    """Nothing of it is misspelt, contradicts the rest, or is dropped."""
    document = built(lab, TEMPLATE, node)
    kept = accepted(lab, document)
    assert not [*lost(kept["spec"], document["spec"])]
    for key in ("labels", "annotations"):
        assert kept["metadata"][key] == document["metadata"][key]


CONTRADICTIONS: list[dict[str, Any]] = [
    {},
    {"podSecurityContext": {"runAsUser": 0}},
    {"securityContext": {"runAsUser": 0}},
    {"securityContext": {"privileged": True}},
    {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    {"tolerations": [{"operator": "Exists"}]},
    {
        "tolerations": [
            {
                "key": "node.kubernetes.io/not-ready",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 600,
            }
        ]
    },
    {"nodeSelector": {"kubernetes.io/arch": "s390x"}},
    {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "matchLabelKeys": ["team"],
            }
        ],
        "labels": {"team": "a"},
    },
    {"labels": {"sidecar.istio.io/inject": "true"}},
    {"priorityClassName": "", "schedulerName": "", "runtimeClassName": ""},
    {"terminationGracePeriodSeconds": 0},
    {
        "podSecurityContext": {
            "seccompProfile": {"type": "Localhost", "localhostProfile": "profiles/ring.json"}
        },
        "slaves": {"podSecurityContext": {"seccompProfile": {"type": "Unconfined"}}},
    },
]


def test_what_is_given_and_what_is_the_runs_own_do_not_contradict_each_other(lab: Kubectl) -> None:
    """A pod that no API server takes would be asked for until the start deadline."""
    for template in CONTRADICTIONS:
        for node in NODES:
            document = built(lab, template, node)
            assert not [*lost(accepted(lab, document)["spec"], document["spec"])], template
