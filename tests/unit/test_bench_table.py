"""The pure parts of the comparison: results read, medians taken, ratios and tables printed."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

# bench/ is no part of the distribution, so nothing else puts the checkout on the import path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench import measure, memory, programs, table
from bench.launch import manifest
from bench.programs import PROGRAMS, Case, Ours

BY_NAME = {program.name: program for program in PROGRAMS}


def peer(send: int, **changed: Any) -> dict[str, Any]:
    """A node's result line of a peer."""
    line = {"send": send, "count": 101, "hash": 77, "cpu": 0.5, "tb": [], "ta": []}
    return {**line, **changed}


def report(**changed: Any) -> dict[str, Any]:
    """A report of four slaves in the form of docs/operations.md."""
    slave = {
        "incarnation": 1,
        "count": 1000,
        "sumExact": "12345678901234567890",
        "digest": "ab" * 32,
        "final": True,
        "framesSent": 2250,
        "framesReceived": 2250,
        "cpuSeconds": 0.5,
    }
    whole = {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "Report",
        "verdict": "Agreed",
        "count": 1000,
        "rate": 500.0,
        "latency": {"p50": 0.000112, "p99": 0.0003, "max": 0.004},
        "slaves": [{**slave, "ordinal": ordinal} for ordinal in range(4)],
    }
    return {**whole, **changed}


def sample(rate: float, *, foreign: float = 0.0, **changed: Any) -> measure.Sample:
    """A run with a rate of its own and nothing else of interest."""
    figures: dict[str, Any] = {
        "rate": rate,
        "count": int(rate),
        "cpu_microseconds": 4.0,
        "p50_microseconds": 100.0,
        "p99_microseconds": 200.0,
        "cores": 1.5,
        "foreign": foreign,
        "identical": True,
    }
    return measure.Sample(**{**figures, **changed})


def outcome(name: str, *samples: measure.Sample, nodes: int = 4, **changed: str) -> table.Outcome:
    """What came of one case."""
    return table.Outcome(
        case=Case(program=BY_NAME[name], nodes=nodes), samples=tuple(samples), **changed
    )


def together(*outcomes: table.Outcome) -> dict[tuple[str, int], table.Outcome]:
    """Outcomes as the tables take them."""
    return {(one.case.program.name, one.case.nodes): one for one in outcomes}


def test_peers_count_what_the_slowest_node_approved() -> None:
    """The rate is of messages approved everywhere, so the lowest count at the end of SEND."""
    results = [peer(100), peer(90), peer(100), peer(95)]
    scored = measure.sample_of_peers(results, seconds=2.0, busy_seconds=3.0)
    assert scored.rate == 45.0
    assert scored.cores == 1.0
    assert scored.foreign == 0.5
    assert scored.identical


@pytest.mark.parametrize("changed", [{"hash": 78}, {"count": 7}])
def test_peers_whose_logs_differ_do_not_count(changed: dict[str, int]) -> None:
    """One node with another hash or count is enough."""
    results = [peer(100), peer(100, **changed)]
    scored = measure.sample_of_peers(results, seconds=1.0, busy_seconds=0.0)
    assert not scored.identical
    assert "logs differ" in scored.remark


def test_peers_that_approved_nothing_do_not_count() -> None:
    """Equal empty logs prove nothing."""
    scored = measure.sample_of_peers([peer(0), peer(0)], seconds=1.0, busy_seconds=0.0)
    assert not scored.identical


def test_latency_ends_at_the_last_node_and_skips_the_unfinished() -> None:
    """A message is timed to the last node's approval; one that a node still lacks is not timed."""
    results = [
        peer(1, tb=[[17, 1000], [34, 2000]], ta=[[17, 4000], [34, 5000]]),
        peer(1, ta=[[17, 9000]]),
    ]
    assert measure.latencies(results) == [8.0]


def test_quantile_of_nothing_is_not_a_number() -> None:
    """No timed message is no latency, rather than a latency of nought."""
    assert math.isnan(measure.quantile([], 0.5))
    assert measure.quantile([1.0, 2.0, 3.0], 0.99) == 3.0


