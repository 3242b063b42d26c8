"""What has happened in a run so far, as events; told in full at every look.

Called by `decide.plan`. Every event has a key, from which its object's name is made, so telling one
twice is refused by the API server and a restarted operator repeats nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringrun.core.phase import RANK, Phase
from ringrun.report import Verdict
from ringrun_operator import names
from ringrun_operator.names import Role
from ringrun_operator.objects.trouble import Trouble
from ringrun_operator.show.conditions import summary
from ringrun_operator.show.shown import Shown


class EventType(StrEnum):
    """How an event is shown."""

    NORMAL = "Normal"
    WARNING = "Warning"


class Happening(StrEnum):
    """What happens in a run beside obstacles and its outcome."""

    SUSPENDED = "Suspended"
    SLAVES_CREATED = "SlavesCreated"
    LEADER_ELECTED = "LeaderElected"
    SEND_STARTED = "SendStarted"
    SLAVE_LOST = "SlaveLost"
    SLAVE_REPLACED = "SlaveReplaced"
    RESULT_DELETED = "ResultDeleted"


EventReason = Happening | Trouble | Verdict
"""Why there is an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened once. `key` tells it from others of its reason, in one run."""

    type: EventType
    reason: EventReason
    message: str
    key: str


def events(shown: Shown) -> Iterator[Event]:
    """All events of this run, in the order in which things happen."""
    yield from _start(shown)
    yield from _ring(shown)
    report = shown.report
    if report is not None:
        normal = report.verdict is Verdict.AGREED
        yield _event(report.verdict, summary(report), "", normal=normal)


def _start(shown: Shown) -> Iterator[Event]:
    if shown.suspended:
        yield _event(Happening.SUSPENDED, "spec.suspend is true: no pods are kept", "")
    slaves, masters = shown.spec.nodes, shown.spec.masters
    if shown.created(Role.SLAVE) >= slaves and shown.created(Role.MASTER) >= masters:
        text = f"{slaves} slave pods and {masters} master pods created"
        yield _event(Happening.SLAVES_CREATED, text, "")
    obstacle = shown.obstacle
    if obstacle is not None:
        # By its reason alone: the words of a kubelet that tries again differ from try to try.
        yield _event(obstacle.reason, obstacle.message, obstacle.reason, normal=False)


def _ring(shown: Shown) -> Iterator[Event]:
    record = shown.record
    if record is None:
        return
    if record.epoch and record.holder:
        text = f"{names.master_place(record.holder)} leads (epoch {record.epoch})"
        yield _event(Happening.LEADER_ELECTED, text, str(record.epoch))
    if RANK[record.phase] >= RANK[Phase.SEND] and shown.start_skew is not None:
        skew = f"{shown.spec.nodes} slaves in SEND, start skew {shown.start_skew * 1e3:.1f} ms"
        yield _event(Happening.SEND_STARTED, skew, "")
    causes = {(ordinal, number): cause for ordinal, number, cause in shown.orders.causes}
    results = {(result.ordinal, result.incarnation) for result in shown.orders.results}
    for node in shown.orders.dead:
        if node in results:
            continue
        ordinal, incarnation = node
        text = f"slave {ordinal} (incarnation {incarnation}): {causes.get(node) or 'lost'}"
        yield _event(Happening.SLAVE_LOST, text, f"{ordinal}-{incarnation}", normal=False)
    for member in record.members:
        if member.incarnation > 1:
            text = f"slave {member.ordinal} (incarnation {member.incarnation}) is in the ring"
            yield _event(Happening.SLAVE_REPLACED, text, f"{member.ordinal}-{member.incarnation}")


def _event(reason: EventReason, message: str, key: str, *, normal: bool = True) -> Event:
    kind = EventType.NORMAL if normal else EventType.WARNING
    return Event(type=kind, reason=reason, message=message[:1024], key=key)
