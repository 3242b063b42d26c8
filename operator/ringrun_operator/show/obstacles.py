"""Why a run does not get on, in the words of the kubelet, the scheduler or the API server.

Called for the status and, when the start deadline passes, for the report. Where nobody outside of
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
from ringrun_operator.objects.pod_seen import IMAGE_PULL_FAILED, UNSCHEDULABLE
from ringrun_operator.show.shown import Seen, ready
from ringrun_operator.times import seconds

PODS_REFUSED: Final = "PodsRefused"
QUOTA_EXCEEDED: Final = "QuotaExceeded"
NOT_PREPARED: Final = "NotPrepared"

PREPARED_WITHIN: Final = 15.0
"""Seconds after all slaves are ready that a leader should need at most to prepare them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a run does not get on: a word, what is the case, and what will come of it."""

    reason: str
    fact: str
    outlook: str

    @property
    def message(self) -> str:
        """Both sentences."""
        return f"{self.fact}. {self.outlook}"


def find_obstacle(seen: Seen) -> Obstacle | None:
    """What keeps the run from starting, or from being whole, in the words of who said it."""
    if seen.suspended or seen.report is not None:
        return None
    slaves = [pod for pod in seen.pods if pod.id.role is Role.SLAVE and pod.living]
    masters = [pod for pod in seen.pods if pod.id.role is Role.MASTER and pod.living]
    for kind, pods, wanted in (
        ("slaves", slaves, seen.spec.nodes),
        ("masters", masters, seen.spec.masters),
    ):
        stuck = [pod for pod in pods if pod.trouble]
        if stuck:
            [(reason, count)] = Counter(pod.trouble for pod in stuck).most_common(1)
            first = next(pod for pod in stuck if pod.trouble == reason)
            what = {
                IMAGE_PULL_FAILED: f"wait for their image {first.image}",
                UNSCHEDULABLE: "find no cluster node",
            }.get(reason, "cannot be started")
            return Obstacle(
                reason=reason,
                fact=f"{count} of {wanted} {kind} {what}: {first.words.rstrip('.')}",
                outlook=_outlook(seen, reason),
            )
    if seen.refusals:
        name, words = min(seen.refusals.items())
        return Obstacle(
            reason=QUOTA_EXCEEDED if "exceeded quota" in words else PODS_REFUSED,
            fact=f"{len(seen.refusals)} pods were refused, {name} first: {words.rstrip('.')}",
            outlook=_outlook(seen, PODS_REFUSED),
        )
    if seen.now >= overdue_at(seen):
        leads = seen.record is not None and seen.record.holder
        what = "the leader has not prepared them" if leads else "no master leads"
        said = f"kubectl logs -l {names.RUN_LABEL}={seen.spec.name} --prefix --tail 3"
        return Obstacle(
            reason=NOT_PREPARED,
            fact=f"All {seen.spec.nodes} slaves are ready, but {what}; what they say: {said}",
            outlook=_outlook(seen, NOT_PREPARED),
        )
    return None


def overdue_at(seen: Seen) -> float:
    """From when on a ring whose slaves are all ready should be prepared; infinity if it is, or if
    they are not."""
    record = seen.record or Record()
    if record.prepared or record.phase is not Phase.START or ready(seen) < seen.spec.nodes:
        return math.inf
    for each in seen.before.get("conditions", ()):
        if each["type"] == "SlavesReady" and each["status"] == "True":
            return seconds(each["lastTransitionTime"]) + PREPARED_WITHIN
    return math.inf


def _outlook(seen: Seen, reason: str) -> str:
    """What will come of it."""
    if seen.record is not None and seen.record.view:
        return "The ring goes on without."
    mended = {
        IMAGE_PULL_FAILED: "it can be pulled",
        UNSCHEDULABLE: "they can be scheduled",
    }.get(reason, "that is mended")
    minutes, seconds = divmod(round(seen.spec.start_deadline), 60)
    return f"The run fails at {minutes}m{seconds:02}s unless {mended}."
