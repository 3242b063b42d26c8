"""What is said of many runs (simulation.command.totals)."""

import pytest
from made_totals import outcome, totals

from ringrun.simulation.case import Profile
from ringrun.simulation.command.commands import Asked
from ringrun.simulation.command.totals import Totals, counted


def said(
    total: Totals, runs: int, seconds: float = 2.0, without: tuple[str, ...] = ()
) -> list[str]:
    asked = Asked(seed=7, runs=runs, profile=Profile.ALL, without=without)
    return list(total.lines(asked, seconds))


def test_one_is_not_told_as_many() -> None:
    assert said(totals(outcome(faults=1, broken=1)), 1) == [
        "1 run in 2.0 s, 0 runs/s: seed 7, faults all.",
        "It had 100 messages, 50 heartbeats and 1 fault.",
        "Agreed 1: 1 broken promise in 1 run (G1).",
    ]
    assert counted(1, "run") == "1 run"
    assert counted(0, "run") == "0 runs"


def test_many_are_told_by_what_they_have_on_average() -> None:
    total = totals(outcome(), outcome(broken=3), outcome(faults=3), outcome(broken=1))
    assert said(total, 4, without=("own_streams",)) == [
        "4 runs in 2.0 s, 2 runs/s: seeds 7 to 10, faults all, without own_streams.",
        "On average 100 messages, 50 heartbeats and 2.2 faults a run.",
        "Agreed 4: 4 broken promises in 2 runs (G1, G2).",
    ]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["Agreed"], []),
        (["Diverged"], []),
        (
            ["Failed"],
            "Failed is a right verdict after faults: all slaves or masters dead, the record lost, "
            "the run aborted.",
        ),
        (
            ["Partial", "Agreed"],
            "Partial is a right verdict after faults: a slave's result lost, or cut short.",
        ),
        (
            ["Partial", "Failed"],
            "Failed and Partial are right verdicts after faults: all slaves or masters dead, the "
            "record lost, the run aborted (Failed); a slave's result lost, or cut short (Partial).",
        ),
    ],
)
def test_a_sentence_says_why_other_verdicts_are_right_if_there_are_any(
    verdicts: list[str], sentence: str
) -> None:
    lines = said(totals(*[outcome(verdict=each) for each in verdicts]), len(verdicts))
    ending = next(i for i, line in enumerate(lines) if "no broken promise." in line)
    assert " ".join(lines[ending + 1 :]) == (sentence or "")


def test_without_faults_no_other_verdict_is_excused() -> None:
    lines = said(totals(outcome(verdict="Failed", faults=0)), 1)
    assert lines[-1] == "Failed 1: no broken promise."


def test_a_search_that_was_interrupted_says_which_seeds_it_tried() -> None:
    total = totals(*[outcome()] * 3)
    [tried, *_] = said(total, 20_000)
    assert tried == "Interrupted: 3 of 20,000 runs in 2.0 s, 2 runs/s: seeds 7 to 9, faults all."
    assert said(Totals(), 20_000, 0.0) == [
        "Interrupted: 0 of 20,000 runs in 0.0 s, 0 runs/s: no seed, faults all."
    ]


def test_broken_runs_that_were_not_shown_are_named() -> None:
    total = totals(*[outcome(seed=seed, broken=1) for seed in range(5)], shown=3)
    assert "Broken too, and not shown above: seeds 3, 4." in said(total, 5)
    one = totals(*[outcome(seed=seed, broken=1) for seed in range(4)], shown=3)
    assert "Broken too, and not shown above: seed 3." in said(one, 4)
    many = totals(*[outcome(seed=seed, broken=1) for seed in range(50)], shown=3)
    assert any(line.endswith("and 27 more.") for line in said(many, 50))


def test_no_line_is_wider_than_eighty() -> None:
    total = totals(
        *[outcome(seed=10_000_000 + seed, broken=1, verdict="Partial") for seed in range(50)],
        outcome(verdict="Failed"),
    )
    names = ("sync_before_record", "verdict_by_send_members", "own_streams")
    assert max(len(line) for line in said(total, 200_000, 1e5, names)) <= 80
