"""One look at a run: from everything that is there to everything that is to be done.

Called by the controller whenever something of the run changed, and at `Plan.again`. It is pure and
keeps nothing: what must not be forgotten is in the orders' ConfigMap, which is written before
anything follows from it, so a pass that was cut off at any point is made good by the next.
Which slaves there are to be is decided by `ringrun.core.supervisor.roster`, as in a local run.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ringrun.core.orders import Orders
from ringrun.core.phase import RANK, Phase
from ringrun.core.record import Record
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.core.supervisor.roster import Observed, decide
from ringrun.record.lease_object import freed, read_record
from ringrun.spec import Cleanup, RunSpec, SpecError
from ringrun_operator.decide import masters
from ringrun_operator.decide.actions import (
    Action,
    Create,
    CreatePod,
    DeletePod,
    DeleteRun,
    Plan,
    Replace,
)
from ringrun_operator.names import PodId, Role
from ringrun_operator.objects import reports, resources
from ringrun_operator.objects.pod_seen import PodSeen, see_pod
from ringrun_operator.objects.pods import Image, Owner, pod
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.show.events import events
from ringrun_operator.show.obstacles import find_obstacle, overdue_at
from ringrun_operator.show.shown import Seen
from ringrun_operator.show.status import refused, status
from ringrun_operator.times import seconds, utc

STOP_PATIENCE: Final = 10.0
"""An ordered STOP that no leader has carried out after this is done without one."""

ALONE_PATIENCE: Final = 6.0
"""With no slave left, a standby has this long to take the lease over and to report."""

END_PATIENCE: Final = 330.0
"""Seconds after the plan's end at which leader and slaves are given up (docs/protocol.md: 300)."""

LINGER: Final = 15.0
"""What still runs so long after the report is complete is deleted: it had time to end by itself."""

RESYNC: Final = 60.0

START_DEADLINE: Final = "StartDeadlineExceeded"
NO_MASTER: Final = "NoMasterLeft"
NO_SLAVE: Final = "NoSlaveLeft"
OVERDUE: Final = "Overdue"
RECORD_LOST: Final = "RecordLost"


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


def reconcile(world: World, image: Image, now: float) -> Plan:
    """What is to be done about this run. `now` is seconds since 1970: it has to mean the same to
    the next operator."""
    metadata = world.run["metadata"]
    if "deletionTimestamp" in metadata:
        return Plan()
    try:
        spec = RunSpec.from_mapping(world.run)
    except SpecError as error:
        return Plan(status=refused(error.faults, world.run, now))
    return _Pass(world, spec, image, now).plan()


