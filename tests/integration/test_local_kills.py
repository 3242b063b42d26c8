"""Whole runs with one random kill -9 each: whoever it hits, whenever, in every model.

`RINGRUN_KILL_RUNS=100` runs a hundred (`-rA` shows how each ended); without it there are a few. A
run is told by its number alone: `RINGRUN_KILL_FIRST=57 RINGRUN_KILL_RUNS=1` repeats it.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_run import LocalRun, environment

RUNS = int(os.environ.get("RINGRUN_KILL_RUNS", "4"))
FIRST = int(os.environ.get("RINGRUN_KILL_FIRST", "0"))
MODELS = ["lockstep", "window", "train"]
SEND, GRACE = 2.0, 1.0


def victims(run: LocalRun, draw: random.Random) -> list[str]:
    """Who is killed: a slave, several, the leader, or a slave and the leader."""
    slaves = [name for name in sorted(run.children()) if name.startswith("s")]
    kind = draw.choice(["slave", "slaves", "leader", "both"])
    names = []
    if kind != "leader":
        names = draw.sample(slaves, min(len(slaves), 2 if kind == "slaves" else 1))
    if kind in {"leader", "both"} and run.holder() in run.children():
        names.append(run.holder())
    return names


@pytest.mark.slow
@pytest.mark.parametrize("number", range(FIRST, FIRST + RUNS))
def test_a_random_kill_is_survived_or_told_as_it_is(tmp_path: Path, number: int) -> None:
    """In time, no process left, a verdict that the journals bear out, counting on within 1.5 s."""
    draw = random.Random(number)
    journal = tmp_path / "out"
    model = MODELS[number % len(MODELS)]
    at = draw.uniform(0.0, SEND + GRACE + 0.8)
    periods = ("--send", f"{SEND}s", "--grace", f"{GRACE}s")
    with LocalRun(tmp_path, *periods, "--model", model, "--journal", str(journal)) as run:
        time.sleep(at)
        names: list[str] = []
        if run.process.poll() is None:
            names = victims(run, draw)
            for name in names:
                run.kill(name)
        code, report = run.report()
        took = time.monotonic() - run.started
        assert run.left_behind() == []
    told = f"run {number}: {model}, killed {', '.join(names) or 'nobody'} at {at:.2f} s"
    print(f"{told}: {report['verdict']} {report['count']} in {took:.2f} s, {report['reason']}")
    assert took < SEND + GRACE + 3.0, told
    assert (code == 0) == (report["verdict"] == "Agreed"), told
    if report["verdict"] != "Agreed":
        # Only a death near the end, with a result not yet kept, may leave less than agreement.
        assert report["verdict"] == "Partial", told
        assert report["reason"], told
    assert (report["longestGap"] or 0.0) < 1.5, told
    verified = subprocess.run(
        [sys.executable, "-m", "ringrun", "verify", str(journal)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert verified.returncode == 0, (told, verified.stdout, verified.stderr)
