"""Whole runs on this machine whose processes are killed, stopped or told to end."""

import os
import signal
import time
from pathlib import Path

import pytest
from local_run import LocalRun, agreed, lives

MODELS = ["lockstep", "window", "train"]


@pytest.mark.parametrize("model", MODELS)
def test_a_killed_slave_is_replaced_and_all_agree(tmp_path: Path, model: str) -> None:
    """kill -9 in SEND: the next incarnation joins, and the report tells who was lost and why."""
    with LocalRun(tmp_path, "--send", "2500ms", "--grace", "1s", "--model", model) as run:
        run.until_phase("SEND")
        run.kill("s2-1")
        run.until(lambda: [2, 2] in run.record()["incarnations"])
        code, report = run.report()
        assert run.left_behind() == []
    assert code == 0
    agreed(report, slaves=4)
    assert {(each["ordinal"], each["incarnation"]) for each in report["slaves"]} == {
        (0, 1),
        (1, 1),
        (2, 2),
        (3, 1),
    }
    [failure] = report["failures"]
    assert (failure["kind"], failure["node"]) == ("SlaveLost", "s2-1")
    assert failure["cause"] == "killed by SIGKILL"
    assert report["longestGap"] < 1.5


@pytest.mark.parametrize("model", MODELS)
def test_a_killed_leader_is_followed_and_all_agree(tmp_path: Path, model: str) -> None:
    """The lease is freed by the supervisor, so the standby leads in well under a second."""
    with LocalRun(tmp_path, "--send", "2s", "--grace", "1s", "--model", model) as run:
        run.until_phase("SEND")
        first = run.holder()
        run.kill(first)
        killed = time.monotonic()
        run.until(lambda: run.record()["epoch"] == 2 and run.holder() not in {"", first})
        assert time.monotonic() - killed < 2.0
        run.until(lambda: f"{first.split('-')[0]}-2" in run.children())
        code, report = run.report()
        assert run.left_behind() == []
    assert code == 0
    agreed(report, slaves=4)
    assert [epoch["number"] for epoch in report["epochs"]] == [1, 2]


def test_slave_and_leader_killed_at_once(tmp_path: Path) -> None:
    """The next leader finds the dead slave and replaces it."""
    with LocalRun(tmp_path, "--send", "3s", "--grace", "1s") as run:
        run.until_phase("SEND")
        run.kill("s1-1")
        run.kill(run.holder())
        run.until(lambda: [1, 2] in run.record()["incarnations"])
        code, report = run.report()
        assert run.left_behind() == []
    assert code == 0
    agreed(report, slaves=4)


def test_every_master_killed_at_once(tmp_path: Path) -> None:
    """The ring goes on without one; the next incarnations lead it to its end."""
    with LocalRun(tmp_path, "--send", "2s", "--grace", "1s") as run:
        run.until_phase("SEND")
        run.kill("m0-1")
        run.kill("m1-1")
        run.until(lambda: run.holder() in {"m0-2", "m1-2"})
        code, report = run.report()
        assert run.left_behind() == []
    assert code == 0
    agreed(report, slaves=4)


def test_a_slave_killed_in_start_delays_the_run_and_no_more(tmp_path: Path) -> None:
    """A ring starts whole."""
    with LocalRun(tmp_path, "--send", "500ms", "--grace", "500ms") as run:
        run.until(lambda: "s3-1" in run.children())
        run.kill("s3-1")
        code, report = run.report()
    assert code == 0
    agreed(report, slaves=4)
    assert report["views"][0]["incarnations"] == [1, 1, 1, 2]


def test_when_all_slaves_die_the_run_has_failed(tmp_path: Path) -> None:
    """No survivor, no later view (G3), and nobody waits for long."""
    with LocalRun(tmp_path, "--nodes", "3", "--send", "20s", "--grace", "1s") as run:
        run.until_phase("SEND")
        for ordinal in range(3):
            run.kill(f"s{ordinal}-1")
        killed = time.monotonic()
        code, report = run.report()
        assert time.monotonic() - killed < 12
        assert run.left_behind() == []
    assert code == 1
    assert report["verdict"] == "Failed"


def test_a_slave_told_to_end_leaves_and_is_replaced(tmp_path: Path) -> None:
    """SIGTERM: it serves until a view without it, gives what it approved, and is replaced."""
    with LocalRun(tmp_path, "--send", "3s", "--grace", "1s") as run:
        run.until_phase("SEND")
        run.kill("s0-1", signal.SIGTERM)
        run.until(lambda: [0, 2] in run.record()["incarnations"])
        code, report = run.report()
    assert code == 0
    agreed(report, slaves=4)


@pytest.mark.slow
def test_a_stopped_slave_is_dropped_replaced_and_killed(tmp_path: Path) -> None:
    """SIGSTOP: out of the view after the suspicion time, and no longer there ten seconds later."""
    with LocalRun(tmp_path, "--send", "12s", "--grace", "500ms") as run:
        run.until_phase("SEND")
        stopped = run.children()["s3-1"]
        os.kill(stopped, signal.SIGSTOP)
        run.until(lambda: [3, 2] in run.record()["incarnations"])
        assert lives(stopped)
        run.until(lambda: not lives(stopped))
        code, report = run.report()
        assert run.left_behind() == []
    assert code == 0
    agreed(report, slaves=4)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_an_orderly_stop(tmp_path: Path, number: signal.Signals) -> None:
    """Results are collected, the report says Interrupted, exit code 130, nothing is left."""
    with LocalRun(tmp_path, "--send", "60s") as run:
        run.until_phase("SEND")
        run.interrupt(number)
        asked = time.monotonic()
        code, report = run.report()
        assert time.monotonic() - asked < 5
        assert run.left_behind() == []
    assert code == 130
    assert (report["verdict"], report["reason"]) == ("Failed", "Interrupted")
    assert len(report["slaves"]) == 4


def test_an_interrupt_before_anything_listens_ends_at_once(tmp_path: Path) -> None:
    """In START there is nothing to collect."""
    with LocalRun(tmp_path, "--send", "60s") as run:
        run.until(lambda: len(run.children()) == 6)
        run.interrupt()
        code, report = run.report(seconds=12)
        assert run.left_behind() == []
    assert (code, report["verdict"], report["reason"]) == (130, "Failed", "Interrupted")


def test_a_second_interrupt_does_not_wait(tmp_path: Path) -> None:
    """A slave that hangs holds up the orderly stop; whoever presses twice has waited enough."""
    with LocalRun(tmp_path, "--send", "60s") as run:
        run.until_phase("SEND")
        run.kill("s1-1", signal.SIGSTOP)
        run.interrupt()
        time.sleep(0.3)
        run.interrupt()
        asked = time.monotonic()
        code, _ = run.report()
        assert time.monotonic() - asked < 2
        assert run.left_behind() == []
    assert code == 130


@pytest.mark.parametrize("phase", ["START", "SEND"])
def test_no_process_outlives_a_killed_supervisor(tmp_path: Path, phase: str) -> None:
    """kill -9 of the supervisor: slaves and masters die with it, a stopped one too."""
    with LocalRun(tmp_path, "--send", "60s") as run:
        run.until(lambda: len(run.children()) == 6)
        if phase == "SEND":
            run.until_phase(phase)
            run.kill("s0-1", signal.SIGSTOP)
        run.process.kill()
        run.process.wait()
        end = time.monotonic() + 5
        while run.left_behind() and time.monotonic() < end:
            time.sleep(0.01)
        assert run.left_behind() == []
