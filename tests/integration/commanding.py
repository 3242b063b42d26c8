"""A master by script for tests of real slave processes: it says what a test tells it to say.

Shares the wire and the handshake with the program, and nothing of the master's core.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from ringrun.core.messages import (
    Close,
    Control,
    Frozen,
    Install,
    Installed,
    Kick,
    Kicked,
    Meet,
    Met,
    ResultSaid,
    Stored,
    Sync,
    Synced,
    Wedge,
    Wedged,
)
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import FoldValue, Member, Plan, Record
from ringrun.runtime.wire.frames import Decoder, decode_control, encode_control, encode_handshake
from ringrun.runtime.wire.handshake import Dialling, Identity

Answer = TypeVar("Answer")

TOKEN = bytes(range(32))
RUN = "test-run"
LEADER = MasterId(0, 1)
HOLDER = str(LEADER)


class Child:
    """A slave process as a supervisor starts it."""

    def __init__(self, folder: Path, node: SlaveId, *, journal: Path | None, plan: Plan) -> None:
        self.node = node
        ours, theirs = socket.socketpair()
        (folder / "results").mkdir(exist_ok=True)
        self.log = folder / f"{node}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ringrun", "_node", "slave"),
                    *("--ordinal", str(node.ordinal), "--incarnation", str(node.incarnation)),
                    *("--channel", str(theirs.fileno())),
                ],
                pass_fds=(theirs.fileno(),),
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                start_new_session=True,
            )
        theirs.close()
        self.channel = ours
        spec = {
            "nodes": plan.nodes,
            "seed": plan.seed,
            "model": plan.model,
            "periods": {
                "sendMilliseconds": round(plan.send * 1000),
                "graceMilliseconds": round(plan.grace * 1000),
            },
            "startDeadlineSeconds": 60,
        }
        setup = {
            "token": TOKEN.hex(),
            "run": RUN,
            "spec": spec,
            "journal": str(journal) if journal else None,
            "runDir": str(folder),
            "debug": True,
        }
        ours.sendall(json.dumps({"setup": setup}).encode() + b"\n")
        ours.settimeout(20)
        self.address: tuple[str, int] | None = None

    def listening(self) -> tuple[str, int]:
        """Where it listens; waits until it says so."""
        if self.address is None:
            line = b""
            while not line.endswith(b"\n"):
                data = self.channel.recv(4096)
                assert data, self.log.read_text()
                line += data
            host, port = json.loads(line)["listening"]
            self.address = (host, port)
        return self.address

    @property
    def member(self) -> Member:
        host, port = self.listening()
        return Member(
            ordinal=self.node.ordinal, incarnation=self.node.incarnation, host=host, port=port
        )

    def end(self) -> None:
        """Kill it, if it lives, and let go of everything."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.channel.close()


