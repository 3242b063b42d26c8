"""Random runs: the same seed is the same run, every profile keeps the promises (simulation.run)."""

import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ringrun.core.rules import ALL_RULES
from ringrun.simulation import main
from ringrun.simulation.case import Profile, draw
from ringrun.simulation.command.commands import Asked
from ringrun.simulation.command.totals import Totals
from ringrun.simulation.run import outcomes, simulate
from ringrun.simulation.trace import Trace
from ringrun.spec import Model, Override, SpecError, default_run

DIGEST = """
from ringrun.simulation.case import Profile, draw
from ringrun.simulation.run import simulate
from ringrun.simulation.trace import Trace
trace = Trace()
simulate(draw(11, Profile.ALL), trace)
print(trace.digest())
"""


def digest_in_another_process(hash_seed: str) -> str:
    """Of the same run, where sets and hashes of strings have another order."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("profile", list(Profile))
def test_every_profile_keeps_the_promises(profile: Profile) -> None:
    """Forty runs each; `ringrun simulate` does thousands."""
    asked = Asked(seed=0, runs=40, profile=profile)
    for outcome in (simulate(draw(seed, profile)) for seed in range(40)):
        assert not outcome.findings, (asked.replay(outcome.seed), outcome.findings)


def test_a_seed_is_the_same_run_every_time() -> None:
    """To the last line of its transcript, in another process too."""
    trace, again = Trace(), Trace()
    simulate(draw(11, Profile.ALL), trace)
    simulate(draw(11, Profile.ALL), again)
    assert trace.lines == again.lines
    assert {digest_in_another_process("1"), digest_in_another_process("2")} == {trace.digest()}


def test_a_trace_changes_nothing() -> None:
    """What is watched is what was found without watching."""
    assert simulate(draw(5, Profile.ALL), Trace()) == simulate(draw(5, Profile.ALL))


def test_without_faults_all_agree() -> None:
    """No fault, no excuse."""
    verdicts = {simulate(draw(seed, Profile.NONE)).verdict for seed in range(20)}
    assert verdicts == {"Agreed"}


def test_runs_are_large_enough_to_tell() -> None:
    """On average at least 150 deliveries and 2 faults a run."""
    total = Totals()
    for outcome in outcomes(None, range(200), Profile.ALL):
        total.add(outcome)
    assert total.deliveries >= 150 * total.runs
    assert total.faults >= 2 * total.runs
    assert not total.broken


def test_a_given_run_keeps_its_spec() -> None:
    """`ringrun simulate FILE`: only the surroundings are drawn."""
    spec = default_run(
        [
            Override(flag="--nodes", path=("nodes",), text="3"),
            Override(flag="--model", path=("model",), text="train"),
        ]
    )
    cases = [draw(seed, Profile.ALL, ALL_RULES, spec) for seed in range(5)]
    assert all(case.spec == spec for case in cases)
    assert len({case.delay for case in cases}) > 1
    outcome = simulate(cases[0])
    assert not outcome.findings


@pytest.mark.parametrize(
    "rule", ["sync_before_record", "closing_cut_recorded", "k_from_log", "kick_once", "own_streams"]
)
def test_random_runs_find_a_missing_rule_too(rule: str) -> None:
    """The others need a scenario: their traces are rarer than a test is long."""
    rules = replace(ALL_RULES, **{rule: False})
    assert any(simulate(draw(seed, Profile.ALL, rules)).findings for seed in range(300))


def test_the_summary_says_what_was_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """Runs, their size, verdicts, broken promises."""
    assert main(None, runs=3, seed=7, faults="none") == 0
    tried, averages, verdicts = capsys.readouterr().out.splitlines()
    assert tried.startswith("3 runs in ")
    assert tried.endswith("runs/s: seeds 7 to 9, faults none.")
    assert averages.startswith("On average ")
    assert verdicts == "Agreed 3: no broken promise."


def test_a_broken_promise_comes_with_the_line_that_replays_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 1, what happened in words, and the command."""
    assert main(None, runs=1, seed=3, faults="none", without=["own-streams"]) == 1
    out = capsys.readouterr().out
    assert "seed 3  BROKEN  G5: slave" in out
    assert "ringrun simulate --seed 3 --runs 1 --faults none --without own-streams --trace" in out


