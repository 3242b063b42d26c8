"""The report of a run that no master is left to report on, from what its slaves left behind.

Called by the local run, the master by hand, the operator and the simulation, when no complete
report came from a leader. The verdict is by the same table as the leader's; what the last leader
had written down (views, failures, results) is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from ringrun.core.messages import Result
from ringrun.core.orders import Orders
from ringrun.core.outcome.collecting import Collected
from ringrun.core.outcome.verdict import judge
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.rules import ALL_RULES
from ringrun.report import EpochReport, FailureKind, FailureReport, Verdict
from ringrun.spec import RunSpec


def orphaned_report(
    spec: RunSpec,
    record: Record,
    orders: Orders,
    draft: Mapping[str, Any] | None,
    results: Iterable[Result],
    reason: Reason,
    sent_for: float | None = None,
) -> dict[str, Any]:
    """The complete report's document, as nobody is left who could add to it.

    `reason` says why no leader reported; `results` are those found beside the orders' own.
    `sent_for`: for how many seconds SEND was seen to last, None if that is not known.
    """
    record = _stopped(record, orders)
    # A record that was lost knows less than the draft, which is no later leader's for that.
    drafted = 0 if draft is None else draft.get("epoch", 0)
    collected = Collected(max(record.epoch, drafted), ALL_RULES)
    collected.report_seen(0, None if draft is None else dict(draft))
    for result in (*orders.results, *results):
        collected.add(result)
    if record.epoch and record.epoch not in collected.epochs:
        holder = record.holder or "unknown"
        collected.epochs[record.epoch] = EpochReport(number=record.epoch, holder=holder, at=0.0)
    for lost in orders.causes:
        collected.fail(
            FailureReport(
                at=0.0,
                kind=FailureKind.SLAVE_LOST,
                node=str(lost.node),
                cause=lost.text,
                view=record.view,
            )
        )
    judgement = judge(record, collected.results)
    if judgement.verdict is not Verdict.AGREED:
        judgement = replace(judgement, reason=_both(judgement.reason, reason))
    return collected.report(spec, record, judgement, sent_for)


def _both(judged: Reason, reason: Reason) -> Reason:
    """What the results say, and why no leader told it."""
    if judged.word in {Why.NEVER_STARTED, reason.word}:
        return reason
    return Reason(judged.word, f"{judged.detail}; {reason}" if judged.detail else str(reason))


def _stopped(record: Record, orders: Orders) -> Record:
    """The record as an unclosed STOP would have it, if no leader recorded one."""
    if record.phase is Phase.STOP:
        return record
    return msgspec.structs.replace(
        record,
        phase=Phase.STOP,
        send_members=record.send_members or record.members,
        closed=False,
        # Ordered, but no leader was there to record it.
        stop_reason=orders.stop_reason,
    )
