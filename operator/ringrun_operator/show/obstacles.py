"""Why a run does not get on, in the words of the kubelet, the scheduler or the API server.

Asked for what is shown and, when the start deadline passes, for the report. Where nobody outside of
the pods knows why, it says where to look.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun_operator import names
from ringrun_operator.names import Role
from ringrun_operator.objects.known import Known
from ringrun_operator.objects.pod_seen import PodSeen
from ringrun_operator.objects.trouble import Trouble
from ringrun_operator.times import seconds

PREPARED_WITHIN: Final = 15.0
"""Seconds after all slaves are ready that a leader should need at most to prepare them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a run does not get on: a word, what is the case, and what will come of it."""

    reason: Trouble
    fact: str
    outlook: str

    @property
    def message(self) -> str:
        """Both sentences."""
        return f"{self.fact}. {self.outlook}"


def find_obstacle(known: Known, *, suspended: bool) -> Obstacle | None:
    """What keeps the run from starting, or from being whole, in the words of who said it."""
    if known.report is not None:
        return None
    return _taken(known) or (
        None
        if suspended
        else _of_pods(known) or _refused(known) or _ended(known) or _not_prepared(known, suspended)
    )


def _taken(known: Known) -> Obstacle | None:
    if not known.world.taken:
        return None
    what, whose = min(known.world.taken.items())
    return Obstacle(
        reason=Trouble.NAME_TAKEN,
        fact=f"{what} is not this run's ({whose})",
        outlook="Delete it, or choose another name for the run.",
    )


_QUOTA: Final = "exceeded quota"

_WHAT: Final = {
    Trouble.IMAGE_PULL_FAILED: "wait for their image {image}",
    Trouble.IMAGE_PULLING: "wait for their image {image}",
    Trouble.UNSCHEDULABLE: "find no cluster node",
    Trouble.SCHEDULING_GATED: "are not let in yet",
    Trouble.VOLUME_NOT_MOUNTED: "wait for a volume",
    Trouble.SANDBOX_FAILED: "get no network or sandbox",
    Trouble.NODE_SILENT: "are not started by their cluster node",
    Trouble.NOT_STARTED: "are not started yet",
    Trouble.INIT_CONTAINER_FAILED: "are kept by an init container",
}


def _of_pods(known: Known) -> Obstacle | None:
    for kind, role, wanted in (
        ("slaves", Role.SLAVE, known.spec.nodes),
        ("masters", Role.MASTER, known.spec.masters),
    ):
        living = [pod for pod in known.of_role(role) if pod.living]
        troubles = Counter(pod.trouble for pod in living if pod.trouble is not None)
        if troubles:
            # What one pod knows holds for those that nobody was asked about.
            others = troubles.pop(Trouble.NOT_STARTED, 0) if len(troubles) > 1 else 0
            [(reason, count)] = troubles.most_common(1)
            many = f"At least {count}" if others else f"{count}"
            first = next(pod for pod in living if pod.trouble is reason)
            what = _WHAT.get(reason, "cannot be started").format(image=first.image)
            return Obstacle(
                reason=reason,
                fact=f"{many} of {wanted} {kind} {what}: {first.words.rstrip('.')}",
                outlook=_outlook(known, reason),
            )
    return None


def _refused(known: Known) -> Obstacle | None:
    if known.world.refused:
        what, words = min(known.world.refused.items())
        return Obstacle(
            reason=Trouble.QUOTA_EXCEEDED if _QUOTA in words else Trouble.OBJECTS_REFUSED,
            fact=f"{what} was refused: {words.rstrip('.')}",
            outlook=_outlook(known, Trouble.OBJECTS_REFUSED),
        )
    refusals = known.world.refusals
    if not refusals:
        return None
    name, words = min(refusals.items())
    return Obstacle(
        reason=Trouble.QUOTA_EXCEEDED if _QUOTA in words else Trouble.PODS_REFUSED,
        fact=f"{len(refusals)} pods were refused, {name} first: {words.rstrip('.')}",
        outlook=_outlook(known, Trouble.PODS_REFUSED),
    )


def _ended(known: Known) -> Obstacle | None:
    """Slaves or masters that end before there is a ring, and those in their place too."""
    record = known.record or Record()
    if record.view or record.phase is not Phase.START:
        return None
    for role in Role:
        pods = known.of_role(role)
        running = {pod.number for pod in pods if pod.living and pod.ready}
        ended = [pod for pod in pods if pod.ended]
        disrupted = Counter(pod.number for pod in ended if pod.disrupted)
        # What happens once is made good at once; again and again, it keeps the run.
        missing = [
            pod
            for pod in ended
            if pod.number not in running and (not pod.disrupted or disrupted[pod.number] > 1)
        ]
        # A master that leads needs no other.
        if missing and not (role is Role.MASTER and record.holder):
            last = max(missing, key=lambda pod: pod.node.incarnation)
            times = sum(pod.number == last.number for pod in ended)
            often = f" ({times} times so far)" if times > 1 else ""
            return Obstacle(
                reason=Trouble.CONTAINER_FAILED,
                fact=f"{last.name} ended{often}: {last.cause.rstrip('.')}",
                outlook=_outlook(known, Trouble.CONTAINER_FAILED),
            )
    return None


def _not_prepared(known: Known, suspended: bool) -> Obstacle | None:
    if known.now < overdue_at(known, suspended=suspended):
        return None
    leads = known.record is not None and known.record.holder
    what = "the leader has not prepared them" if leads else "no master leads"
    run, namespace = known.spec.name, known.owner.namespace
    said = f"kubectl logs -n {namespace} -l {names.RUN_LABEL}={run} --prefix --tail 3"
    return Obstacle(
        reason=Trouble.NOT_PREPARED,
        fact=f"All {known.spec.nodes} slaves are ready, but {what}; what they say: {said}",
        outlook=_outlook(known, Trouble.NOT_PREPARED),
    )


def overdue_at(known: Known, *, suspended: bool) -> float:
    """From when on a ring whose slaves are all ready should be prepared; infinity if it is, or if
    they are not."""
    record, up = known.record or Record(), ready(known, suspended=suspended)
    if record.prepared or record.phase is not Phase.START or up < known.spec.nodes:
        return math.inf
    for each in known.before.get("conditions", ()):
        if each["type"] == "SlavesReady" and each["status"] == "True":
            return seconds(each["lastTransitionTime"]) + PREPARED_WITHIN
    return math.inf


def ready(known: Known, *, suspended: bool) -> int:
    """Slaves in the ring; before there is one, those that are up."""
    record = known.record
    if record is not None and record.view:
        return len(record.members)
    if suspended:
        return 0
    return len(
        {
            pod.number
            for pod in known.of_role(Role.SLAVE)
            if pod.living and (pod.ready or _prepared(record, pod))
        }
    )


def _prepared(record: Record | None, pod: PodSeen) -> bool:
    return record is not None and pod.node in record.prepared


def _outlook(known: Known, reason: Trouble) -> str:
    """What will come of it."""
    if known.record is not None and known.record.view:
        return "The ring goes on without."
    if reason is Trouble.SCHEDULING_GATED:
        return "The start clock stands still until then."
    mended = {
        Trouble.IMAGE_PULL_FAILED: "it can be pulled",
        Trouble.IMAGE_PULLING: "it is there by then",
        Trouble.UNSCHEDULABLE: "they can be scheduled",
        Trouble.NODE_SILENT: "it does",
        Trouble.NOT_STARTED: "they are",
    }.get(reason, "that is mended")
    minutes, seconds = divmod(round(known.spec.start_deadline), 60)
    return f"The run fails at {minutes}m{seconds:02}s unless {mended}."
