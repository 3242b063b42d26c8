"""The seed's own form: four slaves and a master by hand, as real processes, and its refusals."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, in order."""
    with contextlib.ExitStack() as ending:
        sockets = [ending.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return sorted(each.getsockname()[1] for each in sockets)


class Hands:
    """Programs started by hand, with a registry of their own; all gone at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o700)
        self.running: list[subprocess.Popen[str]] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if "RINGRUN" not in name},
            "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
            "XDG_RUNTIME_DIR": str(folder),
        }

    def start(self, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "ringrun", *map(str, arguments)],
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def slaves(self, ports: list[int], **environment: str) -> list["subprocess.Popen[str]"]:
        """One on each port; returns once all listen."""
        started = [self.start("slave", "127.0.0.1", port, **environment) for port in ports]
        for port in ports:
            until = time.monotonic() + 20
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                assert time.monotonic() < until
                time.sleep(0.02)
        return started

    def master(
        self, *arguments: object, send: int = 300_000, grace: int = 200_000, **environment: str
    ) -> tuple[int, str, str]:
        """Run a master to its end: exit code, stdout, stderr."""
        process = self.start(
            *("master", "127.0.0.1", free_ports(1)[0], send, grace, 7, *arguments), **environment
        )
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    """A user who starts programs and forgets none."""
    made = Hands(tmp_path)
    try:
        yield made
    finally:
        made.end()


def line_of(slave: "subprocess.Popen[str]") -> str:
    """What a slave printed, once it has ended well."""
    out, err = slave.communicate(timeout=20)
    assert slave.returncode == 0, err
    return out


def test_the_seeds_five_lines(hands: Hands) -> None:
    """Each slave prints its own line, all equal; the master ends with its verdict; no options."""
    ports = free_ports(4)
    slaves = hands.slaves(ports)
    code, out, err = hands.master()
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("by-hand  4 slaves, 1 master, model lockstep, seed 7")
    last = out.splitlines()[-1]
    assert last.startswith("Agreed: 4 of 4 slaves counted the same ")
    lines = [line_of(slave) for slave in slaves]
    assert [line.split(":")[0] for line in lines] == [f"slave {port}" for port in ports]
    [tally] = {line.split(": ")[1] for line in lines}
    assert tally.startswith("count ")
    assert int(tally.split()[1]) > 10
    assert list(hands.folder.glob("ringrun/*")) == []


def test_across_a_network_with_a_token(hands: Hands, tmp_path: Path) -> None:
    """Slaves by address, with a token; ordinals follow the order given; the report as JSON."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    ports = free_ports(3)
    hands.slaves(ports, RINGRUN_TOKEN_FILE=str(token))
    listed = ",".join(f"localhost:{port}" for port in ports)
    code, out, err = hands.master(
        *("--slaves", listed, "--model", "train", "--output", "json"),
        RINGRUN_TOKEN_FILE=str(token),
    )
    assert (code, err) == (0, "")
    report: dict[str, Any] = json.loads(out)
    assert report["verdict"] == "Agreed"
    assert report["count"] == report["issued"] > 1000
    assert len(report["slaves"]) == 3


def test_a_killed_slave_is_survived_and_replaced_by_hand(hands: Hands) -> None:
    """Kill -9 in SEND: the others go on; one started anew at its port joins as the next."""
    ports = free_ports(3)
    slaves = hands.slaves(ports)
    master = hands.start("master", "127.0.0.1", free_ports(1)[0], 3_000_000, 300_000, 7)
    assert master.stdout is not None
    shown = ""
    while "SEND" not in shown:
        shown = master.stdout.readline()
        assert shown
        shown = "" if shown.startswith("by-hand") else shown
    time.sleep(0.3)
    slaves[1].kill()
    slaves[1].wait()
    again = hands.start("slave", "127.0.0.1", ports[1])
    out, err = master.communicate(timeout=60)
    assert master.returncode == 0, out + err
    assert "Agreed: 3 of 3 slaves" in out
    assert "joined" in out
    lines = {line_of(slave).split(": ")[1] for slave in (slaves[0], again, slaves[2])}
    assert len(lines) == 1


def in_send(master: "subprocess.Popen[str]") -> None:
    """Return once the master says that messages are sent."""
    assert master.stdout is not None
    while "SEND" not in (line := master.stdout.readline()) or line.startswith("by-hand"):
        assert line


def test_ctrl_c_ends_in_an_orderly_stop(hands: Hands) -> None:
    """The master stops the run and says so with 130; every slave still gives its result."""
    slaves = hands.slaves(free_ports(2))
    master = hands.start("master", "127.0.0.1", free_ports(1)[0], 30_000_000, 300_000, 7)
    in_send(master)
    time.sleep(0.2)
    master.send_signal(signal.SIGINT)
    master.communicate(timeout=20)
    assert master.returncode == 130
    assert all("count " in line_of(slave) for slave in slaves)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_slave_that_nobody_has_come_for_has_its_line(
    hands: Hands, number: signal.Signals
) -> None:
    """Whoever started it looks for it; and it is listed no more."""
    [port] = free_ports(1)
    [slave] = hands.slaves([port])
    slave.send_signal(number)
    out, err = slave.communicate(timeout=20)
    assert out == f"slave {port}: no result, told to end before a run began\n"
    assert (slave.returncode, err) == (130, "")
    assert list(hands.folder.glob("ringrun/*")) == []


def test_a_slave_whose_line_nobody_reads_gives_its_result_all_the_same(hands: Hands) -> None:
    """The line is for people; the run has the result by another way."""
    slaves = hands.slaves(free_ports(2))
    for slave in slaves:
        assert slave.stdout is not None
        slave.stdout.close()
        slave.stdout = None
    code, out, err = hands.master()
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("Agreed: 2 of 2 slaves")
    assert [slave.wait(20) for slave in slaves] == [0, 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_master_that_looks_for_slaves_has_a_report_of_that(
    hands: Hands, number: signal.Signals
) -> None:
    """Ctrl-C before there is anybody to stop."""
    master = hands.start(
        *("master", "127.0.0.1", free_ports(1)[0], 30_000_000, 300_000, 7, "--output", "json")
    )
    time.sleep(1.5)
    master.send_signal(number)
    out, err = master.communicate(timeout=20)
    assert (master.returncode, err) == (130, "")
    report: dict[str, Any] = json.loads(out)
    assert (report["verdict"], report["reason"]) == ("Failed", "Interrupted")


def test_a_terminal_that_closes_stops_the_run_as_ctrl_c_does(hands: Hands) -> None:
    """With the rate of the SEND that was."""
    slaves = hands.slaves(free_ports(2))
    master = hands.start(
        *("master", "127.0.0.1", free_ports(1)[0], 30_000_000, 300_000, 7, "--output", "json")
    )
    time.sleep(2.5)
    master.send_signal(signal.SIGHUP)
    report: dict[str, Any] = json.loads(master.communicate(timeout=20)[0])
    assert (master.returncode, report["reason"]) == (130, "Interrupted")
    assert report["sendSeconds"] < 10
    assert report["rate"] == pytest.approx(report["count"] / report["sendSeconds"])
    assert all("count " in line_of(slave) for slave in slaves)


def test_a_second_ctrl_c_ends_at_once_with_a_verdict(hands: Hands, tmp_path: Path) -> None:
    """Slaves that hang give nothing; the master says what it knows, and keeps it."""
    slaves = hands.slaves(free_ports(2))
    journal = tmp_path / "journal"
    master = hands.start(
        *("master", "127.0.0.1", free_ports(1)[0], 30_000_000, 300_000, 7, "--journal", journal)
    )
    in_send(master)
    for slave in slaves:
        slave.send_signal(signal.SIGSTOP)
    master.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert master.poll() is None
    master.send_signal(signal.SIGINT)
    out, err = master.communicate(timeout=4)
    assert (master.returncode, err) == (130, "")
    assert out.splitlines()[-1].startswith("Failed: Interrupted")
    report: dict[str, Any] = json.loads((journal / "report.json").read_text())
    assert (report["verdict"], report["complete"]) == ("Failed", True)


def test_when_all_slaves_are_lost_the_last_line_says_so(hands: Hands) -> None:
    """Nobody starts one again; that is no fault of the input."""
    slaves = hands.slaves(free_ports(2))
    master = hands.start("master", "127.0.0.1", free_ports(1)[0], 1_500_000, 300_000, 7)
    in_send(master)
    for slave in slaves:
        slave.kill()
        slave.wait()
    out, err = master.communicate(timeout=60)
    assert (master.returncode, err) == (1, "")
    assert out.splitlines()[-1].startswith("Failed: ")


def test_slaves_whose_run_never_began_serve_another_master(hands: Hands) -> None:
    """A master that could not start leaves them free, not lost for good."""
    slaves = hands.slaves(ports := free_ports(2))
    gone = free_ports(1)[0]
    listed = ",".join(f"127.0.0.1:{port}" for port in [*ports, gone])
    code, _, err = hands.master("--slaves", listed)
    assert code == 2
    assert f"slave 127.0.0.1:{gone}: " in err
    assert f"ringrun slave 127.0.0.1 {gone}" in err
    code, out, err = hands.master()
    assert (code, err) == (0, "")
    assert "Agreed: 2 of 2" in out
    assert len({line_of(slave).split(": ")[1] for slave in slaves}) == 1


def refused(hands: Hands, *arguments: object, **environment: str) -> str:
    """The one line of a command that is refused with exit code 2."""
    process = hands.start(*arguments, **environment)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, ""), err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def test_a_busy_port_is_one_clear_line(hands: Hands) -> None:
    """Slave and master alike: rule, value, what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in [("slave", "127.0.0.1", port), ("master", "127.0.0.1", port, 1000000, 0, 0)]:
            said = refused(hands, *command)
            assert f"127.0.0.1:{port}: address already in use; choose another port" in said


def test_without_a_token_only_loopback_is_served(hands: Hands) -> None:
    """It says why, and what to set."""
    said = refused(hands, "slave", "0.0.0.0", free_ports(1)[0])
    assert "loopback" in said
    assert "RINGRUN_TOKEN_FILE" in said
    said = refused(
        hands, "master", "127.0.0.1", free_ports(1)[0], 1000000, 0, 0, "--slaves", "192.0.2.1:5"
    )
    assert "RINGRUN_TOKEN_FILE" in said


def test_no_slaves_is_one_clear_line(hands: Hands) -> None:
    """The master says how to start one."""
    said = refused(hands, "master", "127.0.0.1", free_ports(1)[0], 1000000, 0, 0)
    assert "at least 2, got 0" in said
    assert "ringrun slave 127.0.0.1 PORT" in said


def test_another_token_is_one_clear_line(hands: Hands, tmp_path: Path) -> None:
    """Slaves without a token refuse a master with one, at once."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    hands.slaves(free_ports(2))
    said = refused(
        hands,
        *("master", "127.0.0.1", free_ports(1)[0], 1000000, 0, 0),
        RINGRUN_TOKEN_FILE=str(token),
    )
    assert "another token" in said


@pytest.mark.parametrize("content", [None, "short"])
def test_a_token_file_that_is_none_is_refused(
    hands: Hands, tmp_path: Path, content: str | None
) -> None:
    """Missing or too short."""
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    said = refused(hands, "slave", "127.0.0.1", free_ports(1)[0], RINGRUN_TOKEN_FILE=str(token))
    assert said.startswith("RINGRUN_TOKEN_FILE: ")
