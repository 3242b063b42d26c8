"""A slave as a supervisor's child: what it says and does before its loop begins."""

import os
import signal
import socket
from pathlib import Path

from started import PATIENCE, SPEC, child, program

SLAVE = ("slave", "--ordinal", "3", "--incarnation", "2")


def test_a_slave_says_where_it_listens_and_does(tmp_path: Path) -> None:
    """On loopback, at a port of its own; it dies with its supervisor."""
    with child(*SLAVE, folder=tmp_path) as slave:
        host, port = slave.hear("listening")
        assert host == "127.0.0.1"
        socket.create_connection((host, port), timeout=PATIENCE).close()
        slave.hang_up()
        assert slave.process.wait(PATIENCE) == 1


def test_a_slave_that_nobody_prepares_gives_up_in_time(tmp_path: Path) -> None:
    """The deadline is its spec's, and its journal where it was told; its name is its own."""
    spec = {**SPEC, "startDeadlineSeconds": 0.01}
    with child(*SLAVE, folder=tmp_path, spec=spec, journal=str(tmp_path)) as slave:
        said, log = slave.process.communicate(timeout=PATIENCE)
    assert slave.process.returncode != 0
    assert "s3-2: no master prepared this slave before its start deadline" in log
    assert said == ""
    assert (tmp_path / "s3-2.journal").read_bytes().startswith(b"RINGRUN")


def test_a_slave_that_is_told_to_end_ends(tmp_path: Path) -> None:
    """By its supervisor: Ctrl-C on the terminal is not for it."""
    with child(*SLAVE, folder=tmp_path) as slave:
        with socket.create_connection(slave.hear("listening"), timeout=PATIENCE) as probe:
            # Whom it has closed the door on it has heard: from then on it listens to signals too.
            probe.shutdown(socket.SHUT_WR)
            assert probe.recv(1) == b""
        slave.process.send_signal(signal.SIGINT)
        slave.process.send_signal(signal.SIGTERM)
        assert slave.process.wait(PATIENCE) == 1


SUPERVISOR = """
import subprocess, sys
command = [sys.executable, "-m", "ringrun", "_node", *sys.argv[1:]]
print(subprocess.Popen(command, pass_fds=[int(sys.argv[-1])]).pid, flush=True)
sys.stdin.read()
"""


def test_a_slave_that_is_stopped_dies_with_its_supervisor() -> None:
    """It does not see its channel close, which here it does not: the kernel ends it."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with ours, program(("-c", SUPERVISOR), *SLAVE, channel=theirs) as supervisor:
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert ours.recv(100).startswith(b'{"listening"')
        os.kill(pid, signal.SIGSTOP)
        supervisor.stdin.close()
        assert supervisor.wait(PATIENCE) == 0
        assert ours.recv(1) == b""
