"""Without a fault in GRACE, all that was issued in the last view is approved by all of it (G8)."""

from typing import Any

from ringrun.verify.evidence import MASTERS, REPORT, SLAVES
from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.promises.phases import marks_of
from ringrun.verify.promises.views import Views
from ringrun.verify.reading.reader import Kind
from ringrun.verify.rebuilding.history import NODE, History


def check_drain(
    histories: dict[NODE, History],
    views: Views,
    report: dict[str, Any] | None,
    findings: Findings,
    *,
    grace_faults: bool,
) -> None:
    """With no fault in GRACE all that was issued in the last view is approved by all of it (G8)."""
    last = views.last()
    if last is None or grace_faults or _had_fault(histories, views, report):
        return
    issued, issuer = 0, ""
    for history in histories.values():
        entries = history.journal.entries
        mine = (entries.kind == Kind.ISSUED) & (entries.view == last.number)
        if mine.any():
            highest = int((entries.first[mine] + entries.count[mine]).max()) - 1
            if highest > issued:
                issued, issuer = highest, history.name
    for node in last.members:
        history = histories[node]
        approved = history.log.length
        if approved < issued and history.whole:
            findings.add(
                Promise.DRAIN,
                Anomaly.LOST,
                history.name,
                f"{called(history.name)} approved up to {approved:,}, {called(issuer)} issued "
                f"{issued:,} in the same view and nothing failed in GRACE",
                index=approved + 1,
                seen=approved,
                other=issued,
                rests_on=(SLAVES, MASTERS, REPORT),
            )


def _had_fault(histories: dict[NODE, History], views: Views, report: dict[str, Any] | None) -> bool:
    """Whether anything went wrong after SEND, or may have: then the drain is not promised."""
    last = views.last()
    assert last is not None
    closing = [view for view in views.known.values() if view.closing]
    # Whoever closes the run with fewer members has lost one; an unclosed run has lost its record.
    if not closing or set(closing[-1].members) != set(last.members):
        return True
    for node in last.members:
        history = histories.get(node)
        if history is None:
            return True
        results = history.journal.of(Kind.RESULT)
        if not results or not results[0].values.get("final"):
            return True
        # Frozen as planned: an early STOP ends SEND as well as the drain.
        started, ended, frozen = marks_of(history)
        if started is None or ended is None or frozen is None:
            return True
        # Wedged before it was frozen: a change of view in GRACE that led nowhere.
        if any(
            ended.place < wedged.place < frozen.place for wedged in history.journal.of(Kind.WEDGED)
        ):
            return True
    if report is None:
        return False
    spec = report.get("spec") or {}
    periods = spec.get("periods") or {}
    send = float(periods.get("sendMilliseconds", 0)) / 1000 or max(
        float(histories[node].journal.meta.get("send", 0.0)) for node in last.members
    )
    return _word(report) in {"Aborted", "Suspended"} or any(
        float(failure.get("at") or 0.0) >= send for failure in report.get("failures") or ()
    )


def _word(report: dict[str, Any]) -> str:
    """The first word of the reason; reports of older versions have it in the text alone."""
    reason = str(report.get("reason") or "")
    return str(report.get("reasonWord") or reason.partition(":")[0])