def test_report_is_found_among_other_lines() -> None:
    """What else is on stdout does not hide the report."""
    printed = f"a warning\n{json.dumps(report())}\n\n"
    assert measure.report_in(printed)["count"] == 1000


@pytest.mark.parametrize("printed", ["", "Agreed: 4 of 4\n", '{"kind": "Repo', '{"kind": "Other"}'])
def test_output_without_a_report_is_refused(printed: str) -> None:
    """A run that prints no report failed; it does not count as nought."""
    with pytest.raises(measure.RunError):
        measure.report_in(printed)


def test_report_gives_cpu_frames_and_latency() -> None:
    """Sums are over the slaves, and seconds become microseconds."""
    scored = measure.sample_of_report(report(), nodes=4, seconds=2.0, foreign=0.05)
    assert scored.cpu_microseconds == 2000.0
    assert scored.frames == 9000
    assert scored.p50_microseconds == pytest.approx(112)
    assert scored.cores == 1.0
    assert scored.identical
    assert scored.quiet


def test_report_without_a_figure_names_it() -> None:
    """A report in another form says what is missing."""
    broken = report()
    del broken["rate"]
    with pytest.raises(measure.RunError, match="rate"):
        measure.sample_of_report(broken, nodes=4, seconds=2.0, foreign=0.0)


@pytest.mark.parametrize("verdict", ["Partial", "Diverged", "Failed"])
def test_report_with_another_verdict_does_not_count(verdict: str) -> None:
    """Only Agreed counts."""
    scored = measure.sample_of_report(report(verdict=verdict), nodes=4, seconds=2.0, foreign=0.0)
    assert not scored.identical
    assert verdict in scored.remark


def test_agreed_report_with_different_results_does_not_count() -> None:
    """The comparison looks at the results itself and does not take the verdict's word."""
    different = report()
    different["slaves"][2]["digest"] = "cd" * 32
    scored = measure.sample_of_report(different, nodes=4, seconds=2.0, foreign=0.0)
    assert not scored.identical
    missing = report(slaves=report()["slaves"][:3])
    assert not measure.sample_of_report(missing, nodes=4, seconds=2.0, foreign=0.0).identical


def test_jgroups_line_is_read() -> None:
    """Its script prints one line, and differing hashes do not count."""
    line = "jgroups sequencer n=4: 52000/s at all by the end of SEND, {}\n"
    good = measure.sample_of_jgroups(line.format("identical"), nodes=4, seconds=5, foreign=0.0)
    bad = measure.sample_of_jgroups(line.format("NOT identical"), nodes=4, seconds=5, foreign=0.0)
    assert (good.rate, good.identical, bad.identical) == (52000.0, True, False)
    with pytest.raises(measure.RunError):
        measure.sample_of_jgroups(line.format("identical"), nodes=8, seconds=5, foreign=0.0)


def test_medians_are_of_the_least_disturbed_runs() -> None:
    """Runs with company give way to the quieter ones made instead of them."""
    runs = [sample(10, foreign=1.0), sample(100), sample(110), sample(12, foreign=0.9), sample(120)]
    figures = measure.figures_of(runs, 3)
    assert (figures.rate, figures.runs, figures.quiet_runs) == (110, 3, 3)
    assert figures.spread == pytest.approx(20 / 110)


def test_one_differing_run_condemns_the_row() -> None:
    """A run that differed is not replaced by quieter ones."""
    runs = [sample(100), sample(100), sample(9, foreign=2.0, identical=False, remark="logs differ")]
    assert not measure.figures_of(runs, 2).identical


def test_rows_with_company_are_repeated_but_not_for_ever() -> None:
    """Too few quiet runs ask for another, up to the extra ones allowed."""
    busy = sample(1, foreign=0.5)
    assert measure.wants_another([busy, sample(1)], rounds=2, extra=2)
    assert not measure.wants_another([sample(1), sample(1)], rounds=2, extra=2)
    assert not measure.wants_another([busy] * 4, rounds=2, extra=2)


