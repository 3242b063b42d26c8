"""The pods of a run, compared as whole objects, and held to the strictest Pod Security standard."""

from typing import Any

import kubernetes_validate
import msgspec
import pytest

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.spec import RunSpec
from ringrun_operator.objects.owner import Object, Owner
from ringrun_operator.objects.pods import pod
from ringrun_operator.objects.settings import Defaults, resolve

OWNER = Owner(name="demo", namespace="lab", uid="u-1")
DEFAULTS = Defaults(image="ringrun:1")
SLAVE = SlaveId(2, 3)
MASTER = MasterId(0, 1)


def built_of(spec: RunSpec, node: NodeId) -> Object:
    return pod(OWNER, spec, node, resolve(spec.template, DEFAULTS), "l-1")


def run_spec(**spec: Any) -> RunSpec:
    return RunSpec.from_document(spec, name="demo")


def test_a_slave_pod_is_exactly_this() -> None:
    """The whole object, so that nothing comes into it or goes out of it unseen."""
    spec = run_spec(nodes=3)
    built = built_of(spec, SLAVE)
    assert built == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "demo-s2-3",
            "namespace": "lab",
            "labels": {
                "app.kubernetes.io/name": "ringrun",
                "app.kubernetes.io/instance": "demo",
                "app.kubernetes.io/managed-by": "ringrun-operator",
                "app.kubernetes.io/component": "slave",
                "ringrun.dev/run": "demo",
                "ringrun.dev/role": "slave",
                "ringrun.dev/ordinal": "2",
                "ringrun.dev/incarnation": "3",
                "sidecar.istio.io/inject": "false",
            },
            "annotations": {
                "sidecar.istio.io/inject": "false",
                "linkerd.io/inject": "disabled",
            },
            "ownerReferences": [
                {
                    "apiVersion": "ringrun.dev/v1alpha1",
                    "kind": "RingRun",
                    "name": "demo",
                    "uid": "u-1",
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 10,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "fsGroup": 65532,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "tolerations": [
                {
                    "key": "node.kubernetes.io/not-ready",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 2,
                },
                {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 2,
                },
            ],
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {
                        "matchLabels": {"ringrun.dev/run": "demo", "ringrun.dev/role": "slave"}
                    },
                }
            ],
            "containers": [
                {
                    "name": "slave",
                    "image": "ringrun:1",
                    "imagePullPolicy": "IfNotPresent",
                    "command": [
                        *("ringrun", "_pod", "slave"),
                        *("--ordinal", "2", "--incarnation", "3"),
                    ],
                    "env": [
                        {"name": "RINGRUN_RUN", "value": "demo"},
                        {
                            "name": "RINGRUN_SPEC",
                            "value": msgspec.json.encode(
                                {k: v for k, v in spec.as_document().items() if k != "template"},
                                order="sorted",
                            ).decode(),
                        },
                        {"name": "RINGRUN_TOKEN_FILE", "value": "/var/run/ringrun/token"},
                        {"name": "RINGRUN_PORT", "value": "10501"},
                        {"name": "OPENBLAS_NUM_THREADS", "value": "1"},
                        {"name": "OMP_NUM_THREADS", "value": "1"},
                        {
                            "name": "RINGRUN_ADDRESS",
                            "valueFrom": {
                                "fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}
                            },
                        },
                    ],
                    "resources": {"requests": {"cpu": "100m", "memory": "96Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "ports": [{"name": "ring", "containerPort": 10501, "protocol": "TCP"}],
                    "startupProbe": {
                        "tcpSocket": {"port": "ring"},
                        "periodSeconds": 1,
                        "timeoutSeconds": 1,
                        "failureThreshold": 100_000,
                    },
                    "volumeMounts": [
                        {"name": "ringrun-token", "mountPath": "/var/run/ringrun", "readOnly": True}
                    ],
                }
            ],
            "volumes": [
                {
                    "name": "ringrun-token",
                    "secret": {
                        "secretName": "demo-token",
                        "items": [{"key": OWNER.uid, "path": "token"}],
                        "defaultMode": 0o440,
                    },
                }
            ],
        },
    }


