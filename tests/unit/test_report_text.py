"""What stands at the end of a run, as people read it (README.md, On one machine)."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from ringrun.report import (
    ExpectationReport,
    FailureKind,
    FailureReport,
    Latency,
    Report,
    SlaveReport,
    Verdict,
)
from ringrun.report_text import duration, heading, last_line, table
from ringrun.spec import default_run

# 98,640,113.552 and the next thousandth below: shown by rounding.
SUM = str(98_640_113_552 * 2**53 // 1000 + 1)


def slave(ordinal: int, **changes: Any) -> SlaveReport:
    """A slave's result as in the transcript."""
    whole = SlaveReport(
        ordinal=ordinal,
        incarnation=1,
        count=19_862,
        sum_exact=SUM,
        digest="3f9a41c1" * 8,
        final=True,
        frames_sent=44_692,
        frames_received=44_690,
        cpu_seconds=1.21,
    )
    return msgspec.structs.replace(whole, **changes)


def report(**changes: Any) -> Report:
    """The run of the transcript."""
    whole = Report(
        name="demo",
        spec=default_run().as_document(),
        verdict=Verdict.AGREED,
        count=19_862,
        sum_exact=SUM,
        digest="3f9a41c1" * 8,
        rate=9931.0,
        latency=Latency(p50=0.0001, p99=0.00021, max=0.004),
        start_skew=0.0004,
        slaves=tuple(slave(ordinal) for ordinal in range(4)),
    )
    return msgspec.structs.replace(whole, **changes)


LOST = FailureReport(at=0.5, kind=FailureKind.SLAVE_LOST, node="s2-1", cause="reset", view=1)


def test_the_heading_says_what_is_tried() -> None:
    run = default_run()
    assert heading(run) == (
        "demo  4 slaves, 2 masters, model lockstep, seed 0, SEND 2 s, GRACE 1 s"
    )
    assert "1 master," in heading(replace(run, masters=1))


def test_the_table_lines_up() -> None:
    assert table([slave(0), slave(1, incarnation=2, count=7, final=False)]).splitlines() == [
        "slave  incarnation   count             sum  digest     frames out / in     CPU",
        "0      1            19,862  98,640,113.552  3f9a41c1…  44,692 / 44,690  1.21 s",
        "1      2                 7  98,640,113.552  3f9a41c1…  44,692 / 44,690  1.21 s  not final",
    ]


def test_a_table_of_nobody_has_its_headings() -> None:
    assert table([]).startswith("slave  incarnation  count")


def test_an_agreed_run_ends_as_the_transcript_has_it() -> None:
    assert last_line(report()) == (
        "Agreed: 4 of 4 slaves counted the same 19,862 messages, 9,931/s, p50 0.10 ms, "
        "p99 0.21 ms, start skew 0.40 ms, no failure."
    )


def test_failures_that_were_survived_are_counted() -> None:
    survived = report(failures=(LOST, LOST), longest_gap=0.061)
    assert last_line(survived).endswith("2 failures survived (longest gap in approvals 61 ms).")
    assert last_line(report(failures=(LOST,))).endswith("1 failure survived.")


def test_an_expectation_that_was_not_met_is_said_after_the_verdict() -> None:
    missed = ExpectationReport(name="minCount", wanted=20_000, got=19_862, met=False)
    met = ExpectationReport(name="minRate", wanted=1, got=9931, met=True)
    line = last_line(report(expectations=(missed, met)))
    assert line.startswith("Agreed: ")
    assert line.endswith(" no failure. Expected minCount 20000, got 19862.")


def test_a_partial_run_says_why_and_how_many() -> None:
    slaves = (slave(0), slave(1), slave(3, count=5, digest="0" * 64))
    partial = report(verdict=Verdict.PARTIAL, reason="s2-1 gave no result", slaves=slaves)
    assert last_line(partial).startswith(
        "Partial: s2-1 gave no result, 2 of 4 slaves counted 19,862 messages, "
    )


def test_a_run_that_never_started_has_no_figures() -> None:
    failed = report(
        verdict=Verdict.FAILED, reason="StartDeadlineExceeded: s2 was silent", slaves=(), count=0
    )
    assert last_line(failed) == "Failed: StartDeadlineExceeded: s2 was silent."


def test_a_failure_that_ended_the_run_is_not_called_survived() -> None:
    failed = report(verdict=Verdict.FAILED, reason="a slave died", failures=(LOST,))
    assert last_line(failed).endswith("1 failure.")


def test_no_latency_is_left_out() -> None:
    line = last_line(report(latency=None, start_skew=None))
    assert line == "Agreed: 4 of 4 slaves counted the same 19,862 messages, 9,931/s, no failure."


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.00 ms"),
        (0.00021, "0.21 ms"),
        (0.0021, "2.1 ms"),
        (0.061, "61 ms"),
        (0.9994, "999 ms"),
        (1.4, "1.40 s"),
        (119.0, "119.00 s"),
        (300.0, "5m00s"),
    ],
)
def test_durations_have_a_unit_at_hand(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
