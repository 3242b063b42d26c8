"""The pods of a run, built from values alone; `decide` says which, `act` makes them.

A pod is what a process is to a local run: it starts once, under a name that is never used again,
and is told all it needs by its arguments, environment and mounted token:

    ringrun _pod slave --ordinal 0 --incarnation 1
    ringrun _pod master --number 0 --incarnation 1

with RINGRUN_RUN, RINGRUN_SPEC (the resolved spec as JSON), RINGRUN_TOKEN_FILE, RINGRUN_ADDRESS (the
pod's own) and RINGRUN_PORT; masters also with RINGRUN_NAMESPACE, RINGRUN_LEASE, RINGRUN_ORDERS and
RINGRUN_RESULT (the three objects that they may touch), RINGRUN_LEASE_UID (another Lease under that
name is not the record) and RINGRUN_RUN_UID (a ConfigMap that this run does not control is none of
its own). The defaults that `spec.template` can override are here and nowhere else.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringrun.core.node import NodeId
from ringrun.spec import RunSpec
from ringrun_operator import names
from ringrun_operator.names import Role, number_of, role_of
from ringrun_operator.objects.owner import Object, Owner
from ringrun_operator.objects.parts import placement
from ringrun_operator.objects.parts.meshes import switched_off
from ringrun_operator.objects.settings import Settings, merged

Template = Mapping[str, Any]

DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
SLAVE_PORT: Final = 10501
TOKEN_FILE: Final = "/var/run/ringrun/token"

# Enough for any run of moderate size, and nothing is cut off: a limit would end or slow a slave in
# the middle of what is measured.
REQUESTS: Final = {"cpu": "100m", "memory": "96Mi"}

# A user of its own is the image's business, or a policy's: a fixed one is refused by clusters that
# assign them. Nor is there a group for volumes by default; OnRootMismatch is for one that is given.
POD_SECURITY: Final = {
    "runAsNonRoot": True,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
SECURITY: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

# Whoever the container runs as has to read it, with a group for volumes or without; what mounts it
# is this container alone, and the kubelet's folder is root's.
TOKEN_MODE: Final = 0o444

# What a pod has under the same name, and the run nothing to say of.
PASSED: Final = (
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "schedulerName",
    "runtimeClassName",
    "schedulingGates",
    "hostAliases",
    "dnsPolicy",
    "dnsConfig",
)

# A slave that is told to end serves on for up to 5 s, until a view without it (docs/protocol.md).
GRACE_SECONDS: Final = {Role.SLAVE: 10, Role.MASTER: 5}


def pod(owner: Owner, spec: RunSpec, node: NodeId, settings: Settings, record_uid: str) -> Object:
    """The pod of this start of this node. `record_uid` is that of the run's Lease."""
    template = settings.masters if role_of(node) is Role.MASTER else settings.slaves
    labels, annotations = template.get("labels") or {}, template.get("annotations") or {}
    off_labels, off_annotations = switched_off(labels, annotations)
    metadata = owner.metadata(
        names.pod_name(owner.name, node),
        # Ours win: the operator finds its pods by them.
        {**off_labels, **labels, **names.pod_labels(owner.name, node)},
    )
    # Whatever is injected before it: `kubectl logs` and `kubectl exec` mean the node.
    shown = {DEFAULT_CONTAINER: role_of(node).value}
    metadata["annotations"] = {**off_annotations, **shown, **annotations}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": _pod_spec(owner, spec, node, template, record_uid),
    }


def _pod_spec(
    owner: Owner, spec: RunSpec, node: NodeId, template: Template, record_uid: str
) -> Object:
    role = role_of(node)
    built: Object = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": template.get("automountServiceAccountToken", False),
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": template.get(
            "terminationGracePeriodSeconds", GRACE_SECONDS[role]
        ),
        "securityContext": _pod_security(template),
        "affinity": placement.affinity(
            template.get("affinity") or {}, template.get("nodeSelector") or {}
        ),
        "tolerations": placement.tolerations(template.get("tolerations") or ()),
        "topologySpreadConstraints": placement.spread(
            template.get("topologySpreadConstraints"), owner.name, role
        ),
        "containers": [_container(owner, spec, node, template, record_uid)],
        "volumes": [
            {
                "name": "ringrun-token",
                "secret": {
                    "secretName": owner.token_name,
                    "items": [{"key": owner.uid, "path": "token"}],
                    "defaultMode": TOKEN_MODE,
                },
            },
            *template.get("volumes", ()),
        ],
    }
    if role is Role.MASTER:
        built["serviceAccountName"] = owner.account_name
        built["automountServiceAccountToken"] = True
    elif template.get("serviceAccountName"):
        built["serviceAccountName"] = template["serviceAccountName"]
    built |= {key: template[key] for key in PASSED if template.get(key)}
    return built


