"""`Decided`: what is to be of a run, from what is known of it.

The second of the three values of a look. Which slaves there are to be is decided by
`ringrun.core.supervisor.roster`, which masters by its `masters`, when nobody is waited for any more
by its `patience`, all as in a local run. Pods are decided upon here, and built by `plan`.
"""

from dataclasses import dataclass

import msgspec

from ringrun.core.node import MasterId, NodeId
from ringrun.core.orders import Orders
from ringrun.core.phase import RANK, Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.supervisor import patience, roster
from ringrun.core.supervisor.masters import PODS, MasterSeen, Places, fill
from ringrun.core.supervisor.observed import Observed
from ringrun.core.supervisor.patience import Run, Times
from ringrun_operator.decide.cleanup import leftovers
from ringrun_operator.names import Role
from ringrun_operator.objects.known import Known
from ringrun_operator.objects.pod_seen import PodSeen
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.objects.settings import Settings, pin
from ringrun_operator.show.obstacles import find_obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is to be. Orders, ledger and settings are kept before anything else is done.

    `create` and `delete` are pods; `expired` says that the run itself is to go; `freed` is the
    holder that the lease is to be freed of, None to leave it as it is. `given_up` is why no
    leader's report is waited for any more, None while there is hope: the report comes before
    everything else then. `again` is when time alone will call for another decision.
    """

    orders: Orders
    ledger: Ledger
    settings: Settings
    create: tuple[NodeId, ...] = ()
    delete: tuple[PodSeen, ...] = ()
    expired: bool = False
    freed: str | None = None
    given_up: Reason | None = None
    again: float


def decide(known: Known) -> Decided:
    """What is to be of this run."""
    ledger = _with_times(known)
    if known.report is None:
        return _while_active(known, ledger)
    assert ledger.finished is not None
    left = leftovers(known, ledger.finished)
    return Decided(
        orders=known.orders,
        ledger=ledger,
        settings=known.settings,
        delete=left.pods,
        expired=left.expired,
        again=left.again,
    )


def _with_times(known: Known) -> Ledger:
    """When something was first seen; a run that is suspended has not begun."""
    ledger, now = known.ledger, known.now
    rank = RANK[(known.record or Record()).phase]
    ended = known.report is not None

    def first(before: float | None, *, seen: bool) -> float | None:
        return now if before is None and seen else before

    def since(before: float | None, *, holds: bool) -> float | None:
        return first(before, seen=True) if holds else None

    began = None if known.is_suspended(known.orders) else first(ledger.started, seen=True)
    # The start clock is that of START: a run that sends has begun, whoever is kept outside.
    starting = rank == RANK[Phase.START]
    gated = since(
        ledger.gated, holds=starting and any(pod.gated and pod.living for pod in known.pods)
    )
    if began is not None and ledger.gated is not None and gated is None:
        began += now - ledger.gated
    return msgspec.structs.replace(
        ledger,
        started=began,
        gated=gated,
        grace_seen=first(ledger.grace_seen, seen=rank >= RANK[Phase.GRACE]),
        finished=first(ledger.finished, seen=ended),
    )


def _with_ends(known: Known, ledger: Ledger) -> Ledger:
    """Since when each master is known to have ended that a kubelet said to have: its clock is
    another. One that never ran is as old as its pod, by the API server's clock."""
    ended = {str(pod.node) for pod in known.of_role(Role.MASTER) if pod.ended_by_kubelet}
    times = {node: ledger.masters_ended.get(node, known.now) for node in sorted(ended)}
    return msgspec.structs.replace(ledger, masters_ended=times)


def pinned(known: Known) -> Settings:
    """The settings, with images by their digest as soon as a kubelet has told it: a tag that moves
    must not bring two images into one ring."""
    settings = known.settings
    for pod in known.pods:
        settings = pin(settings, pod.role, pod.image_id)
    return settings


