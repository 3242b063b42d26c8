"""`Known`: everything that is there of a run, read and understood; nothing is concluded yet.

Made by `know` once in a look, from the objects as they were last seen (`World`). The first of the
three values of a look; `decide.decided` makes the second of it, `decide.plan` the third.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ringrun.core.orders import Orders
from ringrun.core.record import Record
from ringrun.core.supervisor.roster import is_suspended
from ringrun.record.lease_object import read_record
from ringrun.report import Report
from ringrun.spec import RunSpec
from ringrun_operator.names import Role
from ringrun_operator.objects import reports, resources
from ringrun_operator.objects.pod_seen import PodSeen, see_pod
from ringrun_operator.objects.pods import Owner
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.objects.settings import Defaults, Settings, resolve
from ringrun_operator.times import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All objects of one run as they were last seen, none of another run of the same name.

    `lease` is None only if it is known not to be there. `refusals` are the API server's words for
    pods that it would not make, by name. `token` is used if a Secret is to be made.
    """

    run: Mapping[str, Any]
    pods: tuple[Mapping[str, Any], ...] = ()
    lease: Mapping[str, Any] | None = None
    orders: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    refusals: Mapping[str, str] = field(default_factory=dict)
    token: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A run as it is. `now` is seconds since 1970.

    `orders` and `ledger` are those that are kept, or the first if `kept` is None. `record` is None
    if it is lost. `report` is the complete one; `draft` what there is of it before, as a document.
    `pods` are in the order of their nodes.
    """

    world: World
    spec: RunSpec
    owner: Owner
    now: float
    pods: tuple[PodSeen, ...]
    kept: tuple[Orders, Ledger] | None
    orders: Orders
    ledger: Ledger
    settings: Settings
    record: Record | None
    report: Report | None
    draft: Mapping[str, Any] | None

    @property
    def is_new(self) -> bool:
        """Whether nothing was made yet."""
        world = self.world
        return world.lease is None and not (self.kept or self.pods or world.result)

    @property
    def generation(self) -> int:
        """Which version of the spec this is."""
        return int(self.world.run["metadata"].get("generation", 0))

    @property
    def before(self) -> Mapping[str, Any]:
        """The status as it is shown."""
        found: Mapping[str, Any] = self.world.run.get("status") or {}
        return found

    def of_role(self, role: Role) -> tuple[PodSeen, ...]:
        """The pods of slaves, or of masters."""
        return tuple(pod for pod in self.pods if pod.role is role)

    def is_suspended(self, orders: Orders) -> bool:
        """Whether, under these orders, the run is not to begin; one that has ended did."""
        return self.report is None and is_suspended(self.spec, orders, self.record)


def know(world: World, spec: RunSpec, defaults: Defaults, now: float) -> Known:
    """What these objects say. `spec` is the run's own; `defaults` count until settings are kept."""
    metadata = world.run["metadata"]
    owner = Owner(name=metadata["name"], namespace=metadata["namespace"], uid=metadata["uid"])
    found = (see_pod(owner.name, each) for each in world.pods)
    kept = resources.read_orders(world.orders)
    orders, ledger = kept or (Orders(), _first_ledger(world, spec, now))
    document = reports.read_report(world.result)
    report = reports.complete(document)
    return Known(
        world=world,
        spec=spec,
        owner=owner,
        now=now,
        pods=tuple(sorted((pod for pod in found if pod is not None), key=_order)),
        kept=kept,
        orders=orders,
        ledger=ledger,
        settings=resources.read_settings(world.orders) or resolve(spec.template, defaults),
        record=_record(world.lease, ledger),
        report=report,
        draft=document if report is None else None,
    )


def _first_ledger(world: World, spec: RunSpec, now: float) -> Ledger:
    created = seconds(world.run["metadata"].get("creationTimestamp"))
    return Ledger(
        record_uid=world.lease["metadata"]["uid"] if world.lease is not None else "",
        started=None if spec.suspend else created or now,
    )


def _record(lease: Mapping[str, Any] | None, ledger: Ledger) -> Record | None:
    """The record; None if it is lost: the Lease is gone, another, or holds no record."""
    if lease is None or lease["metadata"]["uid"] != ledger.record_uid:
        return None
    try:
        return read_record(lease)
    except msgspec.DecodeError:
        return None


def _order(pod: PodSeen) -> tuple[Role, int, int]:
    return (pod.role, pod.number, pod.node.incarnation)
