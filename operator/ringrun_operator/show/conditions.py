"""The conditions of a RingRun: their types in one place, and how a list of them is kept.

Called by `status` alone. A condition's time moves only when its status does, and every condition
is stamped with the generation that was looked at, finished or not: `kubectl wait` hangs where the
stamp is behind the object's own (tried).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ringrun.core.phase import RANK, Phase
from ringrun.core.record import Record
from ringrun.report import Report, Verdict
from ringrun_operator import names
from ringrun_operator.names import Role
from ringrun_operator.show.kstatus import READY, RECONCILING, STALLED, health
from ringrun_operator.show.shown import Shown


class Type(StrEnum):
    """What a condition is about; the order is that of the status."""

    PODS_CREATED = "PodsCreated"
    SLAVES_READY = "SlavesReady"
    LEADER_ELECTED = "LeaderElected"
    SENDING = "Sending"
    RESULTS_COLLECTED = "ResultsCollected"
    RESULTS_AGREE = "ResultsAgree"
    EXPECTATIONS_MET = "ExpectationsMet"
    SUSPENDED = "Suspended"
    SUCCEEDED = "Succeeded"
    FINISHED = "Finished"
    READY = READY
    RECONCILING = RECONCILING
    STALLED = STALLED


class Truth(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why it does or does not, in a word, where no trouble and no verdict says so."""

    CREATED = "Created"
    CREATING = "Creating"
    SUSPENDED = "Suspended"
    NOT_SUSPENDED = "NotSuspended"
    READY = "Ready"
    SLAVES_LOST = "SlavesLost"
    STARTING = "Starting"
    LEADING = "Leading"
    NO_LEADER = "NoLeader"
    SENDING = "Sending"
    NOT_STARTED = "NotStarted"
    ENDED = "Ended"
    ACTIVE = "Active"
    COLLECTED = "Collected"
    NO_RESULTS = "NoResults"
    UNMET = "Unmet"
    MET = "Met"
    NONE_GIVEN = "NoneGiven"
    EXPECTATIONS_UNMET = "ExpectationsUnmet"
    INVALID_SPEC = "InvalidSpec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition as it is now. `reason` is a `Reason`, a `Trouble`, or the report's own word."""

    type: Type
    status: Truth
    reason: str
    message: str


LONGEST_MESSAGE: Final = 4096
_SUSPENDED: Final = "spec.suspend is true; false begins afresh."


def written(
    conditions: Sequence[Condition],
    before: Iterable[Mapping[str, Any]],
    generation: int,
    now: str,
) -> list[dict[str, Any]]:
    """The list as the status has it, with the three that sum it up; `before` is the one that it
    replaces."""
    since = {
        (each.get("type"), each.get("status")): each.get("lastTransitionTime") for each in before
    }
    return [
        _written(each, generation, since.get((each.type.value, each.status.value)) or now)
        for each in (*conditions, *_health([_plain(each) for each in conditions]))
    ]


def completed(kept: Sequence[Mapping[str, Any]], generation: int) -> list[dict[str, Any]]:
    """The conditions of a finished run, stamped with this generation; those that sum it up are
    added where an operator that had none wrote them."""
    stamped = [{**each, "observedGeneration": generation} for each in kept]
    there = {each["type"] for each in stamped}
    finished = next((each for each in stamped if each["type"] == Type.FINISHED), None)
    missing = [each for each in _health(stamped) if each.type.value not in there]
    if finished is not None:
        since = finished["lastTransitionTime"]
        stamped += [_written(each, generation, since) for each in missing]
    return stamped


def _written(condition: Condition, generation: int, since: str) -> dict[str, Any]:
    return {
        "type": condition.type.value,
        "status": condition.status.value,
        "observedGeneration": generation,
        "lastTransitionTime": since,
        "reason": str(condition.reason),
        "message": condition.message[:LONGEST_MESSAGE],
    }


def _plain(condition: Condition) -> dict[str, str]:
    return {
        "type": condition.type.value,
        "status": condition.status.value,
        "reason": str(condition.reason),
        "message": condition.message,
    }


