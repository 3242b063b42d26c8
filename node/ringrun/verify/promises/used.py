"""Only what was recorded was used, and by the newest leadership (G7).

What a master did not live to write down was used by nobody, so all that a slave installed and
obeyed must be in the journals of the masters, if those of all masters are there.
"""

from collections.abc import Sequence

from ringrun.verify.evidence import MASTERS
from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.promises.views import Views, one_holder
from ringrun.verify.reading.reader import Kind, NodeJournal
from ringrun.verify.rebuilding.history import NODE, History


def check_used(
    views: Views,
    masters: Sequence[NodeJournal],
    histories: dict[NODE, History],
    findings: Findings,
    *,
    same_clock: bool,
    clock_slack: float,
) -> None:
    """What slaves installed and obeyed was recorded before (G7)."""
    present = {journal.name for journal in masters}
    for history in histories.values():
        journal = history.journal
        for document in journal.of(Kind.VIEW):
            number = int(document.values["number"])
            if document.values.get("holder") not in present:
                continue
            recorded = views.recorded.get(number)
            if recorded is None:
                _unrecorded(journal.name, f"installed view {number}", findings)
            elif (
                same_clock
                and recorded.clock == journal.clock != ""
                and recorded.time > document.time + clock_slack
            ):
                findings.add(
                    Promise.ONE_LEADER,
                    Anomaly.UNEXPECTED,
                    journal.name,
                    f"{called(journal.name)} installed view {number} before it was recorded",
                    seen=document.time,
                    other=recorded.time,
                    rests_on=(MASTERS,),
                )
        _check_commands(views, history, present, findings)
        _check_closing(views, history, findings)


def _unrecorded(name: str, what: str, findings: Findings) -> None:
    findings.add(
        Promise.ONE_LEADER,
        Anomaly.UNEXPECTED,
        name,
        f"{called(name)} {what}, which no master's journal has as recorded",
        seen=what,
        rests_on=(MASTERS,),
    )


def _check_commands(views: Views, history: History, present: set[str], findings: Findings) -> None:
    """Obeyed epochs never go down, and are those of the record."""
    highest = 0
    name = history.name
    recorded = {int(values.get("epoch", 0)) for values in views.versions.values()}
    for document in history.journal.of(Kind.COMMAND):
        values = document.values
        if not values.get("obeyed"):
            continue
        epoch, holder = int(values["epoch"]), str(values.get("holder") or "")
        one_holder(views, name, values, findings)
        if epoch < highest:
            findings.add(
                Promise.ONE_LEADER,
                Anomaly.STALE_EPOCH,
                name,
                f"{called(name)} obeyed {values.get('command')} of epoch {epoch} ({holder}) after "
                f"epoch {highest}",
                seen=epoch,
                other=highest,
            )
        highest = max(highest, epoch)
        if holder in present and epoch not in recorded:
            _unrecorded(name, f"obeyed epoch {epoch} of {holder}", findings)
        if (
            str(values.get("command")).lower() == "close"
            and holder in present
            and (views.stop is None or int(values.get("view") or 0) > int(views.stop["view"]))
        ):
            _unrecorded(name, f"obeyed a CLOSE of view {values.get('view')}", findings)


def _check_closing(views: Views, history: History, findings: Findings) -> None:
    """What is approved by the closing cut is the recorded closing cut."""
    approvals = history.journal.approvals
    closing = approvals.up_to[approvals.how == 2]
    if not len(closing) or not views.versions:
        return
    cuts = [view.cut for view in views.recorded.values() if view.closing]
    for up_to in closing.tolist():
        if up_to not in cuts:
            findings.add(
                Promise.ONE_LEADER,
                Anomaly.UNEXPECTED,
                history.name,
                f"{called(history.name)} approved up to {up_to:,} by a closing cut, "
                + (f"the recorded one is {cuts[0]:,}" if cuts else "none is recorded"),
                index=up_to,
                seen=up_to,
                other=cuts[0] if cuts else None,
                rests_on=(MASTERS,),
            )
