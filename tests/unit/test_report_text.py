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
from ringrun.report_text import ending_lines, event_line, heading, last_line, table
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


def test_a_line_of_the_beginning_is_folded_below_its_text() -> None:
    run = replace(default_run(), name="x" * 40, seed=2**63 - 1, send=86_400.0, grace=3_600.0)
    assert heading(run).splitlines() == [
        f"{'x' * 40}  4 slaves, 2 masters, model lockstep,",
        f"{'':18}seed 9223372036854775807, SEND 86400 s, GRACE 3600 s",
    ]


def test_an_event_is_folded_below_its_text() -> None:
    lost = f"slave 2 (incarnation 1) lost: pod evicted from {'n' * 63}; view 2 [0 1 3], cut 4,118"
    assert event_line("SEND", 0.521, lost).splitlines() == [
        "SEND   0.52 s  slave 2 (incarnation 1) lost: pod evicted from",
        f"{'':15}{'n' * 63};",
        f"{'':15}view 2 [0 1 3], cut 4,118",
    ]


def test_the_table_lines_up() -> None:
    assert table([slave(0), slave(1, incarnation=2, count=7)]).splitlines() == [
        "slave  incarnation   count             sum  digest     frames out / in     CPU",
        "0      1            19,862  98,640,113.552  3f9a41c1…  44,692 / 44,690  1.21 s",
        "1      2                 7  98,640,113.552  3f9a41c1…  44,692 / 44,690  1.21 s",
    ]


def test_what_is_not_final_says_so_behind_its_line() -> None:
    shown = table([slave(0), slave(1, final=False)], width=100).splitlines()
    assert shown[2].endswith("  44,692 / 44,690  1.21 s  not final")
    assert max(map(len, table([slave(0), slave(1, final=False)]).splitlines())) <= 80


# A train's minute: hundreds of millions of messages.
LARGE = slave(511, count=765_432_109, sum_exact=str(292_943_156_789_012_345_678 * 2**53))


@pytest.mark.parametrize(
    ("width", "headings", "left_out"),
    [
        (
            120,
            ["slave", "incarnation", "count", "sum", "digest", "frames", "out", "/", "in", "CPU"],
            None,
        ),
        (
            90,
            ["slave", "incarnation", "count", "sum", "digest", "CPU"],
            "Not shown in 90 columns: frames out / in. --output json has all.",
        ),
        (
            80,
            ["slave", "incarnation", "count", "sum", "digest"],
            "Not shown in 80 columns: frames out / in, CPU. --output json has all.",
        ),
        (
            60,
            ["slave", "incarnation", "count", "digest"],
            "Not shown in 60 columns: frames out / in, CPU, sum. --output json has all.",
        ),
        (
            20,
            ["slave", "incarnation", "count"],
            "Not shown in 20 columns: frames out / in, CPU, sum, digest. --output json has all.",
        ),
    ],
)
def test_columns_that_do_not_fit_are_left_out_in_order(
    width: int, headings: list[str], left_out: str | None
) -> None:
    """No cell is broken, and a line says what is not there. Who and how many always stay."""
    lines = table([LARGE, slave(0)], width).splitlines()
    assert lines[0].split() == headings
    assert "765,432,109" in lines[1]
    assert " ".join(" ".join(lines[3:]).split()) == (left_out or "")
    if width >= 60:
        assert max(map(len, lines)) <= width


def test_where_three_dots_are_written_headings_stand_above_their_columns() -> None:
    shown = table([slave(0)], dots="...").splitlines()
    assert shown[0].index("frames") == shown[1].index("44,692 /")
    assert "3f9a41c1...  " in shown[1]


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


@pytest.mark.parametrize(
    ("name", "wanted", "got", "said"),
    [
        ("minCount", 20_000, 19_862, "Expected 20,000 messages, got 19,862."),
        ("minRate", 999_999_999, 12_075.3, "Expected 999,999,999/s, got 12,075/s."),
        ("minRate", 12_075.5, 12_075.25, "Expected 12,075.5/s, got 12,075.2/s."),
        ("minRate", 12_075, 12_074.8, "Expected 12,075.0/s, got 12,074.8/s."),
        ("maxStartSkewMilliseconds", 0.5, 1.25, "Expected start skew 0.5 ms, got 1.2 ms."),
        ("maxStartSkewMilliseconds", 2, None, "Expected start skew 2 ms, got none."),
        ("another", 1, 2, "Expected another 1, got 2."),
    ],
)
def test_an_expectation_that_was_not_met_is_said_after_the_verdict(
    name: str, wanted: float, got: float | None, said: str
) -> None:
    """In the form of the line's other figures, with its unit, and so that the two can be told
    apart."""
    missed = ExpectationReport(name=name, wanted=wanted, got=got, met=False)
    met = ExpectationReport(name="minRate", wanted=1, got=9931, met=True)
    line = last_line(report(expectations=(missed, met)))
    assert line.startswith("Agreed: ")
    assert line.endswith(f" no failure. {said}")


def test_the_last_line_is_one_line_but_on_a_terminal() -> None:
    """Programs look for it; in a window it is folded after commas."""
    survived = report(failures=(LOST, LOST), longest_gap=0.061)
    assert ending_lines(survived, None) == last_line(survived)
    assert ending_lines(survived, 60).splitlines() == [
        "Agreed: 4 of 4 slaves counted the same 19,862 messages,",
        "  9,931/s, p50 0.10 ms, p99 0.21 ms, start skew 0.40 ms,",
        "  2 failures survived (longest gap in approvals 61 ms).",
    ]


def test_a_reason_without_commas_is_folded_at_blanks() -> None:
    failed = report(verdict=Verdict.FAILED, reason="no answer " * 12, slaves=(), count=0)
    lines = ending_lines(failed, 60).splitlines()
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines).split()) == " ".join(last_line(failed).split())


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
