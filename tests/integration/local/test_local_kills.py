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
# A hundred runs are made to be shown, on a machine that does nothing else. A few are made anywhere,
# so what hangs on a free core (the length of the run, G6's 50 ms) is not judged there.
QUIET_MACHINE = "RINGRUN_KILL_RUNS" in os.environ
PATIENCE = 3.0 if QUIET_MACHINE else 15.0
LONGEST_GAP = 1.5 if QUIET_MACHINE else 10.0


def victims(run: LocalRun, draw: random.Random) -> list[str]:
    """Who is killed: a slave, several, the leader, or a slave and the leader."""
    slaves = [name for name in sorted(run.children()) if name.startswith("s")]
    kind = draw.choice(["slave", "slaves", "leader", "both"])
    leader = [run.holder()] if run.holder() in run.children() else []
    chosen = draw.sample(slaves, min(len(slaves), 2 if kind == "slaves" else 1))
    return {"leader": leader or chosen, "both": chosen + leader}.get(kind, chosen)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(FIRST, FIRST + RUNS))
def test_a_random_kill_is_survived_or_told_as_it_is(tmp_path: Path, number: int) -> None:
    """In time, no process left, a verdict that the journals bear out, counting on within 1.5 s."""
    draw = random.Random(number)
    journal = tmp_path / "out"
    model = MODELS[number % len(MODELS)]
    at = draw.uniform(0.0, SEND + GRACE)
    periods = ("--send", f"{SEND}s", "--grace", f"{GRACE}s")
    with LocalRun(tmp_path, *periods, "--model", model, "--journal", str(journal)) as run:
        run.until(lambda: len(run.children()) == 6)
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
    assert took < SEND + GRACE + PATIENCE, told
    assert (code == 0) == (report["verdict"] == "Agreed"), told
    if report["verdict"] != "Agreed":
        # Only a death near the end, with a result not yet kept, may leave less than agreement.
        assert report["verdict"] == "Partial", told
        assert report["reason"], told
    assert (report["longestGap"] or 0.0) < LONGEST_GAP, told
    verified = subprocess.run(
        [sys.executable, "-m", "ringrun", "verify", str(journal)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert verified.returncode in {0, 1}, (told, verified.stderr)
    broken = [line for line in verified.stdout.splitlines() if "BROKEN" in line]
    assert verified.returncode == bool(broken), (told, verified.stdout)
    assert [line for line in broken if QUIET_MACHINE or not line.startswith("G6")] == [], told
