"""The objects of a run that are no pods, built from values alone, and what is read out of them.

`decide.plan` asks for them, `act.cluster` makes them. The orders' ConfigMap carries the operator's
own memory too (`Ledger`): the operator itself keeps nothing. Leaves out: what a report or record
says (`ringrun.report`, `ringrun.core.record`), and how the Lease holds the record
(`ringrun.record`).
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringrun.core.orders import ORDERS_KEY, Orders
from ringrun.spec import RunSpec
from ringrun_operator import names
from ringrun_operator.objects.owner import Object, Owner
from ringrun_operator.objects.settings import Settings

SPEC_KEY: Final = "spec.json"
LEDGER_KEY: Final = "ledger.json"
PODS_KEY: Final = "pods.json"


class Ledger(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the operator must not forget, beside the orders. Times are seconds since 1970.

    `record_uid` is the Lease's: another one under its name is not the record; while it is empty,
    what pods need is still being made. `mark` is the part of some names that was chosen then.
    `masters` are the last incarnations of the master places, `masters_seen` the last whose pod was
    there: what was there once is never made again under its name; `masters_ended` is when those
    that have ended were first seen to have. `started` is when the start clock began, None while
    suspended; while pods are `gated` it stands still since then. The others are when that was first
    seen.
    """

    record_uid: str = ""
    mark: str = ""
    masters: tuple[int, ...] = ()
    masters_seen: tuple[int, ...] = ()
    masters_ended: dict[str, float] = {}
    started: float | None = None
    gated: float | None = None
    stop_ordered: float | None = None
    send_seen: float | None = None
    grace_seen: float | None = None
    alone: float | None = None
    finished: float | None = None


def secret(owner: Owner, token: bytes) -> Object:
    """The run's token, with which every connection is authenticated. Never changed, never read.

    Its key is the run's uid: a kubelet may still keep the Secret that a run of the same name had,
    and would mount another token than the next kubelet; a key that it lacks makes it wait for ours.
    For the same reason it is not immutable: such a one is kept for as long as a pod refers to it.
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": owner.metadata(owner.token_name, names.labels(owner.name)),
        "type": "Opaque",
        "data": {owner.uid: base64.b64encode(token).decode()},
    }


def access(owner: Owner) -> tuple[Object, Object, Object]:
    """The masters' account and its rights: three objects, by name, and nothing of the RingRun."""
    name = owner.account_name
    metadata = owner.metadata(name, names.labels(owner.name))
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata,
        "automountServiceAccountToken": False,
    }
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": [
            # update alone, never patch: a write of the record that compares nothing is impossible.
            _rule("coordination.k8s.io", "leases", names.lease_name(owner.name), write=True),
            _rule("", "configmaps", owner.orders_name, write=False),
            _rule("", "configmaps", names.result_name(owner.name), write=True),
        ],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": owner.namespace}],
    }
    return account, role, binding


def _rule(group: str, resource: str, name: str, *, write: bool) -> Object:
    verbs = ["get", "list", "watch", *(("update",) if write else ())]
    return {"apiGroups": [group], "resources": [resource], "resourceNames": [name], "verbs": verbs}


def lease(owner: Owner) -> Object:
    """The record before anyone led: a Lease that nobody holds."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": owner.metadata(names.lease_name(owner.name), names.labels(owner.name)),
        "spec": {},
    }


def result_map(owner: Owner) -> Object:
    """Where the leader writes the report; empty until it does."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": owner.metadata(names.result_name(owner.name), names.labels(owner.name)),
    }


def orders_map(
    owner: Owner,
    spec: RunSpec,
    orders: Orders,
    ledger: Ledger,
    settings: Settings,
    version: str | None,
) -> Object:
    """The orders as they are kept; with the resourceVersion that they replace, if any."""
    metadata = owner.metadata(owner.orders_name, names.labels(owner.name))
    if version is not None:
        metadata["resourceVersion"] = version
    document = spec.as_document()
    document.pop("template", None)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {
            ORDERS_KEY: _json(orders),
            SPEC_KEY: _json(document),
            LEDGER_KEY: _json(ledger),
            PODS_KEY: _json(settings),
        },
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def read_orders(config_map: Mapping[str, Any] | None) -> tuple[Orders, Ledger] | None:
    """What an orders' ConfigMap holds; None if there is none, or it cannot be read: it is then
    made again from the pods and the record."""
    data = (config_map or {}).get("data") or {}
    try:
        return (
            msgspec.json.decode(data[ORDERS_KEY], type=Orders),
            msgspec.json.decode(data[LEDGER_KEY], type=Ledger),
        )
    except (KeyError, msgspec.DecodeError):
        return None


def had_record(config_map: Mapping[str, Any] | None) -> bool:
    """Whether there was a record when these orders were kept."""
    kept = read_orders(config_map)
    return kept is not None and bool(kept[1].record_uid)


def read_settings(config_map: Mapping[str, Any] | None) -> Settings | None:
    """How the run's pods are set up, as an orders' ConfigMap holds it; None if it does not."""
    data = (config_map or {}).get("data") or {}
    try:
        return msgspec.json.decode(data[PODS_KEY], type=Settings)
    except (KeyError, msgspec.DecodeError):
        return None
