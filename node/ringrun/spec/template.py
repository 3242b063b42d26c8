"""What `spec.template` may say: shapes of pod settings, as deep as a wrong one can be told here.

The API server has the last word on every pod; what is found here is told once and by its place,
rather than pod by pod. Nothing that it would accept is refused. deploy/crd.yaml says the same, and
a test holds the two together. Called by `checking` for a RingRun's template, and through `reading`
for the defaults that an operator is given.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final

from ringrun.spec.affinity import AFFINITY, LABEL, LABEL_KEY, LABEL_SELECTOR
from ringrun.spec.faults import Fault, Path, near, shown
from ringrun.spec.fields import Kind
from ringrun.spec.shapes import (
    Anything,
    Fields,
    Listed,
    Mapped,
    Quantity,
    Shape,
    Text,
    Whole,
    name_of,
)

# The run's own, beside which no pod can have another.
RESERVED_VOLUME: Final = "ringrun-token"
RESERVED_PATH: Final = "/var/run/ringrun"

_YES_OR_NO: Final = Anything(kind=Kind.BOOLEAN)
_DOTTED: Final = Text(
    longest=253,
    # Empty is not given, as in a pod.
    pattern=r"|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    says="lower-case letters, digits, dashes and dots, the name of an object",
)
_AMOUNTS: Final = Mapped(value=Quantity(), most=16)
_LABELS: Final = Mapped(value=LABEL, key=LABEL_KEY, most=64)
_ANNOTATIONS: Final = Mapped(value=Text(longest=4096), key=LABEL_KEY, most=64)
_ID: Final = Whole(low=0, high=2**31 - 1)
_SHORT: Final = Text(longest=253)


def _profile_rule(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    local, profile = value["type"] == "Localhost", value.get("localhostProfile")
    if local != bool(profile):
        rule = "is missing" if local else "goes with type Localhost alone"
        yield path, f"{name_of((*path, 'localhostProfile'))} {rule}"


_PROFILE: Final = Fields(
    fields={
        "type": Text(choices=("RuntimeDefault", "Unconfined", "Localhost")),
        "localhostProfile": Text(longest=1024),
    },
    required=("type",),
    rules=(_profile_rule,),
)
_SELINUX: Final = Fields(fields=dict.fromkeys(("user", "role", "type", "level"), _SHORT))

_BOTH: Final[dict[str, Shape]] = {
    "runAsUser": _ID,
    "runAsGroup": _ID,
    "runAsNonRoot": _YES_OR_NO,
    "seLinuxOptions": _SELINUX,
    "seccompProfile": _PROFILE,
    "appArmorProfile": _PROFILE,
}
_CAPABILITIES: Final = Listed(item=Text(longest=64), most=64)
_OF_PODS: Final[dict[str, Shape]] = {
    "fsGroup": _ID,
    "fsGroupChangePolicy": Text(choices=("OnRootMismatch", "Always")),
    "supplementalGroups": Listed(item=_ID, most=32),
    "supplementalGroupsPolicy": Text(choices=("Merge", "Strict")),
    "seLinuxChangePolicy": Text(choices=("MountOption", "Recursive")),
    "sysctls": Listed(
        item=Fields(fields={"name": _SHORT, "value": _SHORT}, required=("name", "value")), most=16
    ),
}
_OF_CONTAINERS: Final[dict[str, Shape]] = {
    "allowPrivilegeEscalation": _YES_OR_NO,
    "privileged": _YES_OR_NO,
    "readOnlyRootFilesystem": _YES_OR_NO,
    "capabilities": Fields(fields={"add": _CAPABILITIES, "drop": _CAPABILITIES}),
}
_POD_SECURITY: Final = Fields(
    fields={**_BOTH, **_OF_PODS},
    strangers=dict.fromkeys(_OF_CONTAINERS, "belongs in securityContext"),
)
_SECURITY: Final = Fields(
    fields={**_BOTH, **_OF_CONTAINERS},
    strangers=dict.fromkeys(_OF_PODS, "belongs in podSecurityContext"),
)


def _toleration_rule(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    exists = value.get("operator") == "Exists"
    if not value.get("key") and not exists:
        yield path, f"{name_of((*path, 'key'))} is missing; only operator Exists does without"
    if exists and value.get("value"):
        place = (*path, "value")
        yield place, f"{name_of(place)} must be left out with operator Exists"
    if value.get("tolerationSeconds") is not None and value.get("effect") != "NoExecute":
        place = (*path, "tolerationSeconds")
        yield place, f"{name_of(place)} goes with effect NoExecute alone"


_TOLERATION: Final = Fields(
    fields={
        "key": Text(longest=317),
        "operator": Text(choices=("Exists", "Equal")),
        "value": LABEL,
        "effect": Text(choices=("NoSchedule", "PreferNoSchedule", "NoExecute")),
        "tolerationSeconds": Whole(),
    },
    rules=(_toleration_rule,),
)

_SPREAD: Final = Fields(
    fields={
        "maxSkew": Whole(low=1),
        "topologyKey": Text(longest=317, shortest=1),
        "whenUnsatisfiable": Text(choices=("DoNotSchedule", "ScheduleAnyway")),
        "labelSelector": LABEL_SELECTOR,
        "matchLabelKeys": Listed(item=LABEL_KEY),
        "minDomains": Whole(low=1),
        "nodeAffinityPolicy": Text(choices=("Honor", "Ignore")),
        "nodeTaintsPolicy": Text(choices=("Honor", "Ignore")),
    },
    required=("maxSkew", "topologyKey", "whenUnsatisfiable"),
)


def _env_rule(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if value.get("value") and value.get("valueFrom"):
        place = (*path, "valueFrom")
        yield place, f"{name_of(place)} must be left out where there is a value"


def _one_of(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if len([each for each in value.values() if each is not None]) != 1:
        yield path, f"{name_of(path)} must name one source, got {len(value)}"


_VALUE_FROM: Final = Fields(
    fields=dict.fromkeys(
        ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"),
        Anything(),
    ),
    rules=(_one_of,),
)
_ENV: Final = Fields(
    fields={
        "name": Text(longest=128, shortest=1, pattern=r"[ -<>-~]+", says="printable, without '='"),
        "value": Text(longest=4096),
        "valueFrom": _VALUE_FROM,
    },
    required=("name",),
    rules=(_env_rule,),
)

_SOURCES: Final = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi"),
    *("downwardAPI", "emptyDir", "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk"),
    *("gitRepo", "glusterfs", "hostPath", "image", "iscsi", "nfs", "persistentVolumeClaim"),
    *("photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd", "scaleIO"),
    *("secret", "storageos", "vsphereVolume"),
)


def _volume_rule(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    sources = [key for key, each in value.items() if key != "name" and each is not None]
    if len(sources) != 1:
        yield path, f"{name_of(path)} must name one source, got {len(sources)}"
    for key in sources:
        if key not in _SOURCES and (hint := near(key, _SOURCES)):
            yield (*path, key), f"{name_of((*path, key))} is unknown{hint}"
        elif not isinstance(value[key], Mapping):
            place = (*path, key)
            yield place, f"{name_of(place)} must be a mapping, got {shown(value[key])}"


def _reserved(key: str, taken: str) -> Any:
    def rule(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
        if value.get(key) == taken:
            place = (*path, key)
            yield place, f"{name_of(place)} must be another than {taken}, which is the run's own"

    return rule


_VOLUME_NAME: Final = Text(
    longest=63,
    shortest=1,
    pattern=r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    says="lower-case letters, digits and dashes, no dash first or last",
)
# Kubernetes may have more kinds of volumes than we know.
_VOLUME: Final = Fields(
    fields={"name": _VOLUME_NAME},
    required=("name",),
    closed=False,
    rules=(_volume_rule, _reserved("name", RESERVED_VOLUME)),
)


def _mount_rule(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if value.get("subPath") and value.get("subPathExpr"):
        place = (*path, "subPathExpr")
        yield place, f"{name_of(place)} must be left out where there is a subPath"


_MOUNT: Final = Fields(
    fields={
        "name": _VOLUME_NAME,
        "mountPath": Text(longest=1024, shortest=1, pattern="[^:]+", says="a path without ':'"),
        "subPath": Text(longest=1024),
        "subPathExpr": Text(longest=1024),
        "readOnly": _YES_OR_NO,
    },
    required=("name", "mountPath"),
    rules=(_mount_rule, _reserved("mountPath", RESERVED_PATH)),
)


def _alias_rule(value: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    try:
        ip_address(value["ip"])
    except ValueError:
        place = (*path, "ip")
        yield place, f"{name_of(place)} must be an IP address, got {shown(value['ip'])}"


_ALIAS: Final = Fields(
    fields={"ip": Text(longest=45), "hostnames": Listed(item=_DOTTED, most=32)},
    required=("ip",),
    rules=(_alias_rule,),
)
_DNS: Final = Fields(
    fields={
        "nameservers": Listed(item=Text(longest=45), most=3),
        "searches": Listed(item=_SHORT, most=32),
        "options": Listed(
            item=Fields(fields={"name": _SHORT, "value": _SHORT}, required=("name",)), most=16
        ),
    }
)
_SECRET: Final = Fields(fields={"name": Text(longest=253, shortest=1)}, required=("name",))
_GATE: Final = Fields(fields={"name": LABEL_KEY}, required=("name",))

MASTERS: Final[dict[str, Shape]] = {
    "image": Text(longest=512, shortest=1),
    "imagePullPolicy": Text(choices=("Always", "IfNotPresent", "Never")),
    "imagePullSecrets": Listed(item=_SECRET, most=16, keys=("name",)),
    "resources": Fields(fields={"requests": _AMOUNTS, "limits": _AMOUNTS}),
    "nodeSelector": Mapped(value=LABEL, key=LABEL_KEY, most=32),
    "affinity": AFFINITY,
    "tolerations": Listed(item=_TOLERATION, most=32),
    "topologySpreadConstraints": Listed(
        item=_SPREAD, most=8, keys=("topologyKey", "whenUnsatisfiable")
    ),
    "priorityClassName": _DOTTED,
    "schedulerName": _DOTTED,
    "runtimeClassName": _DOTTED,
    "schedulingGates": Listed(item=_GATE, most=16, keys=("name",)),
    "podSecurityContext": _POD_SECURITY,
    "securityContext": _SECURITY,
    "terminationGracePeriodSeconds": Whole(low=0, high=2**31 - 1),
    "hostAliases": Listed(item=_ALIAS, most=32, keys=("ip",)),
    "dnsPolicy": Text(choices=("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")),
    "dnsConfig": _DNS,
    "labels": _LABELS,
    "annotations": _ANNOTATIONS,
    "env": Listed(item=_ENV, most=64, keys=("name",)),
    "volumes": Listed(item=_VOLUME, most=16, keys=("name",)),
    "volumeMounts": Listed(item=_MOUNT, most=16, keys=("mountPath",)),
}
"""Settings of every pod."""

SLAVES: Final[dict[str, Shape]] = {
    **MASTERS,
    "serviceAccountName": _DOTTED,
    "automountServiceAccountToken": _YES_OR_NO,
}
"""Those of slaves, which may have an account; a master has the run's own, and no other rights."""

TEMPLATE: Final = Fields(
    fields={
        **SLAVES,
        "slaves": Fields(fields=SLAVES),
        "masters": Fields(
            fields=MASTERS,
            strangers=dict.fromkeys(
                SLAVES.keys() - MASTERS.keys(),
                "is for slaves alone: a master has an account of the run's own",
            ),
        ),
    }
)
