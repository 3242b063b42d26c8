"""How the objects of a run are called and labelled, and back: from a pod to the node that it is.

Used by every other module here. Names that users type are made from the run's name alone, so that
making an object twice is refused by the API server, and a restarted operator finds what it made.
The others have a part that nobody can have taken: of the run's uid, or a mark of the moment, which
is kept with the orders.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from ringrun import __version__
from ringrun.core.node import MasterId, NodeId, parse

DEFAULT_IMAGE: Final = f"ghcr.io/ringrun/ringrun:{__version__}"
"""What pods run if the operator is told of no other."""

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


def role_of(node: NodeId) -> Role:
    """What the pod of this node is."""
    return Role.MASTER if isinstance(node, MasterId) else Role.SLAVE


def number_of(node: NodeId) -> int:
    """A slave's ordinal, or a master's place."""
    return node.number if isinstance(node, MasterId) else node.ordinal


def pod_name(run: str, node: NodeId) -> str:
    """The name of the pod that is this start of this node."""
    return f"{run}-{node}"


def pod_node(run: str, name: str) -> NodeId | None:
    """The node whose pod of this run has that name; None if it is none."""
    return parse(name.removeprefix(f"{run}-")) if name.startswith(f"{run}-") else None


def master_place(holder: str) -> str:
    """Of a holder (m0-1, unique for each start of a process) the master that people know: m0.

    What somebody else wrote into a lease is shown as it is.
    """
    master = MasterId.parse(holder)
    return holder if master is None else master.place


def lease_name(run: str) -> str:
    """The Lease that holds the record."""
    return run


def orders_name(run: str, uid: str) -> str:
    """The ConfigMap of the orders."""
    return f"{run}-orders-{uid[:8]}"


def plain_orders_name(run: str) -> str:
    """The same of a run that version 0.1.0 took up."""
    return f"{run}-orders"


def result_name(run: str) -> str:
    """The ConfigMap of the report."""
    return f"{run}-result"


def token_name(run: str, mark: str) -> str:
    """The Secret of the run's token; `mark` is empty for a run that version 0.1.0 took up."""
    return f"{run}-token-{mark}" if mark else f"{run}-token"


def master_account(run: str, mark: str) -> str:
    """ServiceAccount, Role and RoleBinding of a run's masters; `mark` as in `token_name`."""
    return f"{run}-master-{mark}" if mark else f"{run}-master"


def labels(run: str) -> dict[str, str]:
    """What every object of a run bears."""
    return {
        "app.kubernetes.io/name": "ringrun",
        "app.kubernetes.io/instance": run,
        MANAGED_BY_LABEL: MANAGER,
        RUN_LABEL: run,
    }


def pod_labels(run: str, node: NodeId) -> dict[str, str]:
    """What a pod bears besides."""
    return {
        **labels(run),
        "app.kubernetes.io/component": role_of(node).value,
        ROLE_LABEL: role_of(node).value,
        ORDINAL_LABEL: str(number_of(node)),
        INCARNATION_LABEL: str(node.incarnation),
    }


def run_of(metadata: Mapping[str, Any]) -> str:
    """The name of the run that an object belongs to; empty if it is none of ours."""
    found = metadata.get("labels", {}).get(RUN_LABEL, "")
    return found if isinstance(found, str) else ""