def _health(listed: Sequence[Mapping[str, Any]]) -> list[Condition]:
    """The three that sum up the others; none where the others do not say enough."""
    by_type = {each["type"]: each for each in listed}
    succeeded, finished = by_type.get(Type.SUCCEEDED), by_type.get(Type.FINISHED)
    if succeeded is None or finished is None:
        return []
    suspended, sending = by_type.get(Type.SUSPENDED), by_type.get(Type.SENDING)
    states = health(
        succeeded,
        finished=finished["status"] == Truth.TRUE,
        suspended=suspended is not None and suspended["status"] == Truth.TRUE,
        sent=sending is not None and sending["reason"] != Reason.NOT_STARTED,
    )
    return [
        Condition(
            type=Type(kind),
            status=Truth(state),
            reason=succeeded["reason"],
            message=succeeded["message"],
        )
        for kind, state in states.items()
    ]


def conditions(shown: Shown) -> list[Condition]:
    """All conditions of a run, in the order of `Type`."""
    return [
        _pods_created(shown),
        _slaves_ready(shown),
        _leader_elected(shown),
        _sending(shown),
        *_outcome(shown),
        Condition(
            type=Type.SUSPENDED,
            status=Truth.TRUE if shown.suspended else Truth.FALSE,
            reason=Reason.SUSPENDED if shown.suspended else Reason.NOT_SUSPENDED,
            message=_SUSPENDED if shown.suspended else "",
        ),
        _succeeded(shown),
        Condition(
            type=Type.FINISHED,
            status=Truth.TRUE if shown.report else Truth.FALSE,
            reason=shown.report.verdict.value if shown.report else Reason.ACTIVE,
            message=summary(shown.report) if shown.report else "",
        ),
    ]


def _pods_created(shown: Shown) -> Condition:
    slaves, masters = shown.created(Role.SLAVE), shown.created(Role.MASTER)
    obstacle = shown.obstacle
    made = f"{slaves} of {shown.spec.nodes} slaves and {masters} of {shown.spec.masters}"
    world = shown.known.world
    refused = obstacle is not None and bool(world.refusals or world.taken or world.refused)
    whole = slaves >= shown.spec.nodes and masters >= shown.spec.masters
    before = _before(shown, Type.PODS_CREATED)
    if shown.report is not None and before is not None:
        # Pods that are cleaned up were made all the same.
        return before
    reason: str
    if whole and not refused:
        truth, reason, message = Truth.TRUE, Reason.CREATED, f"{made} masters have a pod."
    elif refused and obstacle is not None:
        truth, reason, message = Truth.FALSE, obstacle.reason, obstacle.message
    else:
        reason = Reason.SUSPENDED if shown.suspended else Reason.CREATING
        truth, message = Truth.FALSE, f"{made} masters have a pod."
    return Condition(type=Type.PODS_CREATED, status=truth, reason=reason, message=message)


def _slaves_ready(shown: Shown) -> Condition:
    up, wanted, obstacle = shown.ready, shown.spec.nodes, shown.obstacle
    record = shown.record or Record()
    message = f"{up} of {wanted} slaves are ready."
    if record.view:
        message = f"{up} of {wanted} slaves are in view {record.view}."
    reason: str
    if up >= wanted:
        truth, reason = Truth.TRUE, Reason.READY
    elif obstacle is not None:
        truth, reason, message = Truth.FALSE, obstacle.reason, obstacle.message
    elif record.view:
        truth, reason = Truth.FALSE, Reason.SLAVES_LOST
    else:
        truth, reason = Truth.FALSE, Reason.SUSPENDED if shown.suspended else Reason.STARTING
    return Condition(type=Type.SLAVES_READY, status=truth, reason=reason, message=message)


def _leader_elected(shown: Shown) -> Condition:
    record = shown.record
    before = _before(shown, Type.LEADER_ELECTED)
    if record is not None and record.holder:
        truth, reason = Truth.TRUE, Reason.LEADING
        message = f"{names.master_place(record.holder)} leads (epoch {record.epoch})."
    elif shown.report is not None and before is not None:
        return before
    elif record is not None and record.epoch:
        truth, reason = Truth.FALSE, Reason.NO_LEADER
        message = "The lease is free; a standby takes it."
    else:
        truth, reason, message = Truth.FALSE, Reason.NO_LEADER, "No master has led yet."
    return Condition(type=Type.LEADER_ELECTED, status=truth, reason=reason, message=message)