def test_ratios_refer_to_the_row_of_the_same_family_and_size() -> None:
    """Lockstep is compared to lockstep, pipelined to the windows of 64."""
    outcomes = together(
        outcome("erlang lockstep", sample(9000)),
        outcome("erlang W64", sample(50_000)),
        outcome("C lockstep", sample(12_000)),
        outcome("ringrun lockstep", sample(27_000)),
        outcome("ringrun train", sample(15_000_000)),
        outcome("ringrun train", sample(1_000_000), nodes=8),
    )
    lockstep = table.main_row(outcomes["ringrun lockstep", 4], outcomes, 3)
    train = table.main_row(outcomes["ringrun train", 4], outcomes, 3)
    larger = table.main_row(outcomes["ringrun train", 8], outcomes, 3)
    assert lockstep[3:5] == ["3", "2.25"]
    assert train[3:5] == ["300", "-"]
    assert larger[3:5] == ["-", "-"]


def test_no_ratio_is_taken_with_a_row_that_does_not_count() -> None:
    """Neither as what is compared nor as what it is compared to."""
    outcomes = together(
        outcome("erlang lockstep", sample(9000, identical=False, remark="logs differ")),
        outcome("ringrun lockstep", sample(27_000)),
        outcome("C lockstep", sample(9000)),
        outcome("ringrun lockstep, spin 0", sample(9000, identical=False, remark="verdict Failed")),
    )
    assert table.main_row(outcomes["ringrun lockstep", 4], outcomes, 1)[3:5] == ["-", "3"]
    failed = table.main_row(outcomes["ringrun lockstep, spin 0", 4], outcomes, 1)
    assert failed[3:5] == ["-", "-"]
    assert failed[-1] == "DOES NOT COUNT: verdict Failed"


def test_rows_that_did_not_run_are_in_the_table() -> None:
    """A skipped row names what brings the missing tool; a failed one its reason."""
    outcomes = together(
        outcome("erlang lockstep", skipped="erl is missing (Debian package erlang-base)"),
        outcome("C lockstep", sample(5.0), failed="node 2 did not get ready"),
    )
    text = "\n".join(table.main_table(outcomes, 1))
    assert "skipped: erl is missing (Debian package erlang-base)" in text
    assert "FAILED: node 2 did not get ready" in text


def test_missing_tool_is_named_with_its_package() -> None:
    """What is lacking is said together with what brings it."""
    lacking = programs.tool("no-such-tool-anywhere", "some-package")
    program = programs.Program(
        name="x", kind=programs.Kind.RING, family=programs.Family.LOCKSTEP, needs=(lacking,)
    )
    assert program.missing() == "no-such-tool-anywhere is missing (Debian package some-package)"


@pytest.mark.parametrize(
    ("name", "frames", "verdict"),
    [
        ("ringrun lockstep", 9000, "as designed"),
        ("ringrun lockstep", 8998, "as designed"),
        ("ringrun lockstep", 9100, "OFF by +1.10%"),
        ("ringrun lockstep", 8000, "OFF by -12.50%"),
    ],
)
def test_frames_are_held_to_the_design(name: str, frames: int, verdict: str) -> None:
    """More or fewer than the message under way at the end can explain is said."""
    outcomes = together(outcome(name, sample(1000, frames=frames)))
    assert verdict in table.frames_table(outcomes)[-1]


def test_frames_of_the_worst_run_are_shown() -> None:
    """One run that was off is not hidden by others that were not."""
    outcomes = together(
        outcome("ringrun train", sample(4096e3, frames=1000), sample(4096e3, frames=1500))
    )
    assert "OFF" in table.frames_table(outcomes)[-1]


