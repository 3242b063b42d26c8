"""`after_the_end`: a run that was said to be finished is finished, whatever becomes of its objects.

Called by `reconcile` for a RingRun whose status has Finished. The status is its own evidence from
then on: result, orders and Lease may be edited or deleted, and change nothing of it. What is left
to be done is to take away what outstays its time.
"""

from collections.abc import Mapping
from typing import Any, Final

from ringrun.report import Verdict
from ringrun_operator.decide.actions import DeletePod, DeleteRun, EndPod
from ringrun_operator.decide.cleanup import leftovers
from ringrun_operator.decide.plan import Plan
from ringrun_operator.names import result_name
from ringrun_operator.objects.known import Known
from ringrun_operator.show.events import Event, EventType, Happening
from ringrun_operator.show.status import restamped
from ringrun_operator.times import seconds

RESYNC: Final = 3600.0
"""Seconds after which a finished run is looked at again if nothing of it changes."""


def after_the_end(known: Known) -> Plan:
    """What is left to be done of a finished run."""
    owner, now = known.owner, known.now
    finished = known.ledger.finished or _told_at(known) or now
    left = leftovers(known, finished)
    gone = (DeleteRun(name=owner.name, uid=owner.uid),) if left.expired else ()
    return Plan(
        actions=(
            *(DeletePod(name=each.name, uid=each.uid) for each in left.pods),
            *(EndPod(name=each.name, uid=each.uid) for each in left.outlived),
            *gone,
        ),
        status=restamped(known.before, known.generation),
        events=_events(known),
        again=min(left.again, now + RESYNC),
        finished=finished,
    )


def _told_at(known: Known) -> float:
    """When the status says that it finished; 0 if it does not say so."""
    condition = _finished(known).get("lastTransitionTime")
    return seconds(known.before.get("completionTime")) or seconds(condition)


def _finished(known: Known) -> Mapping[str, Any]:
    """The condition by which it is final."""
    conditions = known.before.get("conditions", ())
    return next((each for each in conditions if each["type"] == "Finished"), {})


def _events(known: Known) -> tuple[Event, ...]:
    """The outcome, should it not have been told yet; and that the report is gone."""
    told: list[Event] = []
    verdict, message = known.before.get("verdict"), _finished(known).get("message", "")
    if verdict:
        kind = EventType.NORMAL if verdict == Verdict.AGREED else EventType.WARNING
        told.append(Event(type=kind, reason=Verdict(verdict), message=message[:1024], key=""))
        if known.world.result is None and not known.world.taken:
            words = f"ConfigMap {result_name(known.owner.name)} is not there; the status stays"
            told.append(
                Event(
                    type=EventType.WARNING,
                    reason=Happening.RESULT_DELETED,
                    message=words,
                    key="",
                )
            )
    return tuple(told)
