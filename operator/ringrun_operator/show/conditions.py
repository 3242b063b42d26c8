"""The conditions of a RingRun: their types in one place, and how a list of them is kept.

Called by `status` alone. A condition's time moves only when its status does, and every condition
is stamped with the generation that was looked at, finished or not: `kubectl wait` hangs where the
stamp is behind the object's own (tried).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ringrun.core.phase import RANK, Phase
from ringrun.core.record import Record
from ringrun.report import Report, Verdict
from ringrun_operator import names
from ringrun_operator.names import Role
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


class Truth(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition as it is now."""

    type: Type
    status: Truth
    reason: str
    message: str


LONGEST_MESSAGE: Final = 4096

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def word(text: str, otherwise: str) -> str:
    """The first word of a text as a reason may have it: letters and digits, no spaces."""
    match = _WORD.match(text)
    return match[0] if match else otherwise


def written(
    conditions: Iterable[Condition],
    before: Iterable[Mapping[str, Any]],
    generation: int,
    now: str,
) -> list[dict[str, Any]]:
    """The list as the status has it; `before` is the one that it replaces."""
    since = {
        (each.get("type"), each.get("status")): each.get("lastTransitionTime") for each in before
    }
    return [
        {
            "type": condition.type.value,
            "status": condition.status.value,
            "observedGeneration": generation,
            "lastTransitionTime": since.get((condition.type.value, condition.status.value)) or now,
            "reason": condition.reason,
            "message": condition.message[:LONGEST_MESSAGE],
        }
        for condition in conditions
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
            reason="Suspended" if shown.suspended else "NotSuspended",
            message="spec.suspend is true; false begins afresh." if shown.suspended else "",
        ),
        _succeeded(shown),
        Condition(
            type=Type.FINISHED,
            status=Truth.TRUE if shown.report else Truth.FALSE,
            reason=shown.report.verdict.value if shown.report else "Active",
            message=summary(shown.report) if shown.report else "",
        ),
    ]


def _pods_created(shown: Shown) -> Condition:
    slaves, masters = shown.created(Role.SLAVE), shown.created(Role.MASTER)
    obstacle = shown.obstacle
    made = f"{slaves} of {shown.spec.nodes} slaves and {masters} of {shown.spec.masters}"
    refused = obstacle is not None and bool(shown.known.world.refusals)
    whole = slaves >= shown.spec.nodes and masters >= shown.spec.masters
    before = _before(shown, Type.PODS_CREATED)
    if shown.report is not None and before is not None:
        # Pods that are cleaned up were made all the same.
        return before
    if whole and not refused:
        truth, reason, message = Truth.TRUE, "Created", f"{made} masters have a pod."
    elif refused and obstacle is not None:
        truth, reason, message = Truth.FALSE, obstacle.reason, obstacle.message
    else:
        reason = "Suspended" if shown.suspended else "Creating"
        truth, message = Truth.FALSE, f"{made} masters have a pod."
    return Condition(type=Type.PODS_CREATED, status=truth, reason=reason, message=message)


def _slaves_ready(shown: Shown) -> Condition:
    up, wanted, obstacle = shown.ready, shown.spec.nodes, shown.obstacle
    record = shown.record or Record()
    message = f"{up} of {wanted} slaves are ready."
    if record.view:
        message = f"{up} of {wanted} slaves are in view {record.view}."
    if up >= wanted:
        truth, reason = Truth.TRUE, "Ready"
    elif obstacle is not None:
        truth, reason, message = Truth.FALSE, obstacle.reason, obstacle.message
    elif record.view:
        truth, reason = Truth.FALSE, "SlavesLost"
    else:
        truth, reason = Truth.FALSE, "Suspended" if shown.suspended else "Starting"
    return Condition(type=Type.SLAVES_READY, status=truth, reason=reason, message=message)


def _leader_elected(shown: Shown) -> Condition:
    record = shown.record
    before = _before(shown, Type.LEADER_ELECTED)
    if record is not None and record.holder:
        truth, reason = Truth.TRUE, "Leading"
        message = f"{names.master_place(record.holder)} leads (epoch {record.epoch})."
    elif shown.report is not None and before is not None:
        return before
    elif record is not None and record.epoch:
        truth, reason, message = Truth.FALSE, "NoLeader", "The lease is free; a standby takes it."
    else:
        truth, reason, message = Truth.FALSE, "NoLeader", "No master has led yet."
    return Condition(type=Type.LEADER_ELECTED, status=truth, reason=reason, message=message)


def _sending(shown: Shown) -> Condition:
    rank = RANK[Phase.STOP] if shown.report else RANK[(shown.record or Record()).phase]
    if rank == RANK[Phase.SEND]:
        truth, reason, message = Truth.TRUE, "Sending", "Slaves originate messages."
    elif rank < RANK[Phase.SEND]:
        truth, reason, message = Truth.FALSE, "NotStarted", "SEND has not begun."
    else:
        truth, reason, message = Truth.FALSE, "Ended", "No slave originates messages any more."
    return Condition(type=Type.SENDING, status=truth, reason=reason, message=message)


def _outcome(shown: Shown) -> list[Condition]:
    """ResultsCollected, ResultsAgree and ExpectationsMet, all Unknown until the report is there."""
    report = shown.report
    kinds = (Type.RESULTS_COLLECTED, Type.RESULTS_AGREE, Type.EXPECTATIONS_MET)
    if report is None:
        return [
            Condition(type=kind, status=Truth.UNKNOWN, reason="Active", message="")
            for kind in kinds
        ]
    told = shown.delivered
    final = sum(slave.final for slave in report.slaves)
    unmet = [each for each in report.expectations if not each.met]
    agreed = report.verdict is Verdict.AGREED
    unknown = report.verdict is Verdict.FAILED and not told
    return [
        Condition(
            type=Type.RESULTS_COLLECTED,
            status=Truth.TRUE if told else Truth.FALSE,
            reason="Collected" if told else "NoResults",
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
            reason="Unmet" if unmet else "Met" if report.expectations else "NoneGiven",
            message="; ".join(
                f"{each.name}: wanted {each.wanted:g}, got "
                + ("nothing" if each.got is None else f"{each.got:g}")
                for each in unmet
            ),
        ),
    ]


def _succeeded(shown: Shown) -> Condition:
    report, obstacle = shown.report, shown.obstacle
    if report is None:
        reason = "Suspended" if shown.suspended else "Active"
        truth, message = Truth.UNKNOWN, ""
        if obstacle is not None:
            reason, message = obstacle.reason, obstacle.message
    elif report.as_wished:
        truth, reason, message = Truth.TRUE, report.verdict.value, summary(report)
    elif report.verdict is Verdict.AGREED:
        truth, reason, message = Truth.FALSE, "ExpectationsUnmet", summary(report)
    else:
        truth = Truth.FALSE
        reason, message = word(report.reason, report.verdict.value), summary(report)
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
    return f"{report.verdict.value}: {report.reason}" if report.reason else report.verdict.value


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
