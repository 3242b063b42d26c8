"""The report of a run whose masters are all gone, from what its slaves left on disk.

Called by `run` alone, when no complete report came from a leader. The verdict is by the same table
as the leader's; what the last leader had written down (views, failures) is kept.
"""

from dataclasses import replace
from typing import Any

import msgspec

from ringrun.core.collecting import Collected
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.core.rules import ALL_RULES
from ringrun.core.verdict import judge
from ringrun.local.folders import Folders
from ringrun.local.supervisor import Ending
from ringrun.report import EpochReport, FailureKind, FailureReport, Verdict
from ringrun.spec import RunSpec


def orphaned_report(spec: RunSpec, folders: Folders, ending: Ending) -> dict[str, Any]:
    """The complete report's document, as nobody is left who could add to it."""
    record = _stopped(ending)
    collected = Collected(record.epoch, ALL_RULES)
    collected.report_seen(0, ending.draft)
    for result in (*ending.orders.results, *folders.results()):
        collected.add(result)
    if record.epoch and record.epoch not in collected.epochs:
        holder = record.holder or "unknown"
        collected.epochs[record.epoch] = EpochReport(number=record.epoch, holder=holder, at=0.0)
    for ordinal, incarnation, cause in ending.orders.causes:
        collected.fail(
            FailureReport(
                at=0.0,
                kind=FailureKind.SLAVE_LOST,
                node=f"s{ordinal}-{incarnation}",
                cause=cause,
                view=record.view,
            )
        )
    judgement = judge(record, collected.results)
    if judgement.verdict is not Verdict.AGREED:
        why = f"{ending.reason}: {ending.last_words}" if ending.last_words else ending.reason
        told = judgement.reason not in {"", "NeverStarted", ending.reason}
        judgement = replace(judgement, reason=f"{judgement.reason}; {why}" if told else why)
    return collected.report(spec, record, judgement)


def _stopped(ending: Ending) -> Record:
    """The record as an unclosed STOP would have it, if no leader recorded one."""
    record = ending.record or Record()
    if record.phase is Phase.STOP:
        return record
    return msgspec.structs.replace(
        record,
        phase=Phase.STOP,
        send_members=record.send_members or record.members,
        closed=False,
        # Ordered, but no leader was there to record it.
        stop_reason=ending.orders.stop_reason,
    )
