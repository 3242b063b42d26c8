"""What a fork leaves of its supervisor and its child. Nodes that run are `child`'s tests."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from ringrun.exit_codes import ExitCode
from ringrun.local.processes.forking import fork_node

# An ordinal that is no number: the node fails as soon as it is itself.
BROKEN = ("slave", "--ordinal", "zero", "--incarnation", "1")


def blocked() -> set[int]:
    """The signals that this thread does not take now."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def descriptors() -> list[str]:
    """What this process holds open."""
    return sorted(os.listdir("/proc/self/fd"))


def in_a_process(code: str) -> str:
    """What a program that calls `entitle` or `preload` prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ).stdout


def test_the_supervisor_is_after_a_fork_what_it_was_before(tmp_path: Path) -> None:
    """The log is the child's alone, and Ctrl-C is taken again."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        before = blocked(), descriptors()
        pid = fork_node("s0-1", BROKEN, theirs.fileno(), tmp_path / "log")
        assert (blocked(), descriptors()) == before
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == ExitCode.INTERNAL_ERROR


def test_what_a_node_prints_is_added_to_its_log(tmp_path: Path) -> None:
    """A log that is there is not begun anew; nothing comes to the supervisor's own output."""
    log = tmp_path / "log"
    log.write_text("before\n")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        os.waitpid(fork_node("s0-1", BROKEN, theirs.fileno(), log), 0)
    first, *_, last = log.read_text().splitlines()
    assert first == "before"
    assert last.startswith("ValueError: ")


def test_a_fork_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine has only so many processes; the run then ends, and by its own signals."""

    def full() -> NoReturn:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", full)
    before = blocked(), descriptors()
    with pytest.raises(BlockingIOError):
        fork_node("s0-1", BROKEN, 0, tmp_path / "log")
    assert (blocked(), descriptors()) == before


def test_a_log_that_cannot_be_written_starts_nothing(tmp_path: Path) -> None:
    before = blocked(), descriptors()
    with pytest.raises(FileNotFoundError):
        fork_node("s0-1", BROKEN, 0, tmp_path / "none" / "log")
    assert (blocked(), descriptors()) == before


@pytest.mark.parametrize("words", ["['a', 'bc']", "['x' * 5000, 'y']"])
def test_a_title_is_shown_as_far_as_it_fits(words: str) -> None:
    """As words, and with nothing of the old command line or of what lies behind it."""
    code = (
        "from pathlib import Path\n"
        "from ringrun.local.processes.forking import entitle\n"
        "line = Path('/proc/self/cmdline')\n"
        "room = len(line.read_bytes())\n"
        f"entitle('s0-1', {words})\n"
        "shown = line.read_bytes().rstrip(bytes(1))\n"
        f"whole = bytes(1).join(word.encode() for word in {words})\n"
        "print(shown == whole[: room - 1], Path('/proc/self/comm').read_text().strip())\n"
    )
    assert in_a_process(code) == "True s0-1\n"


def test_what_nodes_import_is_there_before_the_first_is_forked() -> None:
    """Each of many children would otherwise import it for itself."""
    code = (
        "import sys\n"
        "from ringrun.local.processes.forking import preload\n"
        "names = 'ringrun.runtime.slave.process', 'ringrun.runtime.start.child_master'\n"
        "before = [name in sys.modules for name in names]\n"
        "preload()\n"
        "print(before, [name in sys.modules for name in names])\n"
    )
    assert in_a_process(code) == "[False, False] [True, True]\n"
