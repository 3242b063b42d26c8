"""What was recorded and installed, put together from all journals, without contradiction (G7).

The masters' journals tell every version of the record that they wrote or read, the slaves' which
views they installed. Whether what slaves used was recorded is for `used`; `cuts` and `incarnations`
judge the views as they follow each other.
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
# This many members in a row are told as a range.
_RANGE = 5


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
    one_holder(views, journal.name, values, findings)
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
    one_holder(views, journal.name, values, findings)
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
    runs: list[list[NODE]] = []
    for node in sorted(view.members):
        if runs and (node[0] - 1, node[1]) == runs[-1][-1]:
            runs[-1].append(node)
        else:
            runs.append([node])
    members = " ".join(
        f"{run[0][0]}..{run[-1][0]}-{run[0][1]}"
        if len(run) >= _RANGE
        else " ".join(f"{ordinal}-{start}" for ordinal, start in run)
        for run in runs
    )
    return f"[{members}] cut {view.cut:,}" + (f" sum {view.fold[0]}" if view.fold else "")


def one_holder(views: Views, name: str, values: dict[str, Any], findings: Findings) -> None:
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
