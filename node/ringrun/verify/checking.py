"""All checks over one run's journals and report, in memory.

`folder` gives it files, the simulation what its journals hold. Reads, rebuilds, then asks each
check in turn; the checks share nothing but what they read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ringrun.verify.evidence import REPORT, Evidence, called, nodes_told, slave_of
from ringrun.verify.findings import Findings, Verification
from ringrun.verify.promises.agreement import compare
from ringrun.verify.promises.confirmations import check_confirmations
from ringrun.verify.promises.cuts import check_cuts
from ringrun.verify.promises.drain import check_drain
from ringrun.verify.promises.draws import check_draws, check_numbers
from ringrun.verify.promises.incarnations import check_incarnations
from ringrun.verify.promises.outcome import (
    check_checkpoints,
    check_recorded_folds,
    check_report,
    check_results,
)
from ringrun.verify.promises.phases import check_phases, check_times
from ringrun.verify.promises.used import check_used
from ringrun.verify.promises.views import Views, gather, node_name
from ringrun.verify.reading.columns import Data
from ringrun.verify.reading.forms import form_of_report
from ringrun.verify.reading.log import Log
from ringrun.verify.reading.reader import NodeJournal, UnreadableError, read
from ringrun.verify.rebuilding.history import NODE, History
from ringrun.verify.rebuilding.rebuild import rebuild


def _say_nothing(what: str, done: int, total: int) -> None:
    """For whoever does not wait."""


Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of it is done, of how much."""


def check(
    journals: Mapping[str, Data],
    report: dict[str, Any] | None,
    same_clock: bool,
    *,
    clock_slack: float = 0.0,
    period_slack: float = 0.05,
    grace_faults: bool = False,
    evidence: Evidence | None = None,
    lengths: Mapping[str, int] | None = None,
    progress: Progress = _say_nothing,
) -> Verification:
    """Whether journals (by node, like s0-1 and m0-1) and report keep the promises.

    With `same_clock`, times of journals that name one clock are compared, `clock_slack` seconds
    apart or more; a slave's own periods may be off by `period_slack`. `grace_faults`: something was
    done to the run in GRACE that no journal tells, so its drain is not promised.

    `evidence` is what is known to be missing already. `lengths`: how many bytes each journal had
    when its process had ended, for all there were; None if nobody noted that.

    Raises UnreadableError if the journals are not all of one run.
    """
    evidence = Evidence() if evidence is None else evidence
    findings = Findings(evidence)
    slaves, masters = _read(journals, lengths, evidence, progress)
    meta = _meta([*slaves.values(), *masters])
    if report is not None:
        report = _of_this_run(report, meta, evidence)
    if report is None and not evidence.whole and not evidence.lacking(REPORT):
        evidence.lacks(REPORT, "there is no report")
    if lengths is None and meta.get("id") is not None and not evidence.whole:
        # A local run always leaves one: its journals have an id.
        evidence.remark("no journal's length is known, as there is no manifest.json to tell")
    told, lost = nodes_told(report)
    sizes = {name: len(data) for name, data in journals.items()}
    leaders = {str(epoch.get("holder")) for epoch in (report or {}).get("epochs") or ()}
    evidence.look_at([*slaves.values(), *masters], lengths, sizes, lost, leaders)
    total, done = sum(sizes.values()), 0
    histories: dict[NODE, History] = {}
    for node, journal in sorted(slaves.items()):
        progress(f"following {called(journal.name)}", done, total)
        histories[node] = rebuild(journal, node, findings)
        done += sizes[journal.name]
    views = gather(masters, histories, findings)
    expected = _expected(meta, report, views, told) if lengths is None else set(lengths)
    evidence.look_for(expected | _members(views), journals)
    if progress is not _say_nothing:
        _fold(histories.values(), progress)
    reference = compare(list(histories.values()), findings)
    for history in histories.values():
        for log in history.logs:
            check_draws(log, findings)
        check_numbers(history.journal, findings)
        check_checkpoints(history, findings)
        check_phases(history, findings)
    check_cuts(views, histories, findings)
    check_recorded_folds(views, reference, findings)
    check_confirmations(histories, views, findings, same_clock=same_clock, clock_slack=clock_slack)
    check_times(histories, views, findings, same_clock=same_clock, period_slack=period_slack)
    check_used(views, masters, histories, findings, same_clock=same_clock, clock_slack=clock_slack)
    check_incarnations(views, findings)
    check_drain(histories, views, report, findings, grace_faults=grace_faults)
    check_results(list(histories.values()), reference, findings)
    check_report(histories, reference, report, findings)
    return Verification(
        findings=tuple(findings.found),
        unchecked=findings.unchecked(),
        gaps=tuple(gap.text for _, gaps in sorted(evidence.gaps.items()) for gap in gaps),
        remarks=tuple(evidence.remarks),
        journals=len(journals),
        masters=len(masters),
        incarnations=tuple(sorted(Counter(ordinal for ordinal, _ in histories).items())),
        views=len([number for number, view in views.known.items() if not view.closing]),
        epochs=len(views.holders),
        messages=max((_approved(history) for history in histories.values()), default=0),
    )


