"""What was recorded, and that only what was recorded was used: one leader (G7), no return (G12).

The masters' journals tell every version of the record that they wrote or read; the slaves' tell
which views they installed and which commands they obeyed. What a master did not live to write down
was used by nobody, so all that a slave used must be here, if the journals of all masters are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.reader import Document, Kind, NodeJournal
from ringrun.verify.rebuilding.history import NODE, History

PHASES = ("START", "SEND", "GRACE", "STOP")
_SEEN = {"saved", "read"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view that was recorded or used. `closing`: its cut ends the run, nobody installs it."""

    number: int
    members: tuple[NODE, ...]
    cut: int
    fold: tuple[str, str] | None
    """The exact sum and the digest at the cut, as recorded; None if they were not told."""
    time: float
    clock: str
    source: str
    """The node whose journal tells it first."""
    closing: bool = False


@dataclass(slots=True)
class Views:
    """All views and epochs of a run. `recorded`: those that a master's journal tells."""

    known: dict[int, View] = field(default_factory=dict)
    recorded: dict[int, View] = field(default_factory=dict)
    holders: dict[int, str] = field(default_factory=dict)
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)
    send_members: tuple[NODE, ...] = ()
    stop: dict[str, Any] | None = None
    """The record's last state once its phase is STOP."""

    def last(self) -> View | None:
        """The last view in which slaves may have issued."""
        open_views = [number for number, view in self.known.items() if not view.closing]
        return self.known[max(open_views)] if open_views else None


def node_name(node: NODE) -> str:
    """The name of a slave's journal, without its suffix."""
    return f"s{node[0]}-{node[1]}"


def members_of(values: Iterable[Sequence[int]]) -> tuple[NODE, ...]:
    """Members as a document has them, with or without their addresses."""
    return tuple((int(member[0]), int(member[1])) for member in values)


def gather(
    masters: Sequence[NodeJournal], histories: dict[NODE, History], findings: Findings
) -> Views:
    """All that was recorded and installed; contradictions are findings."""
    views = Views()
    for journal in masters:
        for document in journal.of(Kind.RECORD):
            if document.values.get("outcome") in _SEEN:
                _take_record(views, journal, document, findings)
    _check_versions(views, findings)
    for history in histories.values():
        for document in history.journal.of(Kind.VIEW):
            _take_view(views, history.journal, document, findings)
    return views


def _take_record(
    views: Views, journal: NodeJournal, document: Document, findings: Findings
) -> None:
    values = document.values
    _one_holder(views, journal.name, values, findings)
    content = {key: value for key, value in values.items() if key != "outcome"}
    version = int(values.get("version", 0))
    before = views.versions.setdefault(version, content)
    if before is not content and before != content:
        differing = sorted(key for key in content if content[key] != before.get(key))
        findings.add(
            Promise.ONE_LEADER,
            Anomaly.DIVERGED,
            journal.name,
            f"{called(journal.name)} saw version {version} of the record with another "
            f"{', '.join(differing)}",
            seen={key: content[key] for key in differing},
            other={key: before.get(key) for key in differing},
        )
    if values.get("phase") == "STOP":
        views.stop = content
    if values.get("sendMembers"):
        views.send_members = members_of(values["sendMembers"])
    if not int(values.get("view", 0)):
        return
    view = _view(journal, document, int(values["view"]))
    known = views.recorded.get(view.number)
    if known is None:
        views.recorded[view.number] = views.known[view.number] = view
    elif _content(known) != _content(view):
        _contradiction(journal.name, view, known, findings)
    elif view.time < known.time and view.clock == known.clock:
        views.recorded[view.number] = views.known[view.number] = view


def _take_view(views: Views, journal: NodeJournal, document: Document, findings: Findings) -> None:
    values = document.values
    _one_holder(views, journal.name, values, findings)
    view = _view(journal, document, int(values["number"]))
    known = views.known.setdefault(view.number, view)
    if _content(known) != _content(view):
        _contradiction(journal.name, view, known, findings)


def _view(journal: NodeJournal, document: Document, number: int) -> View:
    values = document.values
    fold = (
        (str(values["sumExact"]), str(values["digest"]))
        if "sumExact" in values and "digest" in values
        else None
    )
    return View(
        number=number,
        members=members_of(values["members"]),
        cut=int(values["cut"]),
        fold=fold,
        time=document.time,
        clock=journal.clock,
        source=journal.name,
        closing=values.get("phase") == "STOP" and bool(values.get("closed")),
    )


def _content(view: View) -> tuple[frozenset[NODE], int, tuple[str, str] | None]:
    return frozenset(view.members), view.cut, view.fold


