"""The pods of a run, compared as whole objects, and held to the strictest Pod Security standard."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import msgspec
import pytest

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.spec import RunSpec
from ringrun_operator.objects.owner import Object, Owner
from ringrun_operator.objects.pods import pod
from ringrun_operator.objects.settings import Defaults, Settings, resolve

OWNER = Owner(name="demo", namespace="lab", uid="u-1")
DEFAULTS = Defaults(image="ringrun:1")
DOCKERFILE = Path(__file__).parents[4] / "Dockerfile"
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
                "istio.io/dataplane-mode": "none",
                "kuma.io/sidecar-injection": "disabled",
            },
            "annotations": {
                "sidecar.istio.io/inject": "false",
                "linkerd.io/inject": "disabled",
                "kuma.io/sidecar-injection": "disabled",
                "consul.hashicorp.com/connect-inject": "false",
                "dapr.io/enabled": "false",
                "kubectl.kubernetes.io/default-container": "slave",
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
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {
                                        "key": "kubernetes.io/os",
                                        "operator": "In",
                                        "values": ["linux"],
                                    },
                                    {
                                        "key": "kubernetes.io/arch",
                                        "operator": "In",
                                        "values": ["amd64", "arm64"],
                                    },
                                ]
                            }
                        ]
                    }
                }
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
                        "defaultMode": 0o444,
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
    assert values["RINGRUN_RUN_UID"] == "u-1"
    assert values["RINGRUN_ORDERS"] == "demo-orders-u-1"
    assert values["RINGRUN_RESULT"] == "demo-result"


TEMPLATE: dict[str, Any] = {
    "image": "other:2",
    "imagePullPolicy": "Never",
    "imagePullSecrets": [{"name": "pull"}],
    "resources": {"limits": {"memory": "1Gi"}},
    "nodeSelector": {"pool": "ring"},
    "affinity": {"podAntiAffinity": {}},
    "schedulerName": "batch",
    "runtimeClassName": "gvisor",
    "schedulingGates": [{"name": "example.com/queue"}],
    "podSecurityContext": {"fsGroup": 2000, "seccompProfile": {"type": "Unconfined"}},
    "securityContext": {"runAsUser": 1000, "capabilities": {"add": ["NET_BIND_SERVICE"]}},
    "terminationGracePeriodSeconds": 30,
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["registry.lab"]}],
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["10.0.0.2"]},
    "serviceAccountName": "runner",
    "automountServiceAccountToken": True,
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
    passed = ("imagePullSecrets", "nodeSelector", "priorityClassName", "schedulerName")
    passed += ("runtimeClassName", "schedulingGates", "terminationGracePeriodSeconds")
    for key in (*passed, "hostAliases", "dnsPolicy", "dnsConfig"):
        assert inner[key] == TEMPLATE[key]
    assert inner["affinity"]["podAntiAffinity"] == {}
    (constraint,) = inner["topologySpreadConstraints"]
    assert TEMPLATE["topologySpreadConstraints"][0].items() <= constraint.items()
    assert inner["tolerations"][-1] == TEMPLATE["tolerations"][0]
    assert len(inner["tolerations"]) == 3
    assert inner["volumes"][-1] == TEMPLATE["volumes"][0]
    assert container["volumeMounts"][-1] == TEMPLATE["volumeMounts"][0]
    assert (container["image"], container["imagePullPolicy"]) == ("other:2", "Never")
    assert container["resources"] == TEMPLATE["resources"]
    assert built["metadata"]["labels"]["team"] == "network"
    assert built["metadata"]["annotations"]["linkerd.io/inject"] == "enabled"
    assert {"name": "RINGRUN_JOURNAL", "value": "/journal"} in container["env"]


def test_slaves_have_the_account_that_the_template_names_and_masters_their_own() -> None:
    """A master's rights are the run's business; a slave asks the API server for nothing."""
    slave = built_of(run_spec(template=TEMPLATE), SLAVE)["spec"]
    assert slave["serviceAccountName"] == "runner"
    assert slave["automountServiceAccountToken"] is True
    master = built_of(run_spec(template=TEMPLATE), MASTER)["spec"]
    assert master["serviceAccountName"] == OWNER.account_name
    unasked = built_of(run_spec(template={"automountServiceAccountToken": False}), MASTER)
    assert unasked["spec"]["automountServiceAccountToken"] is True
    named = built_of(run_spec(template={"serviceAccountName": "runner"}), SLAVE)["spec"]
    assert named["automountServiceAccountToken"] is False


def test_security_contexts_are_merged_over_those_of_the_restricted_standard() -> None:
    """What is given is taken as it is; what is not given stays as strict as it was."""
    inner = built_of(run_spec(template=TEMPLATE), SLAVE)["spec"]
    assert inner["securityContext"] == {
        "runAsNonRoot": True,
        "fsGroup": 2000,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "Unconfined"},
    }
    assert inner["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        "runAsUser": 1000,
    }


@pytest.mark.parametrize(
    ("template", "pods", "containers"),
    [
        ({"podSecurityContext": {"runAsUser": 0}}, {"runAsUser": 0}, {}),
        (
            {"podSecurityContext": {"runAsUser": 0, "runAsNonRoot": True}},
            {"runAsUser": 0, "runAsNonRoot": True},
            {},
        ),
        (
            {"securityContext": {"runAsUser": 0}},
            {"runAsNonRoot": True},
            {"runAsUser": 0, "runAsNonRoot": False},
        ),
    ],
    ids=str,
)
def test_root_is_had_by_asking_for_it(
    template: dict[str, Any], pods: dict[str, Any], containers: dict[str, Any]
) -> None:
    """Ours beside it would be a container that never starts; what a template says itself stands."""
    inner = built_of(run_spec(template=template), SLAVE)["spec"]
    users = ("runAsUser", "runAsNonRoot")
    assert {k: v for k, v in inner["securityContext"].items() if k in users} == pods
    context = inner["containers"][0]["securityContext"]
    assert {k: v for k, v in context.items() if k in users} == containers


@pytest.mark.parametrize(
    "context", [{"privileged": True}, {"capabilities": {"add": ["SYS_ADMIN"]}}], ids=str
)
def test_rights_that_bring_others_with_them_are_not_contradicted(context: dict[str, Any]) -> None:
    """The API server refuses a privileged container that may not gain rights."""
    inner = built_of(run_spec(template={"securityContext": context}), SLAVE)["spec"]
    assert "allowPrivilegeEscalation" not in inner["containers"][0]["securityContext"]


def test_no_user_is_named_and_whoever_it_is_can_read_the_token() -> None:
    """The image's own non-root user stands, or one that a policy assigns, with a group or none."""
    for node in (SLAVE, MASTER):
        inner = built_of(run_spec(), node)["spec"]
        named = {*inner["securityContext"], *inner["containers"][0]["securityContext"]}
        assert not named & {"runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"}
        assert inner["securityContext"]["runAsNonRoot"] is True
        (volume,) = inner["volumes"]
        assert volume["secret"]["defaultMode"] & 0o444 == 0o444
    # A number, or the kubelet cannot tell that it is not root.
    assert re.search(r"^USER [1-9][0-9]*(:[0-9]+)?$", DOCKERFILE.read_text(), re.MULTILINE)


def test_settings_that_an_operator_before_this_one_kept_go_on() -> None:
    """A run keeps what it began with; what was kept had a template for each role, and no more."""
    kept = b'{"slaves":{"image":"a:1","imagePullPolicy":"Always"},"masters":{"image":"b:1",'
    kept += b'"imagePullPolicy":"Never","labels":{"team":"x"}}}'
    settings = msgspec.json.decode(kept, type=Settings)
    built = [pod(OWNER, run_spec(), node, settings, "l-1") for node in (SLAVE, MASTER)]
    images = [each["spec"]["containers"][0]["image"] for each in built]
    assert images == ["a:1", "b:1"]
    assert built[1]["metadata"]["labels"]["team"] == "x"


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
    if not template:
        assert inner["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in inner["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"]["drop"] == ["ALL"]
        assert context["readOnlyRootFilesystem"] is True


def test_kubectl_logs_means_the_node_whatever_is_injected() -> None:
    """Else they are those of whichever container comes first."""
    for node, role in ((SLAVE, "slave"), (MASTER, "master")):
        annotations = built_of(run_spec(), node)["metadata"]["annotations"]
        assert annotations["kubectl.kubernetes.io/default-container"] == role
