"""What logs come to: results, recorded folds, checkpoints (G1, G2, G3), and the report (G11)."""

from collections.abc import Sequence
from typing import Any

from ringrun.verify.evidence import SLAVES
from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.promises.agreement import Reference
from ringrun.verify.promises.views import Views
from ringrun.verify.reading.log import Log
from ringrun.verify.reading.numbers import BLOCK
from ringrun.verify.reading.reader import Kind
from ringrun.verify.rebuilding.history import NODE, History

Tally = tuple[int, str, str]


def check_results(histories: Sequence[History], reference: Reference, findings: Findings) -> None:
    """A result is what its slave approved, and final results are equal."""
    final: tuple[str, Tally] | None = None
    for history in histories:
        name = history.name
        for document in history.journal.of(Kind.RESULT)[:1]:
            tally = tally_of(document.values)
            approved = history.approved_at(document.place)
            if tally[0] != approved:
                lost = tally[0] < approved
                findings.add(
                    Promise.CONTIGUOUS,
                    Anomaly.LOST if lost else Anomaly.UNEXPECTED,
                    name,
                    f"{called(name)} counts {tally[0]:,} messages in its result and had approved "
                    f"{approved:,}",
                    index=min(tally[0], approved) + 1,
                    seen=tally[0],
                    other=approved,
                )
            elif tally[0] <= history.log.length:
                _check_fold(name, "result", tally, history.log, reference, findings)
            if document.values.get("final"):
                if final is None:
                    final = (name, tally)
                elif final[1] != tally:
                    findings.add(
                        Promise.AGREEMENT,
                        Anomaly.DIVERGED,
                        name,
                        f"{called(name)} has a final result of {tally[0]:,} messages, sum "
                        f"{tally[1]}, {called(final[0])} of {final[1][0]:,}, sum {final[1][1]}",
                        seen=list(tally),
                        other=list(final[1]),
                    )


def _check_fold(
    name: str, what: str, tally: Tally, log: Log, reference: Reference, findings: Findings
) -> None:
    """The sum and digest that were told are those of the entries."""
    count = tally[0]
    if count < log.begin:
        return
    # Of equal logs the reference has folded one already.
    fold = (reference.fold(count) if reference.agrees(log) else None) or log.fold(count)
    for part, told, due in (
        ("sum", tally[1], str(fold[0])),
        ("digest", tally[2], fold[1].hex()),
    ):
        if told != due:
            findings.add(
                Promise.AGREEMENT,
                Anomaly.DIVERGED,
                name,
                f"{called(name)} gives its {what} of {count:,} messages the {part} {told}, its "
                f"entries have {due}",
                index=count,
                seen=told,
                other=due,
            )


def check_checkpoints(history: History, findings: Findings) -> None:
    """The digest chain that a slave noted is that of its entries."""
    log = history.log
    # Those before a joiner's start, or beyond where the log could be followed, cannot be told.
    first, last = log.begin // BLOCK, log.full
    for block, digest in history.journal.checkpoints:
        if first <= block <= last and log.digest(block) != digest:
            findings.add(
                Promise.AGREEMENT,
                Anomaly.DIVERGED,
                history.name,
                f"{called(history.name)} noted another digest than its entries have after index "
                f"{block * BLOCK:,}",
                index=block * BLOCK,
                seen=digest.hex(),
                other=log.digest(block).hex(),
            )
            return


def check_recorded_folds(views: Views, reference: Reference, findings: Findings) -> None:
    """The fold that is recorded with a view is that of what was approved up to its cut (G3)."""
    for number, view in sorted(views.known.items()):
        if view.fold is None:
            continue
        fold = reference.fold(view.cut)
        if fold is None:
            # A cut that nobody lived to approve, or that lies before all that the journals hold.
            continue
        if view.fold != (str(fold[0]), fold[1].hex()):
            findings.add(
                Promise.UNIFORM,
                Anomaly.DIVERGED,
                f"view {number}",
                f"view {number} has at its cut {view.cut:,} the sum {view.fold[0]}, what "
                f"{called(reference.name)} approved has {fold[0]}",
                index=view.cut,
                seen=list(view.fold),
                other=[str(fold[0]), fold[1].hex()],
            )


def check_report(
    histories: dict[NODE, History],
    reference: Reference,
    report: dict[str, Any] | None,
    findings: Findings,
) -> None:
    """If the report says Agreed, nobody approved anything outside the log that it counts (G11)."""
    if report is None:
        return  # A gap of the evidence, and told as one.
    _check_reported_results(histories, report, findings)
    if report.get("verdict") != "Agreed":
        return
    count, total, digest = tally_of(report)
    for history in histories.values():
        for log in history.logs:
            if log.length > count:
                findings.add(
                    Promise.NO_FALSE_PRAISE,
                    Anomaly.LOST,
                    history.name,
                    f"{called(history.name)} approved index {log.length:,}, the report agrees on "
                    f"{count:,} messages",
                    index=count + 1,
                    seen=log.length,
                    other=count,
                )
            elif not reference.agrees(log):
                findings.add(
                    Promise.NO_FALSE_PRAISE,
                    Anomaly.DIVERGED,
                    history.name,
                    f"{called(history.name)} approved something else than the others, and the "
                    f"report says Agreed",
                )
    fold = reference.fold(count)
    if fold is None:
        if count > reference.length:
            findings.add(
                Promise.NO_FALSE_PRAISE,
                Anomaly.UNEXPECTED,
                "report",
                f"the report counts {count:,} messages, no slave approved more than "
                f"{reference.length:,}",
                index=reference.length + 1,
                seen=count,
                other=reference.length,
                rests_on=(SLAVES,),
            )
        else:
            findings.not_checked(
                Promise.NO_FALSE_PRAISE, "no journal holds all that the report counts"
            )
        return
    for part, told, due in (("sum", total, str(fold[0])), ("digest", digest, fold[1].hex())):
        if told != due:
            findings.add(
                Promise.NO_FALSE_PRAISE,
                Anomaly.DIVERGED,
                "report",
                f"the report has the {part} {told}, the {count:,} messages have {due}",
                index=count,
                seen=told,
                other=due,
            )


def _check_reported_results(
    histories: dict[NODE, History], report: dict[str, Any], findings: Findings
) -> None:
    """The report's results are those that the slaves gave."""
    for row in report.get("slaves") or ():
        if row.get("count") is None:
            continue  # Named without a result.
        history = histories.get((int(row["ordinal"]), int(row["incarnation"])))
        if history is None:
            continue
        results = history.journal.of(Kind.RESULT)
        told = tally_of(row)
        if results and tally_of(results[0].values) != told:
            given = tally_of(results[0].values)
            findings.add(
                Promise.NO_FALSE_PRAISE,
                Anomaly.DIVERGED,
                history.name,
                f"the report has {told[0]:,} messages, sum {told[1]} of {called(history.name)}, "
                f"which gave {given[0]:,}, sum {given[1]}",
                seen=list(told),
                other=list(given),
            )
        elif not results:
            findings.add(
                Promise.NO_FALSE_PRAISE,
                Anomaly.UNEXPECTED,
                history.name,
                f"the report has a result of {called(history.name)}, which gave none",
                seen=list(told),
                rests_on=(history.name,),
            )


def tally_of(values: dict[str, Any]) -> Tally:
    """Count, exact sum and digest as a document has them."""
    return (
        int(values.get("count") or 0),
        str(values.get("sumExact") or "0"),
        str(values.get("digest") or ""),
    )
