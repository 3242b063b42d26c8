"""`Decided`: what is to be of a run, from what is known of it.

The second of the three values of a look. Which slaves there are to be is decided by
`ringrun.core.supervisor.roster`, as in a local run; which masters, by `masters`; when nobody is
waited for any more, by `patience`. Pods are decided upon here, and built by `plan`.
"""

from dataclasses import dataclass

import msgspec

from ringrun.core.node import MasterId
from ringrun.core.orders import Orders
from ringrun.core.phase import RANK, Phase
from ringrun.core.record import Record
from ringrun.core.supervisor import roster
from ringrun_operator.decide import masters, patience
from ringrun_operator.decide.cleanup import leftovers
from ringrun_operator.decide.masters import MasterSeen, Places
from ringrun_operator.decide.patience import Hopeless, Standing
from ringrun_operator.names import PodId, Role
from ringrun_operator.objects.known import Known
from ringrun_operator.objects.pod_seen import PodSeen
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.show.obstacles import find_obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is to be. Orders and ledger are kept before anything else is done.

    `create` and `delete` are pods; `expired` says that the run itself is to go. `hopeless` is why
    no leader's report is waited for any more, empty while there is hope: the report comes before
    everything else then. `again` is when time alone will call for another decision.
    """

    orders: Orders
    ledger: Ledger
    create: tuple[PodId, ...] = ()
    delete: tuple[PodSeen, ...] = ()
    expired: bool = False
    hopeless: str = ""
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

    return msgspec.structs.replace(
        ledger,
        started=None if known.is_suspended(known.orders) else first(ledger.started, seen=True),
        send_seen=first(ledger.send_seen, seen=rank >= RANK[Phase.SEND] and not ended),
        grace_seen=first(ledger.grace_seen, seen=rank >= RANK[Phase.GRACE]),
        finished=first(ledger.finished, seen=ended),
    )


def _while_active(known: Known, noted: Ledger) -> Decided:
    spec, now = known.spec, known.now
    suspended = known.is_suspended(known.orders)
    started = noted.started if noted.started is not None else now
    places = masters.fill(
        spec.masters,
        noted.masters,
        noted.masters_seen,
        (_as_master(pod) for pod in known.of_role(Role.MASTER)),
        now,
    )
    observed = roster.Observed(
        slaves=tuple(pod.as_slave() for pod in known.of_role(Role.SLAVE)),
        masters=places.living,
        stop="" if suspended else _late(known, started),
    )
    decision = roster.decide(spec, known.orders, observed, known.record, now, started)
    ledger = _with_orders(known, noted, decision, places)
    standing = _standing(known, decision.orders, ledger, places, started)
    slaves = (PodId(role=Role.SLAVE, number=n, incarnation=i) for n, i in decision.create)
    candidates = (
        PodId(role=Role.MASTER, number=each.number, incarnation=each.incarnation)
        for each in places.create
        if not suspended
    )
    unwanted = set(decision.delete)
    return Decided(
        orders=decision.orders,
        ledger=ledger,
        create=(*slaves, *candidates),
        delete=tuple(
            pod
            for pod in known.pods
            if pod.living
            and (suspended if pod.id.role is Role.MASTER else pod.as_slave().node in unwanted)
        ),
        hopeless="" if suspended else patience.hopeless(spec, standing, now),
        again=min(decision.deadline, places.again, patience.next_limit(spec, standing, now)),
    )


def _late(known: Known, started: float) -> str:
    """Why the run is to be stopped, if it should have begun by now."""
    phase = known.record.phase if known.record is not None else known.orders.phase
    if not patience.is_late(known.spec, phase, started, known.now):
        return ""
    obstacle = find_obstacle(known, suspended=False)
    return Hopeless.START_DEADLINE.because(obstacle.fact if obstacle is not None else "")


def _with_orders(known: Known, ledger: Ledger, decision: roster.Decision, places: Places) -> Ledger:
    """What the next look must know of these decisions, and since when they stand."""
    in_ring = known.record is not None and known.record.view > 0
    alone = in_ring and not decision.create and not _slaves_live(known)
    stopped = decision.orders.phase is Phase.STOP

    def since(before: float | None, *, holds: bool) -> float | None:
        if not holds:
            return None
        return known.now if before is None else before

    return msgspec.structs.replace(
        ledger,
        masters=places.last,
        masters_seen=places.seen,
        alone=since(ledger.alone, holds=alone),
        stop_ordered=since(ledger.stop_ordered, holds=stopped),
    )


def _standing(
    known: Known, orders: Orders, ledger: Ledger, places: Places, started: float
) -> Standing:
    candidates = known.of_role(Role.MASTER)
    ended = [pod for pod in candidates if pod.ended]
    return Standing(
        started=started,
        stop_ordered=ledger.stop_ordered,
        send_seen=ledger.send_seen,
        alone=ledger.alone,
        phase=known.record.phase if known.record is not None else None,
        stop_reason=orders.stop_reason,
        slaves_live=_slaves_live(known),
        masters_run=any(pod.running for pod in candidates),
        masters_given_up=places.given_up,
        last_words=max(ended, key=lambda pod: pod.ended_at).cause if ended else "none was made",
    )


def _slaves_live(known: Known) -> bool:
    return any(pod.living for pod in known.of_role(Role.SLAVE))


def _as_master(pod: PodSeen) -> MasterSeen:
    return MasterSeen(
        node=MasterId(pod.id.number, pod.id.incarnation),
        running=pod.running,
        ended=pod.ended,
        deleting=pod.deleting,
        disrupted=pod.disrupted,
        lifetime=pod.lifetime,
        ended_at=pod.ended_at,
    )
