"""`ringrun simulate`, interrupted and asked for lists (simulation.command.main)."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_totals import outcome

from ringrun.exit_codes import ExitCode
from ringrun.simulation.command import main as command
from ringrun.simulation.finish import Outcome


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """The outcomes of the runs; Ctrl-C comes after the last one."""
    made: list[Outcome] = []

    def outcomes(*given: Any, **named: Any) -> Iterator[Outcome]:
        yield from made
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "outcomes", outcomes)
    return made


def test_interrupted_it_says_what_was_tried_and_how_to_go_on(
    runs: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    runs += [outcome(5), outcome(6, "Partial"), outcome(7, "Failed")]
    assert command.main(None, runs=20, seed=5, without=["kick_once"]) == ExitCode.INTERRUPTED
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Interrupted: 3 of 20 runs in ")
    assert "seeds 5 to 7" in " ".join(lines[:2])
    assert "Agreed 1, Failed 1, Partial 1: no broken promise." in lines
    assert lines[-1] == (
        "Go on: ringrun simulate --seed 8 --runs 17 --faults all --without kick_once"
    )


def test_a_promise_that_was_broken_before_is_told_by_the_exit_code(
    runs: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    """More runs could not mend it."""
    runs += [outcome(5), outcome(6, broken=1)]
    assert command.main(None, runs=20, seed=5) == ExitCode.NOT_AS_WISHED
    out = capsys.readouterr().out
    assert "seed 6  BROKEN  G1: bad" in out
    assert "Agreed 2: 1 broken promise in 1 run (G1)." in out


def test_interrupted_at_once_it_goes_on_from_the_first_seed(
    runs: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(None, runs=20, seed=5) == ExitCode.INTERRUPTED
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("no seed, faults all.")
    assert lines[-1] == "Go on: ringrun simulate --seed 5 --runs 20 --faults all"


def test_interrupted_after_the_last_run_nothing_is_left_to_go_on_with(
    runs: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    runs += [outcome(5)]
    assert command.main(None, runs=1, seed=5) == ExitCode.INTERRUPTED
    assert "Go on" not in capsys.readouterr().out


def test_digests_until_then_are_kept_and_said_to_be_some(
    runs: list[Outcome], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command to go on would empty the file."""
    runs += [outcome(5), outcome(6)]
    kept = tmp_path / "digests"
    command.main(None, runs=20, seed=5, digest=str(kept))
    assert [line.split()[0] for line in kept.read_text().splitlines()] == ["5", "6"]
    out = capsys.readouterr().out
    assert "digest of the first 2 of 20 transcripts: " in out
    assert f"Digests until then are in {kept}; the rest needs another file." in out
    assert "--digest" not in out


def test_only_the_first_broken_runs_are_shown_and_the_others_named(
    runs: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    runs += [outcome(seed, broken=1) for seed in range(13)]
    command.main(None, runs=13, seed=0)
    out = capsys.readouterr().out
    assert out.count("  replay: ringrun simulate ") == 10
    assert "not shown above: seeds 10, 11, 12." in out


def test_a_list_is_all_that_is_printed(
    runs: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(None, runs=20, seed=0, without=["help"]) == 0
    assert command.main(None, runs=20, seed=0, faults="help") == 0
    out = capsys.readouterr().out
    assert "kick_once" in out
    assert "supervisor  no masters" in out
    assert "runs in" not in out


def test_what_is_interrupted_in_a_run_that_is_told_says_how_far_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ringrun.simulation.world.world import World

    def interrupted(world: World) -> None:
        if world.trace is not None and len(world.trace.lines) > 50:
            raise KeyboardInterrupt

    monkeypatch.setattr(World, "saw_record", lambda world, _: interrupted(world))
    assert command.main(None, runs=2, seed=3, faults="none", trace=True) == ExitCode.INTERRUPTED
    out = capsys.readouterr().out
    assert out.startswith("seed 3, faults none\n")
    assert "says: LeaderElected" in out
    [go_on] = [line for line in out.splitlines() if line.startswith("Go on: ")]
    assert shlex.split(go_on)[5] == "3"