def _pod_security(template: Template) -> Object:
    given = template.get("podSecurityContext") or {}
    ours = {**POD_SECURITY}
    if given.get("runAsUser") == 0:
        # Asked for by name; the kubelet would refuse it.
        del ours["runAsNonRoot"]
    return merged(ours, given)


def _security(template: Template) -> Object:
    given = template.get("securityContext") or {}
    ours: Object = {**SECURITY}
    added = (given.get("capabilities") or {}).get("add") or ()
    if given.get("privileged") or {"SYS_ADMIN", "CAP_SYS_ADMIN"} & set(added):
        # What it brings with it; the API server would refuse the pod.
        del ours["allowPrivilegeEscalation"]
    if given.get("runAsUser") == 0:
        ours["runAsNonRoot"] = False
    return merged(ours, given)


def _container(
    owner: Owner, spec: RunSpec, node: NodeId, template: Template, record_uid: str
) -> Object:
    built: Object = {
        "name": role_of(node).value,
        "image": template["image"],
        "imagePullPolicy": template["imagePullPolicy"],
        "command": ["ringrun", "_pod", *_arguments(node)],
        "env": _environment(owner, spec, node, template, record_uid),
        "resources": template.get("resources", {"requests": dict(REQUESTS)}),
        "securityContext": _security(template),
        # A slave's result; of one that crashed, its last lines.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "ringrun-token", "mountPath": "/var/run/ringrun", "readOnly": True},
            *template.get("volumeMounts", ()),
        ],
    }
    if role_of(node) is Role.SLAVE:
        built["ports"] = [{"name": "ring", "containerPort": SLAVE_PORT, "protocol": "TCP"}]
        # Asked until it listens, and never again: no probe can end, or slow, a slave that is busy.
        # It gives up later than any start deadline.
        built["startupProbe"] = {
            "tcpSocket": {"port": "ring"},
            "periodSeconds": 1,
            "timeoutSeconds": 1,
            "failureThreshold": 100_000,
        }
    return built


def _arguments(node: NodeId) -> list[str]:
    number, incarnation = str(number_of(node)), str(node.incarnation)
    if role_of(node) is Role.SLAVE:
        return ["slave", "--ordinal", number, "--incarnation", incarnation]
    return ["master", "--number", number, "--incarnation", incarnation]


def _environment(
    owner: Owner, spec: RunSpec, node: NodeId, template: Template, record_uid: str
) -> list[Object]:
    document = spec.as_document()
    # Pod settings are the operator's business, and can be long.
    document.pop("template", None)
    values = {
        "RINGRUN_RUN": owner.name,
        "RINGRUN_SPEC": msgspec.json.encode(document, order="sorted").decode(),
        "RINGRUN_TOKEN_FILE": TOKEN_FILE,
        "RINGRUN_PORT": str(SLAVE_PORT),
        # numpy's threads would fight with the ring for the cores, and have nothing to do there.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    if role_of(node) is Role.MASTER:
        values |= {
            "RINGRUN_NAMESPACE": owner.namespace,
            "RINGRUN_LEASE": names.lease_name(owner.name),
            "RINGRUN_LEASE_UID": record_uid,
            "RINGRUN_RUN_UID": owner.uid,
            "RINGRUN_ORDERS": owner.orders_name,
            "RINGRUN_RESULT": names.result_name(owner.name),
        }
    ours: list[Object] = [{"name": name, "value": value} for name, value in values.items()]
    ours.append(
        {
            "name": "RINGRUN_ADDRESS",
            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}},
        }
    )
    taken = {each["name"] for each in ours}
    # A second value of one name is an error to server-side apply; the run's own has to win.
    return [*(each for each in template.get("env", ()) if each["name"] not in taken), *ours]
