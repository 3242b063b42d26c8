"""A slave as a pod, told all it needs by its environment."""

import json
import socket
from pathlib import Path

from started import PATIENCE, RINGRUN, SPEC, TOKEN, program

SLAVE = ("_pod", "slave", "--ordinal", "3", "--incarnation", "2")


def environment(folder: Path, port: int, deadline: float) -> dict[str, str]:
    (folder / "token").write_bytes(TOKEN)
    return {
        "RINGRUN_ADDRESS": "127.0.0.1",
        "RINGRUN_PORT": str(port),
        "RINGRUN_RUN": "r",
        "RINGRUN_SPEC": json.dumps({**SPEC, "startDeadlineSeconds": deadline}),
        "RINGRUN_TOKEN_FILE": str(folder / "token"),
        "RINGRUN_JOURNAL": str(folder),
    }


def test_a_slave_is_who_its_environment_says(tmp_path: Path) -> None:
    """One that nobody prepares gives up by its spec's deadline, under its name."""
    with program(RINGRUN, *SLAVE, **environment(tmp_path, 0, 0.01)) as slave:
        _, log = slave.communicate(timeout=PATIENCE)
    assert slave.returncode != 0
    assert "s3-2: no master prepared this slave before its start deadline" in log
    assert (tmp_path / "s3-2.journal").exists()


def test_a_slave_whose_port_is_taken_ends_at_once(tmp_path: Path) -> None:
    """The leader would dial somebody else."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with program(RINGRUN, *SLAVE, **environment(tmp_path, port, 60.0)) as slave:
            _, log = slave.communicate(timeout=PATIENCE)
    assert slave.returncode != 0
    assert "in use" in log
