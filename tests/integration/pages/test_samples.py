"""samples/run.sh: five programs by hand, and nothing left of them however it ends."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from page_blocks import ROOT
from page_shell import Desk


def until(transcript: Path, text: str) -> None:
    """Wait until this has been said."""
    end = time.monotonic() + 20
    while text not in transcript.read_text():
        assert time.monotonic() < end, transcript.read_text()
        time.sleep(0.02)


def running(session: int) -> str:
    """What still runs of a session."""
    listed = subprocess.run(
        ["pgrep", "-a", "--session", str(session)], capture_output=True, text=True, check=False
    )
    return listed.stdout


@pytest.mark.parametrize(
    ("number", "everyone", "code"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143)],
)
def test_a_signal_ends_the_run_in_order_and_leaves_nobody(
    tmp_path: Path, number: signal.Signals, everyone: bool, code: int
) -> None:
    """Ctrl-C reaches all of them, the others the script alone; the master has the last word."""
    transcript = tmp_path / "said"
    with Desk(tmp_path, activated=True).start("exec samples/run.sh", transcript) as shell:
        until(transcript, "in SEND")
        (os.killpg if everyone else os.kill)(shell.pid, number)
        assert shell.wait(timeout=20) == code
    assert running(shell.pid) == ""
    said = transcript.read_text()
    assert "Failed: Interrupted, 4 of 4 slaves counted " in said
    assert "Traceback" not in said


def test_a_signal_before_the_master_ends_the_slaves(tmp_path: Path) -> None:
    """There is no run yet, and nobody to wait for."""
    transcript = tmp_path / "said"
    with Desk(tmp_path, activated=True).start("exec samples/run.sh", transcript) as shell:
        time.sleep(0.3)
        os.kill(shell.pid, signal.SIGTERM)
        assert shell.wait(timeout=20) == 143
    assert running(shell.pid) == ""


@pytest.mark.parametrize("name", ["run.sh", "slow.sh"])
def test_without_ringrun_a_line_says_what_to_do(tmp_path: Path, name: str) -> None:
    """No `command not found` for each of five lines."""
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / name).write_text((ROOT / "samples" / name).read_text())
    done = subprocess.run(
        ["bash", str(samples / name)],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = f"samples/{name}: ringrun is not installed yet: make install\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", wanted)
