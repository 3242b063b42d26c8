"""`ringrun simulate` in processes of its own, ended by signals: what it says, and who is left."""

import os
import pty
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "ringrun", "simulate", "--runs", "200000"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_search_that_found_something_says_so_when_it_is_ended(
    number: signal.Signals, tmp_path: Path
) -> None:
    """Exit code 1, although it was interrupted; nothing but that on stdout."""
    with subprocess.Popen(
        [*COMMAND, "--faults", "none", "--without", "own_streams"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(),
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        # Both end when the last process that has them has ended.
        out = process.stdout.read()
        assert process.stderr is not None
        errors = process.stderr.read()
    assert "BROKEN" in first
    assert (process.returncode, errors) == (1, "")
    assert "\nInterrupted: " in out


def test_ctrl_c_on_a_terminal_tells_how_to_go_on() -> None:
    """It reaches every process there, and one alone answers; the bar is gone then."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, COMMAND, environment())
    seen = b""
    while b"Agreed " not in seen:
        seen += os.read(terminal, 65536)
    os.write(terminal, b"\x03")
    try:
        while data := os.read(terminal, 65536):
            seen += data
    except OSError:
        pass  # Linux says that the other side is closed by EIO.
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 130
    _, _, said = seen.decode().rpartition("\x1b[2K")
    lines = said.replace("\r", "").splitlines()
    assert lines[0].startswith("Interrupted: ")
    words = shlex.split(lines[-1].removeprefix("Go on: "))
    done = int(words[words.index("--seed") + 1])
    assert done > 0
    assert int(words[words.index("--runs") + 1]) == 200_000 - done
    assert "Traceback" not in said
