"""How the objects of a run are called and labelled, and back: from a pod to the node that it is.

Used by every other module here. Names are made from the run's name alone, so that making an object
twice is refused by the API server, and a restarted operator finds what it made.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

GROUP: Final = "ringrun.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "RingRun"
PLURAL: Final = "ringruns"

RUN_LABEL: Final = f"{GROUP}/run"
ROLE_LABEL: Final = f"{GROUP}/role"
ORDINAL_LABEL: Final = f"{GROUP}/ordinal"
INCARNATION_LABEL: Final = f"{GROUP}/incarnation"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "ringrun-operator"

# What the operator watches: its own objects, chosen by the API server.
SELECTOR: Final = f"{MANAGED_BY_LABEL}={MANAGER}"


class Role(StrEnum):
    """What a pod of a run is."""

    SLAVE = "slave"
    MASTER = "master"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PodId:
    """Which node, and which start of it, a pod is; `number` is a slave's ordinal or a master's
    place."""

    role: Role
    number: int
    incarnation: int

    @property
    def node(self) -> str:
        """As journals and records call it: s0-1, m0-1."""
        return f"{self.role[0]}{self.number}-{self.incarnation}"


_POD: Final = re.compile(r"-([sm])([0-9]{1,9})-([0-9]{1,9})")


def pod_name(run: str, pod: PodId) -> str:
    """The name of the pod that is this start of this node."""
    return f"{run}-{pod.node}"


def pod_id(run: str, name: str) -> PodId | None:
    """The node whose pod of this run has that name; None if it is none."""
    match = _POD.fullmatch(name.removeprefix(run)) if name.startswith(run) else None
    if match is None:
        return None
    role = Role.SLAVE if match[1] == "s" else Role.MASTER
    return PodId(role=role, number=int(match[2]), incarnation=int(match[3]))


def master_place(holder: str) -> str:
    """Of a holder (m0-1, unique for each start of a process) the master that people know: m0."""
    return holder.rpartition("-")[0]


def lease_name(run: str) -> str:
    """The Lease that holds the record."""
    return run


def orders_name(run: str) -> str:
    """The ConfigMap of the orders."""
    return f"{run}-orders"


def result_name(run: str) -> str:
    """The ConfigMap of the report."""
    return f"{run}-result"


def token_name(run: str) -> str:
    """The Secret of the run's token."""
    return f"{run}-token"


def master_account(run: str) -> str:
    """ServiceAccount, Role and RoleBinding of a run's masters."""
    return f"{run}-master"


def labels(run: str) -> dict[str, str]:
    """What every object of a run bears."""
    return {
        "app.kubernetes.io/name": "ringrun",
        "app.kubernetes.io/instance": run,
        MANAGED_BY_LABEL: MANAGER,
        RUN_LABEL: run,
    }


def pod_labels(run: str, pod: PodId) -> dict[str, str]:
    """What a pod bears besides."""
    return {
        **labels(run),
        "app.kubernetes.io/component": pod.role.value,
        ROLE_LABEL: pod.role.value,
        ORDINAL_LABEL: str(pod.number),
        INCARNATION_LABEL: str(pod.incarnation),
    }


def run_of(metadata: Mapping[str, Any]) -> str:
    """The name of the run that an object belongs to; empty if it is none of ours."""
    found = metadata.get("labels", {}).get(RUN_LABEL, "")
    return found if isinstance(found, str) else ""
