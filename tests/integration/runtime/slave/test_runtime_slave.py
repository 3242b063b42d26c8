"""Real slave processes on loopback under a master by script: the loop, links, results, ends."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from commanding import RUN, TOKEN, Child, Line, ring

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.record import Plan
from ringrun.runtime.wire.handshake import Identity


def plan(model: str, nodes: int, send: float = 0.5, grace: float = 0.3) -> Plan:
    """A short run; bursts as a user gets them by default."""
    burst = {"lockstep": 1, "window": 64, "train": 4096}[model]
    return Plan(
        run=RUN,
        nodes=nodes,
        seed=7,
        model=model,
        send=send,
        grace=grace,
        burst=burst,
        window=(nodes + 1) * burst,
        suspect=5.0,
    )


def agreed(results: list[Result]) -> int:
    """The count, once all results are final and equal."""
    assert {each.final for each in results} == {True}
    [same] = {(each.count, each.sum_exact, each.digest) for each in results}
    return same[0]


@pytest.mark.parametrize("nodes", [2, 4])
@pytest.mark.parametrize("model", ["lockstep", "window", "train"])
def test_slaves_count_the_same(model: str, nodes: int, tmp_path: Path) -> None:
    """Real sockets, each model: equal results, kept on disk and printed, SEND on time, exit 0."""
    given = plan(model, nodes)
    with ring(tmp_path, given) as slaves:
        slaves.start()
        results = [said.result for said in slaves.close()]
        assert [child.process.wait(5) for child in slaves.children] == [0] * nodes
    count = agreed(results)
    assert count > 100
    for each in results:
        assert each.issued == count
        assert abs(each.send_seconds - given.send) < 0.05
        kept = json.loads((tmp_path / "results" / f"{each.node}.json").read_text())
        assert (kept["count"], kept["digest"]) == (count, each.digest)
        assert kept["cpu_seconds"] > 0
        line = (tmp_path / f"{each.node}.log").read_text().splitlines()
        assert f"slave {each.ordinal} (incarnation 1): count {count} sum " in "\n".join(line)


def test_a_lockstep_run_is_what_its_seed_gives(tmp_path: Path) -> None:
    """Index i is draw (i-1) div n + 1 of sender (i-1) mod n; frames per message are 3(n-1).

    Frames are counted in SEND, which each slave ends by its own clock: those about its end differ.
    """
    nodes = 3
    with ring(tmp_path, plan("lockstep", nodes)) as slaves:
        slaves.start()
        results = [said.result for said in slaves.close()]
    count = agreed(results)
    streams = [
        np.random.Philox(key=np.array([7, sender], dtype=np.uint64)) for sender in range(nodes)
    ]
    total = 0
    for index in range(1, count + 1):
        raw = int(streams[(index - 1) % nodes].random_raw())
        total += index * ((raw >> 11) + 1)
    assert results[0].sum_exact == str(total)
    frames = sum(each.frames_sent for each in results)
    assert frames == pytest.approx(3 * (nodes - 1) * count, rel=0.02)


@pytest.mark.parametrize("model", ["lockstep", "window", "train"])
def test_cut_connections_are_healed(model: str, tmp_path: Path) -> None:
    """Resets inside the view: dialled again, HELLO, and the ring goes on to equal results."""
    with ring(tmp_path, plan(model, 3, send=1.5)) as slaves:
        slaves.start()
        for _ in range(5):
            time.sleep(0.1)
            # A second connection of s0 to s1 takes the place of the real one, and then goes away.
            me = Identity.slave(SlaveId(0, 1))
            Line(slaves.members[1], me=me).sock.close()
        results = [said.result for said in slaves.close()]
        log = (tmp_path / "s1-1.log").read_text()
    agreed(results)
    assert "a newer connection took its place" in log
    assert max(each.longest_gap for each in results) < 0.5


def test_who_does_not_belong_is_turned_away(tmp_path: Path) -> None:
    """Wrong token, run, name or direction: refused with one reason, and the slave stays up."""
    child = Child(tmp_path, SlaveId(1, 1), journal=None, plan=plan("lockstep", 2))
    try:
        member = child.member
        for change, reason in [
            ({"token": b"x" * 32}, "another token"),
            ({"run": "other"}, "of run other"),
            ({"incarnation": 2}, "this is s1-1, not s1-2"),
            ({"me": Identity.slave(SlaveId(1, 1))}, "itself"),
            ({"me": Identity.slave(SlaveId(3, 1))}, "the lower ordinal dials"),
        ]:
            with pytest.raises(ProtocolError, match=reason):
                Line(member, **change)  # type: ignore[arg-type]
        Line(member).sock.close()
        assert child.process.poll() is None
    finally:
        child.end()


def test_a_stranger_that_says_nothing_is_dropped(tmp_path: Path) -> None:
    """The handshake has a deadline; until then a stranger costs a descriptor and a few KiB."""
    child = Child(tmp_path, SlaveId(0, 1), journal=None, plan=plan("lockstep", 2))
    try:
        with socket.create_connection(child.listening(), timeout=10) as stranger:
            began = time.monotonic()
            assert stranger.recv(1) == b""
            assert 1.5 < time.monotonic() - began < 4.0
    finally:
        child.end()


def test_a_probe_leaves_no_line_and_a_broken_handshake_leaves_one(tmp_path: Path) -> None:
    """Who dials, says nothing and goes only wanted to know whether somebody listens."""
    child = Child(tmp_path, SlaveId(0, 1), journal=None, plan=plan("lockstep", 2))
    try:
        probe = socket.create_connection(child.listening(), timeout=10)
        other = socket.create_connection(child.listening(), timeout=10)
        other.sendall(b"\x00")
        for stranger in (probe, other):
            # It is dropped once it says no more: then the line, if any, is written.
            stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(1) == b""
            stranger.close()
        (line,) = child.log.read_text().splitlines()
        assert line.endswith("dropped: closed during the handshake")
    finally:
        child.end()


def test_a_slave_dies_with_its_supervisor(tmp_path: Path) -> None:
    """The end of the channel is the supervisor's death: no process is left behind."""
    child = Child(tmp_path, SlaveId(0, 1), journal=None, plan=plan("lockstep", 2))
    try:
        child.listening()
        child.channel.close()
        child.process.wait(5)
    finally:
        child.end()


def test_a_slave_told_to_end_before_any_view_ends(tmp_path: Path) -> None:
    """SIGTERM wakes a poll that blocks."""
    child = Child(tmp_path, SlaveId(0, 1), journal=None, plan=plan("lockstep", 2))
    try:
        Line(child.member, token=TOKEN).sock.close()
        os.kill(child.process.pid, signal.SIGTERM)
        assert child.process.wait(5) == 1
    finally:
        child.end()