class _Pass:
    """One call of `reconcile`: what was given, and what is concluded from it step by step."""

    def __init__(self, world: World, spec: RunSpec, image: Image, now: float) -> None:
        metadata = world.run["metadata"]
        self.world = world
        self.spec = spec
        self.image = image
        self.now = now
        self.owner = Owner(
            name=metadata["name"], namespace=metadata["namespace"], uid=metadata["uid"]
        )
        found = (see_pod(self.owner.name, each) for each in world.pods)
        self.pods = tuple(sorted((p for p in found if p is not None), key=lambda p: p.id))
        kept = resources.read_orders(world.orders)
        self.kept = kept
        self.orders, self.ledger = kept or (Orders(), self._first_ledger())
        self.record = self._record()
        document = reports.read_report(world.result)
        self.report = reports.complete(document)
        self.draft = document if self.report is None else None

    def plan(self) -> Plan:
        if self._is_new():
            return self._begin()
        self._note_times()
        if self.report is not None:
            actions, again = self._after_the_end()
        else:
            actions, again = self._go_on()
        seen = self._seen()
        return Plan(
            actions=(*self._keep(), *actions),
            status=status(seen),
            events=tuple(events(seen)),
            again=min(again, self._overdue(seen), self.now + RESYNC),
            finished=self.ledger.finished,
        )

    # The objects

    def _is_new(self) -> bool:
        world = self.world
        return world.lease is None and not (self.kept or self.pods or world.result)

    def _begin(self) -> Plan:
        """Make all that pods need. The Lease is made before the ConfigMaps: where they are and it
        is not, it was lost."""
        owner = self.owner
        objects = (
            resources.secret(owner, self.world.token),
            *resources.access(owner),
            resources.lease(owner),
            resources.result_map(owner),
        )
        return Plan(
            actions=tuple(Create(object=each) for each in objects),
            status=status(self._seen()),
            again=self.now + RESYNC,
        )

    def _first_ledger(self) -> Ledger:
        lease = self.world.lease
        created = seconds(self.world.run["metadata"].get("creationTimestamp"))
        return Ledger(
            record_uid=lease["metadata"]["uid"] if lease is not None else "",
            started=None if self.spec.suspend else created or self.now,
        )

    def _record(self) -> Record | None:
        """The record; None if it is lost: the Lease is gone, another, or holds no record."""
        lease = self.world.lease
        if lease is None or lease["metadata"]["uid"] != self.ledger.record_uid:
            return None
        try:
            return read_record(lease)
        except msgspec.DecodeError:
            return None

    def _keep(self) -> tuple[Action, ...]:
        """The orders and the ledger, if they are not what is kept."""
        if (self.orders, self.ledger) == self.kept:
            return ()
        old = self.world.orders
        version = None if old is None else old["metadata"]["resourceVersion"]
        kept = resources.orders_map(self.owner, self.spec, self.orders, self.ledger, version)
        return (Create(object=kept) if old is None else Replace(object=kept),)

    # The times

    def _suspended(self) -> bool:
        reached = self.record.phase if self.record is not None else self.orders.phase
        start = reached is Phase.START and self.orders.phase is Phase.START
        return self.spec.suspend and start and self.report is None

    def _note_times(self) -> None:
        """When something was first seen; a run that is suspended has not begun."""
        ledger, rank = self.ledger, RANK[(self.record or Record()).phase]
        started = ledger.started if ledger.started is not None else self.now
        ended = self.report is not None

        def first(before: float | None, *, seen: bool) -> float | None:
            return self.now if before is None and seen else before

        self.ledger = msgspec.structs.replace(
            ledger,
            started=None if self._suspended() else started,
            send_seen=first(ledger.send_seen, seen=rank >= RANK[Phase.SEND] and not ended),
            grace_seen=first(ledger.grace_seen, seen=rank >= RANK[Phase.GRACE]),
            finished=first(ledger.finished, seen=ended),
        )

    # While it is active

    def _go_on(self) -> tuple[list[Action], float]:
        suspended = self._suspended()
        started = self.ledger.started if self.ledger.started is not None else self.now
        places = masters.fill(
            self.spec.masters,
            self.ledger.masters,
            self.ledger.masters_seen,
            self.pods,
            self.now,
        )
        slaves = tuple(pod.as_slave() for pod in self.pods if pod.id.role is Role.SLAVE)
        observed = Observed(
            slaves=slaves,
            masters=places.living,
            stop="" if suspended else self._late(started),
        )
        decision = decide(self.spec, self.orders, observed, self.record, self.now, started)
        self.orders = decision.orders
        self._note_orders(places, waiting=bool(decision.create))
        again = min(decision.deadline, places.again, self._next_limit(started))
        if (reason := self._hopeless(places)) and not suspended:
            return self._report(reason), again
        nodes = [
            *(PodId(role=Role.SLAVE, number=n, incarnation=i) for n, i in decision.create),
            *(() if suspended else places.create),
        ]
        actions: list[Action] = [
            CreatePod(object=pod(self.owner, self.spec, node, self.image, self.ledger.record_uid))
            for node in nodes
        ]
        unwanted = set(decision.delete)
        actions.extend(
            DeletePod(name=each.name, uid=each.uid)
            for each in self.pods
            if each.living
            and (
                suspended
                if each.id.role is Role.MASTER
                else (each.id.number, each.id.incarnation) in unwanted
            )
        )
        if self.world.result is None:
            actions.append(Create(object=resources.result_map(self.owner)))
        actions.extend(self._free())
        return actions, again

    def _note_orders(self, places: masters.Places, *, waiting: bool) -> None:
        ledger = self.ledger
        in_ring = self.record is not None and self.record.view > 0
        alone = (
            in_ring
            and not waiting
            and not any(each.living for each in self.pods if each.id.role is Role.SLAVE)
        )
        stopped = self.orders.phase is Phase.STOP
        self.ledger = msgspec.structs.replace(
            ledger,
            masters=places.last,
            masters_seen=places.seen,
            alone=(self.now if ledger.alone is None else ledger.alone) if alone else None,
            stop_ordered=(self.now if ledger.stop_ordered is None else ledger.stop_ordered)
            if stopped
            else None,
        )

    def _late(self, started: float) -> str:
        """Why the run is to be stopped, if it should have begun by now."""
        phase = self.record.phase if self.record is not None else self.orders.phase
        if phase is not Phase.START or self.now < started + self.spec.start_deadline:
            return ""
        obstacle = find_obstacle(self._seen())
        return START_DEADLINE + (f": {obstacle.fact}" if obstacle is not None else "")

    def _hopeless(self, places: masters.Places) -> str:
        """Why no leader's report is to be waited for any more; empty while there is hope."""
        record, ledger = self.record, self.ledger
        if record is None:
            return f"{RECORD_LOST}: the Lease is gone, or is another"
        slaves = [each for each in self.pods if each.id.role is Role.SLAVE and each.living]
        running = any(each.running for each in self.pods if each.id.role is Role.MASTER)
        if self.orders.stop_reason.startswith(START_DEADLINE) and not running:
            return self.orders.stop_reason
        if places.given_up and (not slaves or record.phase is Phase.START):
            return f"{NO_MASTER}: {self._last_words()}"
        if ledger.alone is not None and self.now >= ledger.alone + ALONE_PATIENCE:
            return NO_SLAVE
        if ledger.stop_ordered is not None and self.now >= ledger.stop_ordered + STOP_PATIENCE:
            return self.orders.stop_reason or NO_MASTER
        plan = self.spec.send + self.spec.grace + END_PATIENCE
        if ledger.send_seen is not None and self.now >= ledger.send_seen + plan:
            return OVERDUE
        return ""

    def _next_limit(self, started: float) -> float:
        """When time alone could make it hopeless, or late to start."""
        ledger = self.ledger
        plan = self.spec.send + self.spec.grace + END_PATIENCE
        limits = (
            (ledger.alone, ALONE_PATIENCE),
            (ledger.stop_ordered, STOP_PATIENCE),
            (ledger.send_seen, plan),
            (None if ledger.send_seen is not None else started, self.spec.start_deadline),
        )
        times = [since + patience for since, patience in limits if since is not None]
        return min((time for time in times if time > self.now), default=math.inf)

    def _last_words(self) -> str:
        ended = [each for each in self.pods if each.id.role is Role.MASTER and each.ended]
        return max(ended, key=lambda each: each.ended_at).cause if ended else "none was made"

    def _report(self, reason: str) -> list[Action]:
        """The report, since no master will write it; everything else waits until it is stored."""
        result = self.world.result
        if result is None:
            return [Create(object=resources.result_map(self.owner))]
        document = orphaned_report(
            self.spec,
            self.record or Record(),
            self.orders,
            self.draft,
            [each.result for each in self.pods if each.ended and each.result is not None],
            reason,
        )
        return [Replace(object=reports.with_report(result, document))]

    def _free(self) -> list[Action]:
        """Free the lease of a master whose container has ended, by the kubelet's word alone: a pod
        that is merely gone may still run somewhere."""
        lease, record = self.world.lease, self.record
        if lease is None or record is None or not record.holder:
            return []
        for each in self.pods:
            if each.id.node == record.holder and each.ended_by_kubelet:
                document = freed(lease, record.holder, utc(self.now))
                return [] if document is None else [Replace(object=document)]
        return []

    # After the end

    def _after_the_end(self) -> tuple[list[Action], float]:
        """Nothing is decided any more; what is left is taken away when its time has come."""
        finished = self.ledger.finished
        assert finished is not None
        spec = self.spec
        # Without a record nobody can stop the slaves: they end by their own clocks.
        own_time = 0.0 if self.record is not None else spec.send + spec.grace
        linger = finished + LINGER + own_time
        actions: list[Action] = [
            DeletePod(name=each.name, uid=each.uid)
            for each in self.pods
            if "deletionTimestamp" not in self._metadata(each)
            and (
                (each.living and self.now >= linger)
                or (spec.cleanup is Cleanup.DELETE_PODS and (each.ended or self.now >= linger))
            )
        ]
        again = linger if self.now < linger and any(p.living for p in self.pods) else math.inf
        if spec.ttl is not None:
            if self.now >= finished + spec.ttl:
                actions.append(DeleteRun(name=self.owner.name, uid=self.owner.uid))
            else:
                again = min(again, finished + spec.ttl)
        return actions, again

    def _metadata(self, seen: PodSeen) -> Mapping[str, Any]:
        found: Mapping[str, Any] = next(
            each["metadata"] for each in self.world.pods if each["metadata"]["name"] == seen.name
        )
        return found

    # What is shown

    def _overdue(self, seen: Seen) -> float:
        """When time alone makes an obstacle of what is there."""
        overdue = overdue_at(seen)
        return overdue if self.now < overdue else math.inf

    def _seen(self) -> Seen:
        failures, skew, delivered = reports.history(self.report, self.draft)
        ended = {(result.ordinal, result.incarnation) for result in self.orders.results}
        return Seen(
            spec=self.spec,
            generation=self.world.run["metadata"].get("generation", 0),
            orders=self.orders,
            ledger=self.ledger,
            record=self.record,
            report=self.report,
            failures=failures,
            start_skew=skew,
            delivered=len({ordinal for ordinal, _ in ended | delivered}),
            pods=self.pods,
            refusals=self.world.refusals,
            suspended=self._suspended(),
            before=self.world.run.get("status") or {},
            now=self.now,
        )