class Line:
    """A master's connection to one slave, blocking, with a few seconds for every answer."""

    def __init__(
        self,
        member: Member,
        *,
        me: Identity | None = None,
        token: bytes = TOKEN,
        run: str = RUN,
        incarnation: int | None = None,
    ) -> None:
        self.sock = socket.create_connection((member.host, member.port), timeout=20)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = Decoder()
        self.frames: list[tuple[int, memoryview]] = []
        dialled = SlaveId(member.ordinal, incarnation or member.incarnation)
        self.handshake = Dialling(
            me=me or Identity.master(LEADER),
            dialled=Identity.slave(dialled),
            run=run,
            token=token,
            nonce=os.urandom(32),
        )
        try:
            self._shake()
        except BaseException:
            self.sock.close()
            raise

    def _shake(self) -> None:
        self.sock.sendall(encode_handshake(self.handshake.begin()))
        while self.handshake.peer is None:
            _, body = self.frame()
            answer = self.handshake.receive(body)
            if answer:
                self.sock.sendall(encode_handshake(answer))
        self.decoder.authenticated()

    def frame(self) -> tuple[int, memoryview]:
        """The next frame; EOFError if the slave closed."""
        while not self.frames:
            self.frames = self.decoder.received(0)
            if not self.frames:
                count = self.sock.recv_into(self.decoder.space())
                if not count:
                    raise EOFError
                self.frames = self.decoder.received(count)
        return self.frames.pop(0)

    def say(self, message: Control) -> None:
        self.sock.sendall(encode_control(message))

    def hear(self, kind: type[Answer], seconds: float = 20.0) -> Answer:
        """The next message of this kind; what else comes is left out."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            message = decode_control(self.frame()[1])
            if isinstance(message, kind):
                return message
        raise TimeoutError(kind.__name__)


class Ring:
    """Slaves and the lines to them, and the stages of a run as one call each."""

    def __init__(self, folder: Path, plan: Plan, *, journal: Path | None = None) -> None:
        self.folder = folder
        self.plan = plan
        self.journal = journal
        self.children = [
            Child(folder, SlaveId(ordinal, 1), journal=journal, plan=plan)
            for ordinal in range(plan.nodes)
        ]
        self.members = tuple(child.member for child in self.children)
        self.lines = [Line(member) for member in self.members]
        self.record = Record(epoch=1, holder=HOLDER, plan=plan)
        self.attempt = 0
        self.said: dict[str, Any] = {"epoch": 1, "holder": HOLDER}

    def ask(self, message: Control) -> None:
        for line in self.lines:
            line.say(message)

    def start(self) -> None:
        """MEET, SYNC, INSTALL (GO) and KICK of view 1."""
        self.attempt += 1
        meet = Meet(
            **self.said, attempt=self.attempt, joiners=self.members, members=(), plan=self.plan
        )
        self.ask(meet)
        for line in self.lines:
            while len(line.hear(Met).links) < len(self.members) - 1:
                pass
        sync = Sync(**self.said, attempt=self.attempt, view=0, cut=0, donor=None, plan=self.plan)
        self.ask(sync)
        for line in self.lines:
            line.hear(Synced)
        self.record = self.record.evolve(view=1, members=self.members, starter=0, phase=Phase.SEND)
        self.ask(Install(**self.said, record=self.record, elapsed=0.0))
        for line in self.lines:
            line.hear(Installed)
        self.lines[0].say(Kick(**self.said, view=1, elapsed=0.0))
        self.lines[0].hear(Kicked)

    def close(self, *, early: bool = False) -> list[ResultSaid]:
        """Wait for all to freeze, unless early; then close the view; the results, stored."""
        for line in [] if early else self.lines:
            line.hear(Frozen, self.plan.send + self.plan.grace + 10)
        self.attempt += 1
        self.ask(Wedge(**self.said, attempt=self.attempt, record=self.record, elapsed=0.0))
        wedged = [line.hear(Wedged) for line in self.lines]
        cut = max(each.held for each in wedged)
        donor = self.members[[each.held for each in wedged].index(cut)]
        sync = Sync(**self.said, attempt=self.attempt, view=1, cut=cut, donor=donor, plan=self.plan)
        self.ask(sync)
        folds: list[FoldValue] = [line.hear(Synced).fold for line in self.lines]
        assert len(set(folds)) == 1, folds
        record = self.record.evolve(view=2, cut=cut, fold=folds[0], closed=True, phase=Phase.STOP)
        self.ask(Close(**self.said, record=record))
        results = [line.hear(ResultSaid) for line in self.lines]
        self.ask(Stored(**self.said))
        return results

    def end(self) -> None:
        for child in self.children:
            child.end()
        for line in self.lines:
            line.sock.close()


@contextlib.contextmanager
def ring(folder: Path, plan: Plan, *, journal: Path | None = None) -> Iterator[Ring]:
    """A ring whose processes are gone afterwards, whatever happens."""
    made = Ring(folder, plan, journal=journal)
    try:
        yield made
    finally:
        made.end()
