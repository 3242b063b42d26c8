"""The pods of a run, built from values alone; `decide` says which, `act` makes them.

A pod is what a process is to a local run: it starts once, under a name that is never used again,
and is told all it needs by its arguments, environment and mounted token:

    ringrun _pod slave --ordinal 0 --incarnation 1
    ringrun _pod master --number 0 --incarnation 1

with RINGRUN_RUN, RINGRUN_SPEC (the resolved spec as JSON), RINGRUN_TOKEN_FILE, RINGRUN_ADDRESS (the
pod's own) and RINGRUN_PORT; masters also with RINGRUN_NAMESPACE, RINGRUN_LEASE, RINGRUN_ORDERS and
RINGRUN_RESULT (the three objects that they may touch), and RINGRUN_LEASE_UID (another Lease under
that name is not the record). The defaults that `spec.template` can override are here and nowhere
else.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringrun.core.node import NodeId
from ringrun.spec import RunSpec
from ringrun_operator import names
from ringrun_operator.names import Role, number_of, role_of
from ringrun_operator.objects.owner import Object, Owner
from ringrun_operator.objects.settings import Settings

Template = Mapping[str, Any]

SLAVE_PORT: Final = 10501
TOKEN_FILE: Final = "/var/run/ringrun/token"

# The image's own unprivileged user; a number, so that the kubelet can tell that it is not root.
USER: Final = 65532

# Enough for any run of moderate size, and nothing is cut off: a limit would end or slow a slave in
# the middle of what is measured.
REQUESTS: Final = {"cpu": "100m", "memory": "96Mi"}

# A proxy between the pods would be what is measured.
NO_SIDECAR: Final = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"}

# A cluster node that is lost is left within seconds rather than after the usual five minutes.
LOST_NODE_SECONDS: Final = 2
TOLERATIONS: Final = tuple(
    {
        "key": f"node.kubernetes.io/{taint}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": LOST_NODE_SECONDS,
    }
    for taint in ("not-ready", "unreachable")
)

# A slave that is told to end serves on for up to 5 s, until a view without it (docs/protocol.md).
GRACE_SECONDS: Final = {Role.SLAVE: 10, Role.MASTER: 5}


def pod(owner: Owner, spec: RunSpec, node: NodeId, settings: Settings, record_uid: str) -> Object:
    """The pod of this start of this node. `record_uid` is that of the run's Lease."""
    template = settings.masters if role_of(node) is Role.MASTER else settings.slaves
    metadata = owner.metadata(
        names.pod_name(owner.name, node),
        # Ours win: the operator finds its pods by them.
        {**template.get("labels", {}), **names.pod_labels(owner.name, node)},
    )
    metadata["annotations"] = {**NO_SIDECAR, **template.get("annotations", {})}
    if "sidecar.istio.io/inject" not in template.get("labels", {}):
        metadata["labels"]["sidecar.istio.io/inject"] = "false"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": _pod_spec(owner, spec, node, template, record_uid),
    }


def _pod_spec(
    owner: Owner, spec: RunSpec, node: NodeId, template: Template, record_uid: str
) -> Object:
    master = role_of(node) is Role.MASTER
    built: Object = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": master,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS[role_of(node)],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            # So that a mounted volume can be written to.
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "tolerations": [*TOLERATIONS, *template.get("tolerations", ())],
        "topologySpreadConstraints": template.get(
            "topologySpreadConstraints", [_spread(owner.name, role_of(node))]
        ),
        "containers": [_container(owner, spec, node, template, record_uid)],
        "volumes": [
            {
                "name": "ringrun-token",
                "secret": {
                    "secretName": owner.token_name,
                    "items": [{"key": owner.uid, "path": "token"}],
                    "defaultMode": 0o440,
                },
            },
            *template.get("volumes", ()),
        ],
    }
    if master:
        built["serviceAccountName"] = owner.account_name
    for key in ("imagePullSecrets", "nodeSelector", "affinity", "priorityClassName"):
        if template.get(key):
            built[key] = template[key]
    return built


def _spread(run: str, role: Role) -> Object:
    """Over cluster nodes as evenly as it can be had: a ring on one of them would measure little."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {names.RUN_LABEL: run, names.ROLE_LABEL: role.value}},
    }


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
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
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
