"""Phases: never back, originate in SEND alone, nothing after a result, in time (G6)."""

from typing import Any

from ringrun.verify.evidence import MASTERS, SLAVES
from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.promises.views import PHASES, Views
from ringrun.verify.reading.reader import Document, Kind
from ringrun.verify.rebuilding.history import NODE, History

# Without its own note, a slave's place in time is unknown; what it does is then not judged.
_NEVER = 1 << 62


def check_phases(history: History, findings: Findings) -> None:
    """One slave's phases, what it issued, and that it did nothing after its result."""
    name = history.name
    rank = 0
    send, after_send = _NEVER, _NEVER
    for document in history.journal.of(Kind.PHASE):
        phase = PHASES.index(document.values["phase"])
        if phase < rank:
            findings.add(
                Promise.PHASES,
                Anomaly.REORDERED,
                name,
                f"{called(name)} went from {PHASES[rank]} back to {PHASES[phase]}",
                seen=PHASES[phase],
                other=PHASES[rank],
            )
        rank = max(rank, phase)
        if phase == PHASES.index("SEND"):
            send = min(send, document.place)
        elif phase > PHASES.index("SEND"):
            after_send = min(after_send, document.place)
    entries = history.journal.entries
    outside = (entries.kind == Kind.ISSUED) & (
        (entries.place < send) | (entries.place > after_send)
    )
    if outside.any():
        row = int(outside.argmax())
        where = "before SEND" if entries.place[row] < send else "after SEND had ended"
        findings.add(
            Promise.PHASES,
            Anomaly.UNEXPECTED,
            name,
            f"{called(name)} issued index {int(entries.first[row]):,} {where}",
            index=int(entries.first[row]),
        )
    _check_after_result(history, findings)


def _check_after_result(history: History, findings: Findings) -> None:
    results = history.journal.of(Kind.RESULT)
    if not results:
        return
    name = history.name
    place = results[0].place
    entries, approvals = history.journal.entries, history.journal.approvals
    row = int(entries.place.searchsorted(place))
    approval = int(approvals.place.searchsorted(place))
    installed = [view for view in history.installed if view.place > place]
    what, index = "", None
    if approval < len(approvals):
        index = int(approvals.up_to[approval])
        what = f"approved up to {index:,}"
    elif row < len(entries):
        index = int(entries.first[row])
        verb = "issued" if entries.kind[row] == Kind.ISSUED else "took"
        what = f"{verb} index {index:,}"
    elif installed:
        what = f"installed view {installed[0].number}"
    if what:
        findings.add(
            Promise.PHASES,
            Anomaly.UNEXPECTED,
            name,
            f"{called(name)} {what} after it had given its result",
            index=index,
        )
    for other in results[1:]:
        if _tally(other.values) != _tally(results[0].values):
            findings.add(
                Promise.PHASES,
                Anomaly.DIVERGED,
                name,
                f"{called(name)} gave two results, of {results[0].values.get('count')} and of "
                f"{other.values.get('count')} messages",
                seen=list(_tally(other.values)),
                other=list(_tally(results[0].values)),
            )


def _tally(values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(key) for key in ("count", "sumExact", "digest", "final"))


def check_times(
    histories: dict[NODE, History],
    views: Views,
    findings: Findings,
    *,
    same_clock: bool,
    period_slack: float,
) -> None:
    """A slave present from the start ends SEND and GRACE by its own clock as planned (G6).

    Judged are those of view 1 that are in the last view: the rest may have been evicted because
    they stood still. One whose GO came late ends with the others, so it may end earlier by as much
    as it was late, and an early STOP ends whatever is under way.
    """
    first, last = views.known.get(1), views.last()
    if first is None or last is None:
        return
    # Whoever died may have been the first to start: the others end with its GO.
    marks = {node: marks_of(histories[node]) for node in first.members if node in histories}
    for node, (started, ended, frozen) in marks.items():
        if started is None or node not in last.members:
            continue
        history = histories[node]
        meta = history.journal.meta
        clock = history.journal.clock
        earliest = min(
            (
                other.time
                for peer, (other, _, _) in marks.items()
                if other is not None
                and (peer == node or (same_clock and histories[peer].journal.clock == clock != ""))
            ),
            default=started.time,
        )
        late = started.time - earliest
        send, grace = float(meta.get("send", 0.0)), float(meta.get("grace", 0.0))
        for mark, length, what in (
            (ended, send, "SEND"),
            (frozen, send + grace, "GRACE"),
        ):
            if mark is None:
                continue
            took = mark.time - started.time
            # Where clocks cannot be compared, a late GO shows in the slave's own count of seconds.
            told = mark.values.get("elapsed")
            early = not same_clock and isinstance(told, float) and told >= length - period_slack
            stopped = _was_stopped(history, mark)
            too_long = took > length + period_slack
            too_short = took < length - late - period_slack and not early and not stopped
            if too_long or too_short:
                findings.add(
                    Promise.PHASES,
                    Anomaly.LATE if too_long else Anomaly.UNEXPECTED,
                    history.name,
                    f"{called(history.name)} ended {what} {took:.3f} s after its GO, planned were "
                    f"{length:.3f} s",
                    seen=took,
                    other=length,
                    # Whose GO was the first, and who was left out at last, others tell.
                    rests_on=(SLAVES, MASTERS),
                )


def marks_of(history: History) -> tuple[Document | None, Document | None, Document | None]:
    """Where SEND began, SEND ended, and GRACE ended."""
    marks: dict[str, Document] = {}
    for document in history.journal.of(Kind.PHASE):
        marks.setdefault(str(document.values.get("phase")), document)
    return marks.get("SEND"), marks.get("GRACE"), marks.get("STOP")


def _was_stopped(history: History, mark: Document) -> bool:
    """Whether a phase was ended by an early STOP or the end of the process, not by the clock."""
    results = history.journal.of(Kind.RESULT)
    told_to_end = bool(results) and results[0].time == mark.time and not results[0].values["final"]
    return told_to_end or any(
        document.values.get("obeyed") and str(document.values.get("command")).lower() == "close"
        for document in history.journal.of(Kind.COMMAND)
        if document.place <= mark.place or document.time <= mark.time
    )
