"""Every ending has a last line and a report: signals in every phase, one or two, of every kind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_run import LocalRun, environment

LONG = ("--nodes", "3", "--send", "30s", "--grace", "30s")
HANGUP, INTERRUPT, TERM = signal.SIGHUP, signal.SIGINT, signal.SIGTERM


@pytest.mark.parametrize("number", [HANGUP, INTERRUPT, TERM])
def test_in_send_the_rate_is_that_of_the_send_that_was(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A second of thirty is divided by a second; the report says both."""
    with LocalRun(tmp_path, *LONG) as run:
        run.until_phase("SEND")
        time.sleep(1.0)
        run.interrupt(number)
        code, report = run.report()
    assert code == 130
    assert (report["verdict"], report["reason"]) == ("Failed", "Interrupted")
    assert report["spec"]["periods"]["sendMilliseconds"] == 30_000
    assert 0.9 < report["sendSeconds"] < 6.0
    assert report["rate"] == pytest.approx(report["count"] / report["sendSeconds"])
    assert report["count"] > 0
    assert len(report["slaves"]) == 3
    assert run.left_behind() == []


def test_in_grace_the_rate_is_that_of_the_whole_send(tmp_path: Path) -> None:
    with LocalRun(tmp_path, "--nodes", "2", "--send", "300ms", "--grace", "30s") as run:
        run.until_phase("GRACE")
        run.interrupt()
        code, report = run.report()
    assert (code, report["verdict"]) == (130, "Failed")
    assert report["sendSeconds"] == 0.3


def test_a_run_that_is_not_stopped_divides_by_what_was_planned(tmp_path: Path) -> None:
    """Not by what its slaves measured, which differs from run to run."""
    with LocalRun(tmp_path, "--nodes", "2", "--send", "300ms", "--grace", "100ms") as run:
        code, report = run.report()
    assert (code, report["sendSeconds"]) == (0, 0.3)
    assert report["rate"] == report["count"] / 0.3


@pytest.mark.parametrize("times", [1, 2])
def test_in_start_there_is_a_line_and_a_report(tmp_path: Path, times: int) -> None:
    """A hundred slaves take their time; after a second signal nothing is waited for."""
    with LocalRun(tmp_path, "--nodes", "100", "--send", "30s", output="text") as run:
        run.until(lambda: len(run.children()) > 20)
        for _ in range(times):
            run.interrupt()
            time.sleep(0.05)
        code, out, errors = run.end()
    assert (code, errors) == (130, "")
    # On a busy machine the leader may have changed meanwhile, and then that is told as well.
    assert out.splitlines()[-1].startswith("Failed: Interrupted")
    assert json.loads((run.run_dir / "report.json").read_text())["sendSeconds"] == 0.0
    assert run.left_behind() == []


def test_before_the_first_process_too(tmp_path: Path) -> None:
    """From the moment at which there is a run at all; before that, one line says what it was."""
    ends = set()
    for after in (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
        process = subprocess.Popen(
            [sys.executable, "-m", "ringrun", "run", "--send", "30s", "--quiet"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment(), "TMPDIR": str(tmp_path)},
        )
        time.sleep(after)
        process.send_signal(INTERRUPT)
        out, errors = process.communicate(timeout=30)
        if process.returncode in {-INTERRUPT, 1}:
            # Python itself was hardly up, and has no words but its own for that.
            assert out == ""
            assert "ringrun/cli" not in errors
            assert "KeyboardInterrupt" in errors or not errors
            continue
        assert process.returncode == 130, (out, errors)
        ends.add((out.partition(",")[0].strip(), errors))
    assert ends <= {
        ("", "ringrun: interrupted\n"),
        ("Failed: Interrupted.", ""),
        ("Failed: Interrupted", ""),
    }
    assert list(tmp_path.iterdir()) == []


def test_a_hangup_that_is_ignored_stops_nothing(tmp_path: Path) -> None:
    """As nohup wants it."""
    before = signal.signal(HANGUP, signal.SIG_IGN)
    try:
        run = LocalRun(tmp_path, "--nodes", "2", "--send", "1s", "--grace", "100ms")
    finally:
        signal.signal(HANGUP, before)
    with run:
        run.until_phase("SEND")
        run.interrupt(HANGUP)
        code, report = run.report()
    assert (code, report["verdict"]) == (0, "Agreed")


def test_a_terminal_that_closes_ends_the_run(tmp_path: Path) -> None:
    """SIGHUP comes with it, and nothing can be written any more; the report is kept."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "ringrun", "run", "--nodes", "2", "--send", "30s"),
            *("--run-dir", str(tmp_path / "run")),
        ],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(),
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"START" not in shown:
        shown += os.read(ours, 4096)
    os.close(ours)
    process.send_signal(HANGUP)
    assert process.wait(30) == 130
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert (report["verdict"], report["reason"]) == ("Failed", "Interrupted")
