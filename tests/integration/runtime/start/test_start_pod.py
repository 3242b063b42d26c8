"""A slave as a pod, told all it needs by its environment."""

import json
import socket
from pathlib import Path

from started import PATIENCE, RINGRUN, SPEC, TOKEN, program

SLAVE = ("_pod", "slave", "--ordinal", "3", "--incarnation", "2")


def environment(folder: Path, port: int, deadline: float) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
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
        log, _ = slave.communicate(timeout=PATIENCE)
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


def test_what_a_pod_says_may_be_json(tmp_path: Path) -> None:
    """Every line of it, a fault's too, with the run and the node."""
    wanted = {"RINGRUN_LOG_FORMAT": "json"}
    with program(RINGRUN, *SLAVE, **environment(tmp_path, 0, 0.01), **wanted) as slave:
        log, err = slave.communicate(timeout=PATIENCE)
    lines = [json.loads(line) for line in log.splitlines()]
    assert err == ""
    assert [(each["run"], each["node"], each["logger"]) for each in lines] == [
        ("r", "s3-2", "ringrun.slave")
    ] * len(lines)
    assert "no master prepared this slave before its start deadline" in lines[-1]["message"]


def test_a_pods_internal_error_may_be_json(tmp_path: Path) -> None:
    """With the traceback as a field; what it was told wrongly has no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = {**environment(tmp_path, port, 60.0), "RINGRUN_LOG_FORMAT": "json"}
        with program(RINGRUN, *SLAVE, **told) as slave:
            log, err = slave.communicate(timeout=PATIENCE)
    (line,) = [json.loads(each) for each in log.splitlines()]
    assert err == ""
    assert slave.returncode == 70
    assert line["level"] == "error"
    assert line["message"].startswith("internal error: ")
    assert "in use" in line["message"]
    assert line["exception"].startswith("Traceback ")


def test_an_operators_level_counts(tmp_path: Path) -> None:
    """One that is not known is as good as none."""
    for level, said in (("error", False), ("info", True), ("loud", True)):
        told = {**environment(tmp_path / level, 0, 0.01), "RINGRUN_LOG_LEVEL": level}
        with program(RINGRUN, *SLAVE, **told) as slave:
            log, _ = slave.communicate(timeout=PATIENCE)
        assert ("no master prepared" in log) is said