@pytest.mark.parametrize(
    ("name", "nodes", "frames"),
    [
        ("ringrun lockstep", 8, 21),
        ("ringrun window, burst 64", 4, 3 / 64),
        ("ringrun window, burst 1024", 16, 15 / 1024),
        ("ringrun train", 8, 1 / 4096),
    ],
)
def test_designed_frames_are_those_of_the_design(name: str, nodes: int, frames: float) -> None:
    """docs/protocol.md: 3(n-1), (n-1)/b, 1/B."""
    assert table.designed_frames(Case(program=BY_NAME[name], nodes=nodes))[0] == frames


def test_targets_say_met_not_met_or_not_measured() -> None:
    """Each demand is judged by this run's rows, or said not to be."""
    outcomes = together(
        outcome("erlang lockstep", sample(10_000)),
        outcome("ringrun lockstep", sample(14_000)),
        outcome("ringrun lockstep, spin 0", sample(9500)),
        outcome("ringrun train", sample(1e6, cpu_microseconds=0.2)),
    )
    said = {
        row.says: table.target_row(row, outcomes, 1, 4)[-1].split(" (")[0] for row in table.TARGETS
    }
    assert said["lockstep at least 1.5 times Erlang's"] == "NOT MET"
    assert said["lockstep without spin at least 0.9 of Erlang's"] == "met"
    assert said["lockstep at least C's"] == "not measured"
    assert said["train at most 60 ns of CPU an entry a node"] == "met"


def test_columns_line_up() -> None:
    """Every line's columns begin and end where the rule's do."""
    lines = table.render(("name", "n", ""), [("a", "1,000", "x"), ("longer", "1", "")])
    assert lines == ["name        n", "------  -----  -", "a       1,000  x", "longer      1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.nan, "-"), (1234.5, "1,234"), (0.0589, "0.0589"), (3.0, "3"), (0.00001, "0.0000")],
)
def test_figures_are_short(value: float, text: str) -> None:
    """Three digits, no exponents, and a dash where there is nothing."""
    assert table.short(value) == text


def test_cost_against_n_is_measured_for_our_models_at_every_size() -> None:
    """All rows at the first size; our three models at each; Erlang as far as eight."""
    labels = [case.label for case in programs.cases((4, 8, 16), everything=False)]
    assert "C mesh W64 eager n=4" in labels
    assert "C mesh W64 eager n=8" not in labels
    assert "erlang W64 n=8" in labels
    assert "erlang W64 n=16" not in labels
    for model in ("lockstep", "window, burst 1024", "train"):
        assert {f"ringrun {model} n={n}" for n in (4, 8, 16)} <= set(labels)
    assert len(labels) == len(set(labels))


def test_manifest_gives_only_what_differs_from_the_defaults() -> None:
    """Our rows run what a user would write; spin nought is not taken for none."""
    text = manifest(Ours(model="lockstep", spin_microseconds=0), nodes=8, seconds=2.5, grace=1)
    assert "  nodes: 8\n" in text
    assert "    sendMilliseconds: 2500\n" in text
    assert "  spinMicroseconds: 0\n" in text
    assert "burst" not in text
    assert "spin" not in manifest(Ours(model="train"), nodes=4, seconds=1, grace=1)


def test_memory_that_grows_after_settling_is_seen() -> None:
    """Growth in the first ten seconds is start-up; after them it is a leak."""
    starting = [(float(at), 40_000 + 1000 * min(at, 9)) for at in range(60)]
    leaking = [(float(at), 40_000 + 100 * at) for at in range(60)]
    flat, grown = memory.growth(starting), memory.growth(leaking)
    assert flat is not None
    assert grown is not None
    assert flat.flat
    assert not grown.flat
    assert memory.growth(starting[:12]) is None


def test_slaves_are_found_by_name_or_by_their_work() -> None:
    """Masters beside them are not taken for slaves."""
    named = {pid: memory.Watched(name=f"ringrun slave {pid}") for pid in (11, 12)}
    named[10] = memory.Watched(name="ringrun master", ticks=99)
    unnamed = {pid: memory.Watched(name="python", ticks=pid) for pid in (1, 2, 3)}
    assert memory.slaves_among(named, 2) == [11, 12]
    assert memory.slaves_among(unnamed, 2) == [2, 3]
