"""`Known`: everything that is there of a run, read and understood; nothing is concluded yet.

Made by `know` once in a look, from the objects as they were last seen (`World`). The first of the
three values of a look; `decide.decided` makes the second of it, `decide.plan` the third.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

import msgspec

from ringrun.core.orders import Orders
from ringrun.core.record import Record
from ringrun.core.supervisor.roster import is_suspended
from ringrun.record.lease_object import read_record
from ringrun.report import Report
from ringrun.spec import RunSpec
from ringrun_operator import names
from ringrun_operator.names import Role
from ringrun_operator.objects import reports, resources
from ringrun_operator.objects.hanging import Said
from ringrun_operator.objects.owner import Owner
from ringrun_operator.objects.pod_seen import PodSeen, see_pod
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.objects.settings import Defaults, Settings, resolve
from ringrun_operator.times import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All objects of one run as they were last seen, none of another run of the same name.

    `lease` is None only if it is known not to be there. `refusals` are the API server's words for
    pods that it would not make, by name, and `refused` those for other objects, by kind and name;
    `taken` says whose an object is that has a name of this run, by its kind and name. `pod_events`
    are the last events about pods that are stalled, by name. `token` is used if a Secret is to be
    made, and `mark` for names that nobody can have taken.
    """

    run: Mapping[str, Any]
    pods: tuple[Mapping[str, Any], ...] = ()
    lease: Mapping[str, Any] | None = None
    orders: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    refusals: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    pod_events: Mapping[str, Said] = field(default_factory=dict)
    token: bytes = b""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A run as it is. `now` is seconds since 1970.

    `orders`, `ledger` and `settings` are those that are kept, or the first where `kept` or
    `kept_settings` is None. `record` is None
    if it is lost. `report` is the complete one; `draft` what there is of it before, as a document.
    `pods` are in the order of their nodes.
    """

    world: World
    spec: RunSpec
    owner: Owner
    now: float
    pods: tuple[PodSeen, ...]
    kept: tuple[Orders, Ledger] | None
    kept_settings: Settings | None
    orders: Orders
    ledger: Ledger
    settings: Settings
    record: Record | None
    report: Report | None
    draft: Mapping[str, Any] | None

    @property
    def is_new(self) -> bool:
        """Whether what pods need is not all made yet. A run that had begun, and of which neither
        orders nor record nor pods are left, is none."""
        if self.kept is not None:
            return not self.ledger.record_uid
        return not self.pods and (self.world.lease is not None or not self._had_begun)

    @property
    def _had_begun(self) -> bool:
        master, slaves = (self.before.get(each) or {} for each in ("master", "slaves"))
        return bool(master.get("epoch") or slaves.get("created"))

    @property
    def is_final(self) -> bool:
        """Whether the run was said to be finished: whatever becomes of its objects, it stays so."""
        return is_final(self.world.run)

    @property
    def next_look(self) -> float:
        """When time alone may say why a pod does not start; infinity once the run is over."""
        if self.report is not None:
            return inf
        return min((pod.next_look for pod in self.pods if pod.living), default=inf)

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
    kept = resources.read_orders(world.orders)
    orders, ledger = kept or (Orders(), _first_ledger(world, spec, now))
    owner = Owner(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        mark=ledger.mark,
        orders=world.orders["metadata"]["name"] if world.orders is not None else "",
    )
    found = (
        see_pod(owner.name, each, now, world.pod_events.get(each["metadata"]["name"]))
        for each in world.pods
    )
    settings = resources.read_settings(world.orders)
    document = reports.read_report(world.result)
    report = reports.complete(document)
    return Known(
        world=world,
        spec=spec,
        owner=owner,
        now=now,
        pods=tuple(sorted((pod for pod in found if pod is not None), key=_order)),
        kept=kept,
        kept_settings=settings,
        orders=orders,
        ledger=ledger,
        settings=settings or _first_settings(world, spec, defaults),
        record=_record(world.lease, ledger),
        report=report,
        draft=document if report is None else None,
    )


def _first_ledger(world: World, spec: RunSpec, now: float) -> Ledger:
    """The ledger of a run that is taken up; or, if its orders were lost, what pods and status still
    say."""
    status = world.run.get("status") or {}
    began = seconds(status.get("startTime")) if world.pods else 0.0
    return Ledger(
        record_uid=world.lease["metadata"]["uid"] if world.lease is not None and world.pods else "",
        mark=_mark_of(world),
        started=None if spec.suspend else began or now,
    )


def _mark_of(world: World) -> str:
    """The mark that the pods know, for their Secret bears it."""
    begins = names.token_name(world.run["metadata"]["name"], "") + "-"
    for pod in world.pods:
        for volume in (pod.get("spec") or {}).get("volumes") or ():
            name = str((volume.get("secret") or {}).get("secretName", ""))
            if name.startswith(begins):
                return name.removeprefix(begins)
    return ""


def _first_settings(world: World, spec: RunSpec, defaults: Defaults) -> Settings:
    """What is asked for now; of pods that are there already, their image goes on to be it, and
    whom they run as, who alone may be able to write to what is mounted."""
    settings = resolve(spec.template, defaults)
    for pod in world.pods:
        inner = pod.get("spec") or {}
        for container in inner.get("containers") or ():
            for role, template in ((Role.SLAVE, settings.slaves), (Role.MASTER, settings.masters)):
                if container.get("name") == role.value:
                    kept = ("image", "imagePullPolicy")
                    template |= {key: container[key] for key in kept if key in container}
                    users = _users(inner.get("securityContext") or {})
                    if users:
                        context = template.get("podSecurityContext") or {}
                        template["podSecurityContext"] = {**context, **users}
    return settings


def _users(context: Mapping[str, Any]) -> dict[str, Any]:
    """Whom a pod runs as, as far as it was told so: an operator before this one always did."""
    return {key: context[key] for key in ("runAsUser", "runAsGroup", "fsGroup") if key in context}


def is_final(run: Mapping[str, Any]) -> bool:
    """Whether a RingRun was said to be finished."""
    conditions = (run.get("status") or {}).get("conditions", ())
    return any(each["type"] == "Finished" and each["status"] == "True" for each in conditions)


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