def _sending(shown: Shown) -> Condition:
    rank = RANK[Phase.STOP] if shown.report else RANK[(shown.record or Record()).phase]
    if rank == RANK[Phase.SEND]:
        truth, reason, message = Truth.TRUE, Reason.SENDING, "Slaves originate messages."
    elif rank < RANK[Phase.SEND]:
        truth, reason, message = Truth.FALSE, Reason.NOT_STARTED, "SEND has not begun."
    else:
        truth, reason, message = Truth.FALSE, Reason.ENDED, "No slave originates messages any more."
    return Condition(type=Type.SENDING, status=truth, reason=reason, message=message)


def _outcome(shown: Shown) -> list[Condition]:
    """ResultsCollected, ResultsAgree and ExpectationsMet, all Unknown until the report is there."""
    report = shown.report
    kinds = (Type.RESULTS_COLLECTED, Type.RESULTS_AGREE, Type.EXPECTATIONS_MET)
    if report is None:
        return [
            Condition(type=kind, status=Truth.UNKNOWN, reason=Reason.ACTIVE, message="")
            for kind in kinds
        ]
    told = shown.delivered
    final = sum(slave.final for slave in report.slaves)
    unmet = [each for each in report.expectations if not each.met]
    agreed = report.verdict is Verdict.AGREED
    unknown = report.verdict is Verdict.FAILED and not told
    met = Reason.MET if report.expectations else Reason.NONE_GIVEN
    return [
        Condition(
            type=Type.RESULTS_COLLECTED,
            status=Truth.TRUE if told else Truth.FALSE,
            reason=Reason.COLLECTED if told else Reason.NO_RESULTS,
            message=f"{told} of {shown.spec.nodes} slaves reported, {final} results are final.",
        ),
        Condition(
            type=Type.RESULTS_AGREE,
            status=Truth.TRUE if agreed else Truth.UNKNOWN if unknown else Truth.FALSE,
            reason=report.verdict.value,
            message=summary(report),
        ),
        Condition(
            type=Type.EXPECTATIONS_MET,
            status=Truth.FALSE if unmet else Truth.TRUE,
            reason=Reason.UNMET if unmet else met,
            message=_unmet(report),
        ),
    ]


def _succeeded(shown: Shown) -> Condition:
    report, obstacle = shown.report, shown.obstacle
    reason: str
    if report is None:
        reason = Reason.SUSPENDED if shown.suspended else Reason.ACTIVE
        truth, message = Truth.UNKNOWN, _SUSPENDED if shown.suspended else ""
        if obstacle is not None:
            reason, message = obstacle.reason, obstacle.message
    elif report.as_wished:
        truth, reason, message = Truth.TRUE, report.verdict.value, summary(report)
    elif report.verdict is Verdict.AGREED:
        truth, reason = Truth.FALSE, Reason.EXPECTATIONS_UNMET
        message = f"{summary(report)} Not met: {_unmet(report)}."
    else:
        truth = Truth.FALSE
        reason, message = report.reason_word or report.verdict.value, summary(report)
    return Condition(type=Type.SUCCEEDED, status=truth, reason=reason, message=message)


def summary(report: Report) -> str:
    """The outcome in one sentence."""
    slaves = len({slave.ordinal for slave in report.slaves})
    if report.verdict is Verdict.AGREED:
        wanted = report.spec.get("nodes", slaves)
        survived = len(report.failures)
        ending = f", {survived} failures survived" if survived > 1 else ""
        ending = ", 1 failure survived" if survived == 1 else ending
        return f"{slaves} of {wanted} slaves counted the same {report.count:,} messages{ending}."
    verdict = report.verdict.value
    # The reason of a divergence begins with that word.
    told = report.reason.startswith(f"{verdict}: ")
    return (report.reason if told else f"{verdict}: {report.reason}") if report.reason else verdict


def _unmet(report: Report) -> str:
    return "; ".join(
        f"{each.name}: wanted {_figure(each.wanted)}, got {_figure(each.got)}"
        for each in report.expectations
        if not each.met
    )


def _figure(number: float | None) -> str:
    """Written out, as a user wrote it: never 1e+06."""
    return "nothing" if number is None else f"{round(number, 6):,.15g}"


def _before(shown: Shown, kind: Type) -> Condition | None:
    """A condition as it was, for what does not change any more."""
    for each in shown.known.before.get("conditions", ()):
        if each.get("type") == kind.value:
            return Condition(
                type=kind,
                status=Truth(each["status"]),
                reason=each["reason"],
                message=each["message"],
            )
    return None
