"""The report, and figures on the way to it, as people read them; plain text, no colours.

Used by the local run, by the programs run by hand and by `--output text`. Nothing is decided here.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from ringrun.report import ExpectationReport, Report, SlaveReport, Verdict, shown_sum
from ringrun.spec import RunSpec
from ringrun.wording import duration, folded, thousands


class OutputForm(StrEnum):
    """What stands on stdout: the report for people, or for programs."""

    TEXT = "text"
    JSON = "json"


_HEADINGS: Final = (
    "slave",
    "incarnation",
    "count",
    "sum",
    "digest",
    "frames out / in",
    "CPU",
)
# Words and names read from the left, figures from the right.
_LEFT: Final = frozenset({"slave", "incarnation", "digest"})

# What is left out first where all of it is too wide; what is not among them always stays.
_SPARED: Final = ("frames out / in", "CPU", "sum", "digest")
_NOT_FINAL: Final = "  not final"

# How each demand of `spec.expect` is told: words before it, its unit, and the unit of what was got.
_UNITS: Final = {
    "minCount": ("", " messages", ""),
    "minRate": ("", "/s", "/s"),
    "maxStartSkewMilliseconds": ("start skew ", " ms", " ms"),
}
_MOST_DIGITS: Final = 6

# An indent is never so deep that nothing is left beside it.
_DEEPEST: Final = 18


def heading(spec: RunSpec, width: int = 80) -> str:
    """The first line of a run, what is about to be tried; folded if it must be."""
    masters = "1 master" if spec.masters == 1 else f"{spec.masters} masters"
    text = (
        f"{spec.name}  {spec.nodes} slaves, {masters}, model {spec.model}, seed {spec.seed}, "
        f"SEND {spec.send:g} s, GRACE {spec.grace:g} s"
    )
    return folded(text, width, min(len(spec.name) + 2, _DEEPEST))


def event_line(phase: str, seconds: float, text: str, width: int = 80) -> str:
    """`SEND   0.52 s  slave 2 ...`; what does not fit goes on below the text."""
    when = f"{phase:<6} {seconds:.2f} s  "
    return _folded_twice(f"{when}{text}", width, min(len(when), _DEEPEST), "; ")


def table(slaves: Sequence[SlaveReport], width: int = 80, dots: str = "…") -> str:
    """One line a result, under headings; a result that is not final says so. No last newline.

    In `width` columns: columns that do not fit are left out, and a line below says which.
    """
    rows = [_HEADINGS, *(_row(slave, dots) for slave in slaves)]
    marked = len(_NOT_FINAL) if any(not slave.final for slave in slaves) else 0
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    shown = list(range(len(_HEADINGS)))
    spared = [_HEADINGS.index(name) for name in _SPARED]
    left_out: list[str] = []
    while spared and sum(widths[each] + 2 for each in shown) - 2 + marked > width:
        gone = spared.pop(0)
        shown.remove(gone)
        left_out.append(_HEADINGS[gone])
    lines = []
    for row, slave in zip(rows, [None, *slaves], strict=True):
        cells = [
            row[each].ljust(widths[each])
            if _HEADINGS[each] in _LEFT
            else row[each].rjust(widths[each])
            for each in shown
        ]
        mark = _NOT_FINAL if slave is not None and not slave.final else ""
        lines.append(("  ".join(cells) + mark).rstrip())
    if left_out:
        text = f"Not shown in {width} columns: {', '.join(left_out)}. --output json has all."
        lines.append(folded(text, width, 2))
    return "\n".join(lines)


def _row(slave: SlaveReport, dots: str) -> tuple[str, ...]:
    whole, fraction = shown_sum(slave.sum_exact).split(".")
    return (
        str(slave.ordinal),
        str(slave.incarnation),
        thousands(slave.count),
        f"{int(whole):,}.{fraction}",
        f"{slave.digest[:8]}{dots}",
        f"{thousands(slave.frames_sent)} / {thousands(slave.frames_received)}",
        f"{slave.cpu_seconds:.2f} s",
    )


def last_line(report: Report) -> str:
    """The whole run in one line: verdict, how many, how fast, what failed, what was not met."""
    sentences = [f"{report.verdict}: {_outcome(report)}."]
    sentences += [f"{_missed(each)}." for each in report.expectations if not each.met]
    return " ".join(sentences)


def ending_lines(report: Report, width: int | None) -> str:
    """The last line; on a terminal, which has a width, in as many as it takes.

    Elsewhere it is one line however long it is: programs look for it.
    """
    line = last_line(report)
    if width is None:
        return line
    return _folded_twice(line, width, 2, ", ")


def _folded_twice(text: str, width: int, indent: int, mark: str) -> str:
    """After the mark where that will do, and at blanks where it does not."""
    broken = folded(text, width, indent, mark).split("\n")
    return "\n".join(folded(each, width, indent) for each in broken)


def _outcome(report: Report) -> str:
    nodes = report.spec.get("nodes", len(report.slaves))
    if report.verdict is Verdict.FAILED and not report.slaves:
        parts = [report.reason or "no slave gave a result"]
    elif report.verdict is Verdict.AGREED:
        parts = [f"{_same(report)} of {nodes} slaves counted the same {_messages(report)}"]
    else:
        parts = [report.reason] if report.reason else []
        parts.append(f"{_same(report)} of {nodes} slaves counted {_messages(report)}")
    if report.slaves:
        parts += _figures(report)
    if report.failures or report.verdict is not Verdict.FAILED:
        parts.append(_failures(report))
    return ", ".join(parts)


def _same(report: Report) -> int:
    return sum(
        (slave.count, slave.digest) == (report.count, report.digest) for slave in report.slaves
    )


def _messages(report: Report) -> str:
    return f"{thousands(report.count)} message{'' if report.count == 1 else 's'}"


def _figures(report: Report) -> list[str]:
    figures = [f"{thousands(report.rate)}/s"]
    if report.latency is not None:
        figures.append(f"p50 {duration(report.latency.p50)}")
        figures.append(f"p99 {duration(report.latency.p99)}")
    if report.start_skew is not None:
        figures.append(f"start skew {duration(report.start_skew)}")
    return figures


def _failures(report: Report) -> str:
    if not report.failures:
        return "no failure"
    count = len(report.failures)
    survived = "" if report.verdict is Verdict.FAILED else " survived"
    text = f"{count} failure{'' if count == 1 else 's'}{survived}"
    if report.longest_gap is not None:
        text += f" (longest gap in approvals {duration(report.longest_gap)})"
    return text


def _missed(missed: ExpectationReport) -> str:
    """`Expected 999,999,999/s, got 12,075/s`: with as many digits as tell the two apart."""
    before, unit, unit_of_got = _UNITS.get(missed.name, (f"{missed.name} ", "", ""))
    wanted, got = missed.wanted, missed.got
    digits = _digits(wanted)
    if got is None:
        return f"Expected {before}{wanted:,.{digits}f}{unit}, got none"
    while digits < _MOST_DIGITS and f"{wanted:.{digits}f}" == f"{got:.{digits}f}":
        digits += 1
    return f"Expected {before}{wanted:,.{digits}f}{unit}, got {got:,.{digits}f}{unit_of_got}"


def _digits(number: float) -> int:
    """How many decimals this has, as a user wrote it."""
    return len(f"{number:.{_MOST_DIGITS}f}".rstrip("0").partition(".")[2])