def test_a_trace_tells_the_run_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """In order of time."""
    main(None, runs=1, seed=3, faults="crash", trace=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "seed 3, faults crash"
    told = lines[lines.index("") + 1 : lines.index("", lines.index("") + 1)]
    times = [float(line.removeprefix("!!").split()[0]) for line in told]
    assert times == sorted(times)
    assert any("says: LeaderElected" in line for line in told)
    assert any(line.startswith("!!") for line in told)
    # The run's own last line, and then what is said of all runs.
    assert lines[len(lines) - 4].startswith("Agreed: ")


def test_digests_tell_which_runs_are_not_as_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line a run; a rule less changes those runs alone in which it was needed."""
    before, after = tmp_path / "before", tmp_path / "after"
    main(None, runs=20, seed=0, digest=str(before))
    main(None, runs=20, seed=0, digest=str(after), without=["reinstall_on_takeover"])
    lines, changed = before.read_text().splitlines(), after.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [str(seed) for seed in range(20)]
    assert 0 < sum(a != b for a, b in zip(lines, changed, strict=True)) < 20
    out = capsys.readouterr().out.splitlines()
    assert "digest of all transcripts: " + sha256(before.read_bytes()).hexdigest() in out


def test_a_refused_flag_costs_nobody_the_digests_of_before(tmp_path: Path) -> None:
    kept = tmp_path / "digests"
    kept.write_text("0 abc\n")
    with pytest.raises(SpecError):
        main(None, runs=1, seed=0, digest=str(kept), without=["no-such-rule"])
    assert kept.read_text() == "0 abc\n"


def test_digests_that_cannot_be_kept_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"--digest: .* cannot be written: Is a directory"):
        main(None, runs=1, seed=0, digest=str(tmp_path))


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        (
            {"faults": "some"},
            "--faults: must be one of none, crash, network, record, clock, supervisor, all",
        ),
        ({"without": ["kick_ones"]}, '--without: "kick_ones" is no rule; did you mean kick_once?'),
    ],
)
def test_a_wrong_flag_is_said_in_one_line(flags: dict[str, object], fault: str) -> None:
    """The rule, the value, the place."""
    with pytest.raises(SpecError) as raised:
        main(None, runs=1, seed=0, **flags)  # type: ignore[arg-type]
    assert raised.value.faults[0].startswith(fault)


def test_models_and_sizes_are_all_drawn() -> None:
    """Two to five slaves, every model."""
    cases = [draw(seed, Profile.ALL) for seed in range(200)]
    assert {case.spec.model for case in cases} == set(Model)
    assert {case.spec.nodes for case in cases} == {2, 3, 4, 5}


def test_a_given_spec_goes_to_all_processors() -> None:
    """As many outcomes as seeds, in the order of the seeds, whoever computed them."""
    spec = default_run(
        [
            Override(flag="--nodes", path=("nodes",), text="2"),
            Override(flag="--send", path=("periods", "sendMilliseconds"), text="100ms"),
        ]
    )
    found = list(outcomes(spec, range(60), Profile.NONE))
    assert [outcome.seed for outcome in found] == list(range(60))
    assert found[0] == simulate(draw(0, Profile.NONE, ALL_RULES, spec))


def test_many_slaves_are_not_taken_for_a_run_that_never_ends() -> None:
    """Their heartbeats alone are more than all that happens in a small run."""
    spec = default_run([Override(flag="--nodes", path=("nodes",), text="40")])
    outcome = simulate(draw(0, Profile.ALL, ALL_RULES, spec))
    assert not outcome.findings
    assert outcome.verdict == "Agreed"
