"""All checks over one run's journals and report, in memory.

`folder` gives it files, the simulation what its journals hold. Reads, rebuilds, then asks each
check in turn; the checks share nothing but what they read.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ringrun.verify.findings import Findings, Verification, slave_of
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
from ringrun.verify.promises.views import gather
from ringrun.verify.reading.numbers import Streams
from ringrun.verify.reading.reader import Data, NodeJournal, UnreadableError, read
from ringrun.verify.rebuilding.history import NODE, History
from ringrun.verify.rebuilding.rebuild import rebuild


def check(
    journals: Mapping[str, Data],
    report: dict[str, Any] | None,
    same_clock: bool,
    *,
    clock_slack: float = 0.0,
    period_slack: float = 0.05,
    grace_faults: bool = False,
) -> Verification:
    """Whether journals (by node, like s0-1 and m0-1) and report keep the promises.

    With `same_clock`, times of journals that name one clock are compared, `clock_slack` seconds
    apart or more; a slave's own periods may be off by `period_slack`. `grace_faults`: something was
    done to the run in GRACE that no journal tells, so its drain is not promised.

    Raises UnreadableError if a journal is none, or if they are not all of one run.
    """
    findings = Findings()
    slaves: dict[NODE, NodeJournal] = {}
    masters: list[NodeJournal] = []
    for name, data in sorted(journals.items()):
        journal = read(name, data)
        if journal.cut_off:
            findings.not_checked(f"{name}'s journal ends within a record: read up to there")
        slave = slave_of(name)
        if slave is None:
            masters.append(journal)
        else:
            slaves[slave] = journal
    meta = _meta(list(slaves.values()) + masters)
    streams = Streams(int(meta.get("seed") or 0))
    histories = {node: rebuild(journal, node, findings) for node, journal in sorted(slaves.items())}
    views = gather(masters, histories, findings)
    reference = compare(list(histories.values()), findings)
    for history in histories.values():
        for log in history.logs:
            check_draws(log, findings)
        check_numbers(history.journal, streams, findings)
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
        unchecked=tuple(findings.unchecked),
        journals=len(journals),
        masters=len(masters),
        incarnations=tuple(sorted(Counter(ordinal for ordinal, _ in histories).items())),
        views=len([number for number, view in views.known.items() if not view.closing]),
        epochs=len(views.holders),
        messages=max((_approved(history) for history in histories.values()), default=0),
    )


def _approved(history: History) -> int:
    return history.log.length


def _meta(journals: list[NodeJournal]) -> dict[str, Any]:
    """What the journals say of their run; they must all say the same."""
    meta: dict[str, Any] = {}
    source = ""
    for journal in journals:
        for key in ("run", "seed", "nodes", "model", "send", "grace"):
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