def _fold(histories: Iterable[History], progress: Progress) -> None:
    """Fold all logs, which takes the longest of all, and say how far it is."""
    logs = [log for history in histories for log in history.logs]
    total, done = sum(log.length - log.begin for log in logs), 0
    for log in logs:

        def folded(index: int, log: Log = log, done: int = done) -> None:
            progress(f"adding up {called(log.name)}", done + index - log.begin, total)

        log.fold_all(folded)
        done += log.length - log.begin


def _read(
    journals: Mapping[str, Data],
    lengths: Mapping[str, int] | None,
    evidence: Evidence,
    progress: Progress,
) -> tuple[dict[NODE, NodeJournal], list[NodeJournal]]:
    """The journals of slaves and of masters, as far as they could be read."""
    total, done = sum(len(data) for data in journals.values()), 0
    slaves: dict[NODE, NodeJournal] = {}
    masters: list[NodeJournal] = []
    for name, data in sorted(journals.items()):
        progress(f"reading {called(name)}", done, total)
        done += len(data)
        journal = read(name, data)
        written_by = journal.meta.get("node", name)
        if lengths is not None and name not in lengths:
            what = f"{called(name)}'s journal is of another run"
            evidence.lacks(name, what, ": when this one had ended, there was none")
            continue
        if written_by != name:
            what = f"{called(name)}'s journal is another's"
            evidence.lacks(name, what, f": it was written by {called(str(written_by))}")
            continue
        slave = slave_of(name)
        if slave is None:
            masters.append(journal)
        else:
            slaves[slave] = journal
    return slaves, masters


def _of_this_run(
    report: dict[str, Any], meta: dict[str, Any], evidence: Evidence
) -> dict[str, Any] | None:
    """The report, if it is one and of the run that the journals tell of."""
    why = form_of_report(report)
    spec = report.get("spec") or {}
    if why:
        evidence.lacks(REPORT, "the report is damaged", f": {why}")
        return None
    for key in ("seed", "nodes"):
        if key in spec and key in meta and spec[key] != meta[key]:
            more = f": its {key} is {spec[key]}, the journals' {meta[key]}"
            evidence.lacks(REPORT, "the report is of another run", more)
            return None
    return report


def _members(views: Views) -> set[str]:
    return {node_name(node) for view in views.known.values() for node in view.members}


def _expected(
    meta: dict[str, Any], report: dict[str, Any] | None, views: Views, told: set[str]
) -> set[str]:
    """Who must have left a journal, as far as anything tells: where nobody noted it."""
    holders = {str(holder) for holder in views.holders.values()}
    slaves = {f"s{ordinal}-1" for ordinal in range(int(meta.get("nodes") or 0))}
    spec = (report or {}).get("spec") or {}
    masters = {f"m{number}-1" for number in range(int(spec.get("masters") or 1))}
    return told | holders | slaves | masters


def _approved(history: History) -> int:
    return history.log.length


def _meta(journals: list[NodeJournal]) -> dict[str, Any]:
    """What the journals say of their run; they must all say the same."""
    meta: dict[str, Any] = {}
    source = ""
    for journal in journals:
        for key in ("run", "seed", "nodes", "model", "send", "grace", "id"):
            value = journal.meta.get(key)
            if value is None:
                continue
            if meta.setdefault(key, value) != value:
                raise UnreadableError(
                    f"these are journals of two runs: {key} is {value!r} in {journal.name}, "
                    f"{meta[key]!r} in {source}"
                )
        source = source or journal.name
    return meta
