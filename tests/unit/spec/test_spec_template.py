"""The rules of spec.template: what would only fail pod by pod is told once, by its place."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ringrun.spec.template import TEMPLATE
from ringrun_operator.objects import pods

FULL: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "e2e/crd/full.yaml").read_text())


def faults(template: Any) -> list[str]:
    return [text for _, text in TEMPLATE.faults(template, ("spec", "template"))]


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ({"hostNetwork": True}, "hostNetwork is unknown"),
        ({"initContainers": []}, "initContainers is unknown"),
        (
            {"imagePullPolicy": "always"},
            "imagePullPolicy must be one of Always, IfNotPresent, "
            'Never, got "always"; did you mean Always?',
        ),
        ({"imagePullSecrets": ["pull"]}, 'imagePullSecrets[0] must be a mapping, got "pull"'),
        ({"imagePullSecrets": [{}]}, "imagePullSecrets[0].name is missing"),
        ({"resources": {"limit": {}}}, "resources.limit is unknown; did you mean limits?"),
        (
            {"resources": {"limits": {"cpu": "lots"}}},
            'resources.limits.cpu must be a quantity such as 250m or 128Mi, got "lots"',
        ),
        ({"nodeSelector": {"pool": True}}, "nodeSelector.pool must be a string, got true"),
        (
            {"labels": {"team": "a b"}},
            "labels.team must be letters, digits, '-', '_' and '.', "
            'a letter or digit first and last, got "a b"',
        ),
        (
            {"labels": {"te am": "a"}},
            'labels.te am must be a key such as team or example.com/team, got "te am"',
        ),
        ({"labels": {"team": "x" * 64}}, "labels.team must be at most 63 characters, got 64"),
        ({"annotations": {"on": True}}, "annotations.on must be a string, got true"),
        ({"env": [{"name": "A=B"}]}, "env[0].name must be printable, without '=', got \"A=B\""),
        ({"env": [{"name": "A", "valu": "b"}]}, "env[0].valu is unknown; did you mean value?"),
        ({"env": [{"name": "A"}, {"name": "A"}]}, 'env[1] has the name of another item, "A"'),
        (
            {"env": [{"name": "A", "value": "b", "valueFrom": {"fieldRef": {}}}]},
            "env[0].valueFrom must be left out where there is a value",
        ),
        ({"env": [{"name": "A", "valueFrom": {}}]}, "env[0].valueFrom must name one source, got 0"),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldref": {}}}]},
            "env[0].valueFrom.fieldref is unknown; did you mean fieldRef?",
        ),
        ({"volumes": [{"name": "a"}]}, "volumes[0] must name one source, got 0"),
        (
            {"volumes": [{"name": "a", "emptyDir": {}, "secret": {}}]},
            "volumes[0] must name one source, got 2",
        ),
        (
            {"volumes": [{"name": "a", "emptydir": {}}]},
            "volumes[0].emptydir is unknown; did you mean emptyDir?",
        ),
        (
            {"volumes": [{"name": "a", "hostPath": "/x"}]},
            'volumes[0].hostPath must be a mapping, got "/x"',
        ),
        (
            {"volumes": [{"name": "ringrun-token", "emptyDir": {}}]},
            "volumes[0].name must be another than ringrun-token, which is the run's own",
        ),
        (
            {"volumeMounts": [{"name": "a", "mountPath": "/var/run/ringrun"}]},
            "volumeMounts[0].mountPath must be another than /var/run/ringrun, "
            "which is the run's own",
        ),
        (
            {
                "volumeMounts": [
                    {"name": "a", "mountPath": "/a", "subPath": "b", "subPathExpr": "c"}
                ]
            },
            "volumeMounts[0].subPathExpr must be left out where there is a subPath",
        ),
        (
            {"tolerations": [{"key": "a", "tolerationSeconds": 3}]},
            "tolerations[0].tolerationSeconds goes with effect NoExecute alone",
        ),
        (
            {"tolerations": [{"effect": "NoSchedule"}]},
            "tolerations[0].key is missing; only operator Exists does without",
        ),
        (
            {"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]},
            "tolerations[0].value must be left out with operator Exists",
        ),
        (
            {"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 0}]},
            "topologySpreadConstraints[0].maxSkew must be at least 1, got 0",
        ),
        (
            {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecuton": {}}}},
            "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecuton is unknown; "
            "did you mean requiredDuringSchedulingIgnoredDuringExecution?",
        ),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}
                    }
                }
            },
            "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
            "nodeSelectorTerms must not be empty",
        ),
        (
            {"podSecurityContext": {"runAsUser": -1}},
            "podSecurityContext.runAsUser must be between 0 and 2147483647, got -1",
        ),
        (
            {"podSecurityContext": {"readOnlyRootFilesystem": True}},
            "podSecurityContext.readOnlyRootFilesystem belongs in securityContext",
        ),
        (
            {"securityContext": {"fsGroup": 1}},
            "securityContext.fsGroup belongs in podSecurityContext",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            "securityContext.seccompProfile.localhostProfile is missing",
        ),
        (
            {
                "securityContext": {
                    "seccompProfile": {"type": "Unconfined", "localhostProfile": "a"}
                }
            },
            "securityContext.seccompProfile.localhostProfile goes with type Localhost alone",
        ),
        (
            {"terminationGracePeriodSeconds": "30s"},
            'terminationGracePeriodSeconds must be an integer, got "30s"',
        ),
        (
            {"terminationGracePeriodSeconds": -1},
            "terminationGracePeriodSeconds must be between 0 and 2147483647, got -1",
        ),
        (
            {"hostAliases": [{"ip": "registry"}]},
            'hostAliases[0].ip must be an IP address, got "registry"',
        ),
        ({"schedulingGates": ["gate"]}, 'schedulingGates[0] must be a mapping, got "gate"'),
        (
            {"serviceAccountName": "My Account"},
            "serviceAccountName must be lower-case letters, "
            'digits, dashes and dots, the name of an object, got "My Account"',
        ),
        (
            {"masters": {"serviceAccountName": "x"}},
            "masters.serviceAccountName is for slaves "
            "alone: a master has an account of the run's own",
        ),
        ({"slaves": {"imge": "x"}}, "slaves.imge is unknown; did you mean image?"),
        ({"masters": {"masters": {}}}, "masters.masters is unknown"),
        ({"slaves": []}, "slaves must be a mapping, got a list"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_told_by_its_place(template: dict[str, Any], fault: str) -> None:
    assert f"spec.template.{fault}" in faults(template)


def test_all_is_told_at_once() -> None:
    """A line for each fault, however deep."""
    wrong = {"labels": {"a": 1, "b": 2}, "slaves": {"env": [{"valu": 1}]}, "imge": "x"}
    assert len(faults(wrong)) == 5


def test_every_setting_together_is_right() -> None:
    """The one that the tests on a cluster apply."""
    template = FULL["spec"]["template"]
    assert faults(template) == []
    assert template.keys() == TEMPLATE.fields.keys()


@pytest.mark.parametrize(
    "template",
    [
        {"affinity": {"podAntiAffinity": {}}},
        {"priorityClassName": "", "image": None, "labels": None},
        {"volumes": [{"name": "a", "brandNewKindOfVolume": {}}]},
        {"resources": {"requests": {"cpu": 2, "memory": "1e3", "example.com/gpu": "1"}}},
        {"tolerations": [{"operator": "Exists"}]},
        {"nodeSelector": {"node-role.kubernetes.io/worker": ""}},
        {"slaves": {}, "masters": {}},
    ],
    ids=str,
)
def test_what_the_api_server_takes_is_not_refused(template: dict[str, Any]) -> None:
    """What was let in once has to go on, and Kubernetes knows more than we do."""
    assert faults(template) == []


def test_what_is_reserved_is_what_pods_have() -> None:
    """The operator's own volume and folder."""
    assert str(Path(pods.TOKEN_FILE).parent) == "/var/run/ringrun"
