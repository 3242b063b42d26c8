"""200,000 random and mutated frames at a live slave: the run is not disturbed.

They come over connections of every kind: strangers, half a handshake, a master of the run, and a
slave of the run in whose name data comes. Each bad frame costs its own connection and nothing else.
"""

import contextlib
import random
import re
import socket
import threading
import time
from pathlib import Path

import pytest
from commanding import HOLDER, RUN, Line, ring

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Fetch, Heartbeat, Hello, Leave, Wedge
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.record import Member, Plan, Record
from ringrun.core.ring.frame import HEADER, WAGON
from ringrun.runtime.wire import frames as wire
from ringrun.runtime.wire.handshake import Dialling, Identity

FRAMES = 200_000
SEED = 20_240
# The end of a connection between nodes of the ring.
OURS = r"connection with (m0|s0|s1|s2)-1 dropped"

PLAN = Plan(
    run=RUN,
    nodes=3,
    seed=3,
    model="lockstep",
    send=60.0,
    grace=1.0,
    burst=1,
    window=4,
    suspect=30.0,
)


def random_frames(draw: random.Random, count: int) -> bytes:
    """Frames of a right preamble and any body, data with a plausible header now and then."""
    parts: list[bytes] = []
    for _ in range(count):
        kind = draw.choice((wire.FrameKind.CONTROL, wire.FrameKind.DATA))
        body = draw.randbytes(draw.randrange(80))
        if draw.random() < 0.3:
            body = HEADER.pack(
                draw.randrange(8), draw.randrange(3), draw.choice((0, 1, 1, 2)), draw.randrange(9),
                draw.randrange(1 << 40), draw.randrange(1 << 62), draw.randrange(1 << 62),
            ) + body  # fmt: skip
        parts.append(wire.PREAMBLE.pack(len(body) + 2, wire.VERSION, kind) + body)
    return b"".join(parts)


def mutated_frames(draw: random.Random, count: int) -> bytes:
    """Good frames of many kinds with a few bytes changed, cut off or put in."""
    good = [
        wire.encode_control(Heartbeat()),
        wire.encode_control(Hello(view=1, held=2, approved=1, turn=3)),
        wire.encode_control(Leave(view=1)),
        wire.encode_control(Fetch(epoch=1, attempt=1, view=1, first=1, last=9, snapshot=True)),
        wire.encode_control(
            Wedge(epoch=0, holder=HOLDER, attempt=1, record=Record(view=1), elapsed=0.0)
        ),
    ]
    data = HEADER.pack(1, 1, 7, 1, 5, 4, 3) + WAGON.pack(0, 1, 1) + bytes(8)
    good.append(wire.data_preamble((data,)) + data)
    parts: list[bytes] = []
    for _ in range(count):
        frame = bytearray(draw.choice(good))
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(len(frame))
            match draw.randrange(3):
                case 0:
                    frame[place] ^= 1 << draw.randrange(8)
                case 1:
                    frame[place : place + 1] = b""
                case _:
                    frame[place:place] = draw.randbytes(2)
            if not frame:
                break
        parts.append(bytes(frame))
    return b"".join(parts)


def half_a_handshake(draw: random.Random, member: Member) -> bytes:
    """An Open, good or mutated, and then anything."""
    opening = Dialling(
        me=Identity.master(MasterId(9, 1)),
        dialled=Identity.slave(SlaveId(member.ordinal, 1)),
        run=RUN,
        token=b"none",
        nonce=draw.randbytes(32),
    )
    frame = bytearray(wire.encode_handshake(opening.begin()))
    if draw.random() < 0.5:
        frame[draw.randrange(len(frame))] ^= 1 << draw.randrange(8)
    return bytes(frame) + random_frames(draw, 3)


class Attacker(threading.Thread):
    """Sends bad frames to one slave until its share is sent; counts them."""

    def __init__(self, member: Member, seed: int, share: int, until: float) -> None:
        super().__init__(daemon=True)
        self.member = member
        self.draw = random.Random(seed)
        self.share = share
        self.until = until
        self.sent = 0

    def run(self) -> None:
        while self.sent < self.share and time.monotonic() < self.until:
            with contextlib.suppress(OSError, EOFError, ProtocolError):
                self.once()

    def once(self) -> None:
        draw = self.draw
        count = draw.randrange(20, 400)
        make = draw.choice((random_frames, mutated_frames))
        kind = draw.randrange(4)
        # A frame counts once it was given to the kernel, whether or not the slave read that far.
        if kind == 0:
            address = (self.member.host, self.member.port)
            with socket.create_connection(address, timeout=5) as sock:
                sock.sendall(half_a_handshake(draw, self.member))
                self.sent += 4
            return
        if kind == 1:
            address = (self.member.host, self.member.port)
            with socket.create_connection(address, timeout=5) as sock:
                sock.sendall(make(draw, count))
                self.sent += count
            return
        # Of the run: a master that leads nothing (no flipped bit makes its name the leader's), or a
        # slave whose incarnation is in no view.
        me = Identity.master(MasterId(77, 1)) if kind == 2 else Identity.slave(SlaveId(1, 9))
        line = Line(self.member, me=me)
        with line.sock:
            line.sock.settimeout(5)
            line.sock.sendall(make(draw, count))
            self.sent += count


@pytest.mark.slow
def test_bad_frames_do_not_disturb_a_run(tmp_path: Path) -> None:
    """While 200,000 of them come, the ring agrees, keeps its links and its memory."""
    with ring(tmp_path, PLAN) as slaves:
        slaves.start()
        until = time.monotonic() + PLAN.send - 1.0
        victim = slaves.members[2]
        attackers = [Attacker(victim, SEED + number, FRAMES // 2, until) for number in range(2)]
        for attacker in attackers:
            attacker.start()
        for attacker in attackers:
            attacker.join(PLAN.send)
        assert sum(attacker.sent for attacker in attackers) >= FRAMES
        memory = resident(slaves.children[2].process.pid)
        results = [said.result for said in slaves.close(early=True)]
        assert [child.process.wait(10) for child in slaves.children] == [0, 0, 0]
        logs = [(tmp_path / f"s{ordinal}-1.log").read_text() for ordinal in range(3)]
    assert len({(each.count, each.sum_exact, each.digest) for each in results}) == 1
    assert all(each.final for each in results)
    assert results[0].count > 100
    assert memory < 150 << 20
    for log in logs:
        assert "Traceback" not in log
        # No connection of the ring itself was lost before its end.
        lost = [line for line in log.splitlines() if re.search(OURS, line)]
        assert all("closed by the other side" in line for line in lost), lost
    assert " dropped: " in logs[2]


def resident(pid: int) -> int:
    """Bytes of memory that the process has now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise AssertionError("no VmRSS")