def test_a_master_has_an_account_and_knows_its_three_objects() -> None:
    """It may reach the API server for the Lease and two ConfigMaps, and is asked by no probe."""
    built = built_of(run_spec(), MASTER)["spec"]
    assert built["serviceAccountName"] == "demo-master"
    assert built["automountServiceAccountToken"] is True
    (container,) = built["containers"]
    assert container["command"][2:] == ["master", "--number", "0", "--incarnation", "1"]
    assert not any("Probe" in key for key in container)
    values = {each["name"]: each.get("value") for each in container["env"]}
    assert values["RINGRUN_NAMESPACE"] == "lab"
    assert values["RINGRUN_LEASE"] == "demo"
    assert values["RINGRUN_LEASE_UID"] == "l-1"
    assert values["RINGRUN_ORDERS"] == "demo-orders-u-1"
    assert values["RINGRUN_RESULT"] == "demo-result"


TEMPLATE: dict[str, Any] = {
    "image": "other:2",
    "imagePullPolicy": "Never",
    "imagePullSecrets": [{"name": "pull"}],
    "resources": {"limits": {"memory": "1Gi"}},
    "nodeSelector": {"pool": "ring"},
    "affinity": {"podAntiAffinity": {}},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    ],
    "priorityClassName": "high",
    "labels": {"team": "network", "ringrun.dev/run": "mine"},
    "annotations": {"linkerd.io/inject": "enabled"},
    "env": [
        {"name": "RINGRUN_JOURNAL", "value": "/journal"},
        {"name": "RINGRUN_RUN", "value": "mine"},
    ],
    "volumes": [{"name": "journal", "emptyDir": {}}],
    "volumeMounts": [{"name": "journal", "mountPath": "/journal"}],
}


@pytest.mark.parametrize("identity", [SLAVE, MASTER], ids=str)
def test_the_template_is_passed_through(identity: NodeId) -> None:
    """Every setting of spec.template arrives in the pod, beside what the run itself needs."""
    built = built_of(run_spec(template=TEMPLATE), identity)
    inner = built["spec"]
    (container,) = inner["containers"]
    for key in ("imagePullSecrets", "nodeSelector", "affinity", "priorityClassName"):
        assert inner[key] == TEMPLATE[key]
    assert inner["topologySpreadConstraints"] == TEMPLATE["topologySpreadConstraints"]
    assert inner["tolerations"][-1] == TEMPLATE["tolerations"][0]
    assert len(inner["tolerations"]) == 3
    assert inner["volumes"][-1] == TEMPLATE["volumes"][0]
    assert container["volumeMounts"][-1] == TEMPLATE["volumeMounts"][0]
    assert (container["image"], container["imagePullPolicy"]) == ("other:2", "Never")
    assert container["resources"] == TEMPLATE["resources"]
    assert built["metadata"]["labels"]["team"] == "network"
    assert built["metadata"]["annotations"]["linkerd.io/inject"] == "enabled"
    assert {"name": "RINGRUN_JOURNAL", "value": "/journal"} in container["env"]


def test_what_the_run_needs_wins_over_the_template() -> None:
    """A template can neither hide a pod from the operator nor make it another run's."""
    built = built_of(run_spec(template=TEMPLATE), SLAVE)
    assert built["metadata"]["labels"]["ringrun.dev/run"] == "demo"
    env = built["spec"]["containers"][0]["env"]
    assert [each["value"] for each in env if each["name"] == "RINGRUN_RUN"] == ["demo"]
    # The spec travels without the pod's own settings.
    (told,) = (each["value"] for each in env if each["name"] == "RINGRUN_SPEC")
    assert "template" not in msgspec.json.decode(told)


def test_what_a_pod_is_told_is_the_run_itself() -> None:
    """The spec in the environment makes the very RunSpec that the operator has."""
    spec = run_spec(model="train", seed=2**63 - 1, expect={"minRate": 0.5}, activeDeadlineSeconds=9)
    env = built_of(spec, SLAVE)["spec"]["containers"][0]["env"]
    (told,) = (each["value"] for each in env if each["name"] == "RINGRUN_SPEC")
    assert RunSpec.from_document(msgspec.json.decode(told), name="demo") == spec


@pytest.mark.parametrize("identity", [SLAVE, MASTER], ids=str)
@pytest.mark.parametrize("template", [{}, TEMPLATE], ids=["bare", "template"])
def test_pods_are_of_the_api_servers_schema_and_restricted(
    identity: NodeId, template: dict[str, Any]
) -> None:
    """No field is misspelt, and Pod Security "restricted" has nothing to object to."""
    built = built_of(run_spec(template=template), identity)
    kubernetes_validate.validate(built, kubernetes_validate.latest_version(), strict=True)
    inner = built["spec"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(inner)
    assert inner["securityContext"]["runAsNonRoot"] is True
    assert inner["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in inner["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