def _while_active(known: Known, noted: Ledger) -> Decided:
    spec, now = known.spec, known.now
    suspended = known.is_suspended(known.orders)
    started = _started(noted, now)
    noted = _with_ends(known, noted)
    places = fill(
        spec.masters,
        noted.masters,
        noted.masters_seen,
        (_as_master(pod, noted) for pod in known.of_role(Role.MASTER)),
        now,
        PODS,
    )
    observed = Observed(
        slaves=tuple(pod.as_slave() for pod in known.of_role(Role.SLAVE)),
        masters=places.living,
        stop=None if suspended else _late(known, noted),
    )
    decision = roster.decide(spec, known.orders, observed, known.record, now, started)
    ledger = _with_orders(known, noted, decision, places)
    run = _run(known, decision.orders, ledger, places)
    candidates = () if suspended else places.create
    unwanted = set(decision.delete)
    return Decided(
        orders=decision.orders,
        ledger=ledger,
        settings=pinned(known),
        create=(*decision.create, *candidates),
        delete=tuple(
            pod
            for pod in known.pods
            if pod.living and (suspended if pod.role is Role.MASTER else pod.node in unwanted)
        ),
        freed=_freed(known),
        given_up=None if suspended else patience.given_up(spec, run, now),
        again=min(decision.deadline, places.again, patience.next_limit(spec, run.times, now)),
    )


def _late(known: Known, ledger: Ledger) -> Reason | None:
    """Why the run is to be stopped, if it should have begun by now."""
    times = _seen(known, ledger, known.orders)
    if known.record is None or not patience.is_late(known.spec, times, known.now):
        return None
    obstacle = find_obstacle(known, suspended=False)
    return Reason(Why.START_DEADLINE, obstacle.fact if obstacle is not None else "")


def _with_orders(known: Known, ledger: Ledger, decision: roster.Decision, places: Places) -> Ledger:
    """What the next look must know of these decisions, and since when they stand."""
    times = _seen(known, ledger, decision.orders, starting=bool(decision.create))
    return msgspec.structs.replace(
        ledger,
        masters=places.last,
        masters_seen=places.seen,
        send_seen=times.send_seen,
        alone=times.alone,
        stop_ordered=times.stop_ordered,
    )


def _seen(known: Known, ledger: Ledger, orders: Orders, *, starting: bool = False) -> Times:
    """Since when things are as they are, under these orders."""
    return _times(ledger, known.now).seen(
        known.now,
        phase=None if known.record is None else known.record.phase,
        slaves_live=_slaves_live(known),
        starting=starting,
        stopped=orders.stop_reason is not None,
    )


def _started(ledger: Ledger, now: float) -> float:
    """When the start clock began, had it not stood still for as long as pods are gated."""
    if ledger.started is None:
        return now
    return ledger.started if ledger.gated is None else ledger.started + now - ledger.gated


def _times(ledger: Ledger, now: float) -> Times:
    return Times(
        started=_started(ledger, now),
        send_seen=ledger.send_seen,
        alone=ledger.alone,
        stop_ordered=ledger.stop_ordered,
    )


def _run(known: Known, orders: Orders, ledger: Ledger, places: Places) -> Run:
    candidates = known.of_role(Role.MASTER)
    return Run(
        times=_times(ledger, known.now),
        record_lost="" if known.record is not None else "the Lease is gone, or is another",
        stop_reason=orders.stop_reason,
        slaves_live=_slaves_live(known),
        masters_run=any(pod.running for pod in candidates),
        masters_given_up=places.given_up,
        last_words=_last_words(known, ledger),
    )


def _last_words(known: Known, ledger: Ledger) -> str:
    """Those of the master that ended last."""
    ended = (pod for pod in known.of_role(Role.MASTER) if pod.ended)
    times = ledger.masters_ended
    last = max(
        ended, key=lambda pod: (times.get(str(pod.node), pod.ended_at), pod.node), default=None
    )
    return "" if last is None else last.cause


def _slaves_live(known: Known) -> bool:
    return any(pod.living for pod in known.of_role(Role.SLAVE))


def _as_master(pod: PodSeen, ledger: Ledger) -> MasterSeen:
    assert isinstance(pod.node, MasterId)
    return MasterSeen(
        node=pod.node,
        running=pod.running,
        ended=pod.ended,
        deleting=pod.deleting,
        disrupted=pod.disrupted,
        lifetime=pod.lifetime,
        ended_at=ledger.masters_ended.get(str(pod.node), pod.ended_at),
    )


def _freed(known: Known) -> str | None:
    """The holder whose container has ended, by the kubelet's word alone: a pod that is merely gone
    may still run somewhere."""
    record = known.record
    if record is None or not record.holder:
        return None
    ended = any(str(pod.node) == record.holder and pod.ended_by_kubelet for pod in known.pods)
    return record.holder if ended else None
