"""What has happened in a run so far, as events; told in full at every look.

Called by `reconcile`. Every event has a key, from which its object's name is made, so telling one
twice is refused by the API server and a restarted operator repeats nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringrun.core.phase import RANK, Phase
from ringrun.report import Verdict
from ringrun_operator import names
from ringrun_operator.names import Role
from ringrun_operator.show.conditions import summary
from ringrun_operator.show.obstacles import find_obstacle
from ringrun_operator.show.shown import Seen


class EventType(StrEnum):
    """How an event is shown."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened once. `key` tells it from others of its reason, in one run."""

    type: EventType
    reason: str
    message: str
    key: str


def events(seen: Seen) -> Iterator[Event]:
    """All events of this run, in the order in which things happen."""
    yield from _start(seen)
    yield from _ring(seen)
    report = seen.report
    if report is not None:
        normal = report.verdict is Verdict.AGREED
        yield _event(report.verdict.value, summary(report), "", normal=normal)


def _start(seen: Seen) -> Iterator[Event]:
    if seen.suspended:
        yield _event("Suspended", "spec.suspend is true: no pods are kept", "")
    slaves = {pod.id.number for pod in seen.pods if pod.id.role is Role.SLAVE}
    masters = {pod.id.number for pod in seen.pods if pod.id.role is Role.MASTER}
    if len(slaves) >= seen.spec.nodes and len(masters) >= seen.spec.masters:
        text = f"{seen.spec.nodes} slave pods and {seen.spec.masters} master pods created"
        yield _event("SlavesCreated", text, "")
    obstacle = find_obstacle(seen)
    if obstacle is not None:
        # By its reason alone: the words of a kubelet that tries again differ from try to try.
        yield _event(obstacle.reason, obstacle.message, obstacle.reason, normal=False)


def _ring(seen: Seen) -> Iterator[Event]:
    record = seen.record
    if record is None:
        return
    if record.epoch and record.holder:
        text = f"{names.master_place(record.holder)} leads (epoch {record.epoch})"
        yield _event("LeaderElected", text, str(record.epoch))
    if RANK[record.phase] >= RANK[Phase.SEND] and seen.start_skew is not None:
        skew = f"{seen.spec.nodes} slaves in SEND, start skew {seen.start_skew * 1e3:.1f} ms"
        yield _event("SendStarted", skew, "")
    causes = {(ordinal, number): cause for ordinal, number, cause in seen.orders.causes}
    results = {(result.ordinal, result.incarnation) for result in seen.orders.results}
    for node in seen.orders.dead:
        if node in results:
            continue
        ordinal, incarnation = node
        text = f"slave {ordinal} (incarnation {incarnation}): {causes.get(node) or 'lost'}"
        yield _event("SlaveLost", text, f"{ordinal}-{incarnation}", normal=False)
    for member in record.members:
        if member.incarnation > 1:
            text = f"slave {member.ordinal} (incarnation {member.incarnation}) is in the ring"
            yield _event("SlaveReplaced", text, f"{member.ordinal}-{member.incarnation}")


def _event(reason: str, message: str, key: str, *, normal: bool = True) -> Event:
    kind = EventType.NORMAL if normal else EventType.WARNING
    return Event(type=kind, reason=reason, message=message[:1024], key=key)