def _contradiction(name: str, view: View, known: View, findings: Findings) -> None:
    findings.add(
        Promise.ONE_LEADER,
        Anomaly.DIVERGED,
        name,
        f"{called(name)} has view {view.number} as {_shown(view)}, {called(known.source)} as "
        f"{_shown(known)}",
        seen=_shown(view),
        other=_shown(known),
    )


def _shown(view: View) -> str:
    members = " ".join(f"{ordinal}-{start}" for ordinal, start in sorted(view.members))
    return f"[{members}] cut {view.cut:,}" + (f" sum {view.fold[0]}" if view.fold else "")


def _one_holder(views: Views, name: str, values: dict[str, Any], findings: Findings) -> None:
    """An epoch has one holder; a freed lease has none, and is still the epoch of the last."""
    epoch, holder = int(values.get("epoch", 0)), str(values.get("holder") or "")
    if not epoch or not holder:
        return
    known = views.holders.setdefault(epoch, holder)
    if known != holder:
        findings.add(
            Promise.ONE_LEADER,
            Anomaly.STALE_EPOCH,
            name,
            f"{called(name)} saw epoch {epoch} held by {holder}, it is held by {known}",
            seen=holder,
            other=known,
        )


def _check_versions(views: Views, findings: Findings) -> None:
    """From version to version epoch, view, cut and phase only go on."""
    ordered = sorted(views.versions.items())
    for (_, before), (version, after) in pairwise(ordered):
        for key in ("epoch", "view", "cut"):
            if int(after.get(key, 0)) < int(before.get(key, 0)):
                findings.add(
                    Promise.ONE_LEADER,
                    Anomaly.STALE_EPOCH if key == "epoch" else Anomaly.LOST,
                    f"record {key}",
                    f"version {version} of the record has {key} {after.get(key)}, an earlier one "
                    f"{before.get(key)}",
                    seen=after.get(key),
                    other=before.get(key),
                )
        if _rank(after) < _rank(before):
            findings.add(
                Promise.PHASES,
                Anomaly.REORDERED,
                "record phase",
                f"version {version} of the record is in {after.get('phase')}, an earlier one was "
                f"in {before.get('phase')}",
                seen=after.get("phase"),
                other=before.get("phase"),
            )


def _rank(values: dict[str, Any]) -> int:
    phase = values.get("phase")
    return PHASES.index(phase) if phase in PHASES else 0


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
    if not present:
        findings.not_checked("no master left a journal: that what was used was recorded (G7)")
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
        _one_holder(views, name, values, findings)
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
            )


def check_incarnations(views: Views, findings: Findings) -> None:
    """An incarnation is in one unbroken stretch of views, and alone of its ordinal (G12)."""
    ended: set[NODE] = set()
    present: set[NODE] = set()
    newest: dict[int, int] = {}
    for number, view in sorted(views.known.items()):
        members = set(view.members)
        for ordinal, start in sorted(members):
            name = node_name((ordinal, start))
            others = sorted(other for other in members if other[0] == ordinal)
            if len(others) > 1:
                findings.add(
                    Promise.NO_RETURN,
                    Anomaly.DUPLICATED,
                    name,
                    f"view {number} has incarnations "
                    f"{' and '.join(str(other[1]) for other in others)} of slave {ordinal}",
                    seen=[list(other) for other in others],
                )
            elif (ordinal, start) in ended or start < newest.get(ordinal, 0):
                findings.add(
                    Promise.NO_RETURN,
                    Anomaly.UNEXPECTED,
                    name,
                    f"{called(name)} is in view {number} again, after a view without it",
                    seen=number,
                )
            newest[ordinal] = max(newest.get(ordinal, 0), start)
        ended |= present - members
        present = members


def check_cuts(views: Views, histories: dict[NODE, History], findings: Findings) -> None:
    """What anyone approved is within the cut of every later recorded view (G3)."""
    ordered = sorted(views.known.items())
    for history in histories.values():
        approved = dict(history.approved_in)
        if history.based_before:
            before = history.based_before - 1
            approved[before] = max(approved.get(before, 0), history.base.count)
        for number, view in ordered:
            highest = max(
                ((up_to, where) for where, up_to in approved.items() if where < number),
                default=(0, 0),
            )
            if highest[0] > view.cut:
                findings.add(
                    Promise.UNIFORM,
                    Anomaly.LOST,
                    history.name,
                    f"{called(history.name)} approved index {view.cut + 1:,} in view "
                    f"{highest[1]}, view {number} was recorded with cut {view.cut:,}",
                    index=view.cut + 1,
                    seen=highest[0],
                    other=view.cut,
                )
                break
