"""The report, and figures on the way to it, as people read them; plain text, no colours.

Used by the local run, by the programs run by hand and by `--output text`. Nothing is decided here.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from ringrun.report import Report, SlaveReport, Verdict, shown_sum
from ringrun.spec import RunSpec


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


def thousands(number: float) -> str:
    """`19,862`; fractions are cut to whole numbers."""
    return f"{number:,.0f}"


def duration(seconds: float) -> str:
    """`0.21 ms`, `2.1 ms`, `61 ms`, `1.40 s`, `5m00s`: about three figures, a unit at hand."""
    if abs(seconds) >= 120:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}m{rest:02d}s"
    if abs(seconds) >= 1:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1000
    digits = 2 if abs(milliseconds) < 1 else 1 if abs(milliseconds) < 10 else 0
    return f"{milliseconds:.{digits}f} ms"


def heading(spec: RunSpec) -> str:
    """The first line of a run: what is about to be tried."""
    masters = "1 master" if spec.masters == 1 else f"{spec.masters} masters"
    return (
        f"{spec.name}  {spec.nodes} slaves, {masters}, model {spec.model}, seed {spec.seed}, "
        f"SEND {spec.send:g} s, GRACE {spec.grace:g} s"
    )


def table(slaves: Sequence[SlaveReport]) -> str:
    """One line a result, under headings; a result that is not final says so. No last newline."""
    rows = [_HEADINGS, *(_row(slave) for slave in slaves)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = []
    for row, slave in zip(rows, [None, *slaves], strict=True):
        cells = [
            cell.ljust(width) if name in _LEFT else cell.rjust(width)
            for cell, width, name in zip(row, widths, _HEADINGS, strict=True)
        ]
        mark = "  not final" if slave is not None and not slave.final else ""
        lines.append(("  ".join(cells) + mark).rstrip())
    return "\n".join(lines)


def _row(slave: SlaveReport) -> tuple[str, ...]:
    whole, fraction = shown_sum(slave.sum_exact).split(".")
    return (
        str(slave.ordinal),
        str(slave.incarnation),
        thousands(slave.count),
        f"{thousands(int(whole))}.{fraction}",
        f"{slave.digest[:8]}…",
        f"{thousands(slave.frames_sent)} / {thousands(slave.frames_received)}",
        f"{slave.cpu_seconds:.2f} s",
    )


def last_line(report: Report) -> str:
    """The whole run in one line: verdict, how many, how fast, what failed, what was not met."""
    sentences = [f"{report.verdict}: {_outcome(report)}."]
    sentences += [
        f"Expected {each.name} {each.wanted:g}, got {_got(each.got)}."
        for each in report.expectations
        if not each.met
    ]
    return " ".join(sentences)


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


def _got(value: float | None) -> str:
    return "nothing" if value is None else f"{value:g}"
