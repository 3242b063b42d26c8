"""The three runners of a slave, each made to run a puppet between two neighbours.

A runner's own code is as it is; what stands around it is the test's: real sockets and a real
journal for the loop, surroundings with a virtual clock for the simulation, lanes for the driver.
Frames and messages are seen where they leave, notes where they are kept.
"""

import contextlib
import io
import os
import re
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from random import Random
from typing import Any

from commanding import RUN, TOKEN, Line
from driver import Driver, Key, Node
from puppet import GIVE_UP, LEFT, ME, RIGHT, UP, Act, Framed, Item, Noted, Puppet, Said, Seen

from ringrun.core.messages import Control, Fetch, Result
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.record import Member
from ringrun.core.ring.ring import Frames
from ringrun.runtime.journal import Journal
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.listening import listen
from ringrun.runtime.log import Log
from ringrun.runtime.slave.loop import SlaveLoop
from ringrun.runtime.slave.outlet import Outlet
from ringrun.runtime.slave.process import SlaveSetting, keeper
from ringrun.runtime.slave.waking import Waking
from ringrun.runtime.wire.frames import FrameKind, data_preamble, decode_control, encode_control
from ringrun.runtime.wire.handshake import Identity
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.clock import Clock
from ringrun.simulation.links import End, Lane, Link
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.stores import Store

NEIGHBOURS = (LEFT, RIGHT)
_MEMBERS = tuple(Member(ordinal=each.ordinal, incarnation=1) for each in NEIGHBOURS)


def noted(records: bytes) -> list[Noted]:
    """The puppet's notes among these bytes of a journal."""
    return [Noted(number=int(each)) for each in re.findall(rb'"puppet":(\d+)', records)]


def left(item: Item) -> Framed | Said:
    """What of the puppet's this is."""
    if isinstance(item, Fetch):
        return Said(number=item.epoch)
    assert isinstance(item, bytes)
    return Framed(number=int(item.removeprefix(b"frame ")))


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError("the loop did not end")


class Disk(list[bytes]):
    """A journal in memory that tells when something is written."""

    def __init__(self, seen: Seen, begun: Iterable[bytes]) -> None:
        super().__init__(begun)
        self._seen = seen

    def append(self, records: bytes) -> None:
        self._seen += noted(records)
        super().append(records)


class SpiedJournal(Journal):
    """A real one. What has left before it is written comes before it in what was seen."""

    def __init__(self, path: Path, seen: Seen, look: Callable[[], None]) -> None:
        super().__init__(path, {})
        self._path = path
        self._seen = seen
        self._look = look
        self._size = path.stat().st_size

    def write(self, notes: Iterable[tuple[Any, ...]], now: float) -> None:
        self._look()
        super().write(notes, now)
        records = self._path.read_bytes()
        self._seen += noted(records[self._size :])
        self._size = len(records)


class Loop:
    """The slave's loop: real sockets on loopback, a real handshake, files."""

    late = inf
    folds = True

    def __init__(self, folder: Path, script: dict[str, Act]) -> None:
        self.seen: Seen = []
        self._folder = folder
        self._sent = 0
        self._lines: dict[SlaveId, Line] = {}
        self._dialling: dict[SlaveId, threading.Thread] = {}
        self._before = signal.getsignal(signal.SIGTERM)
        self._poll = select.epoll()
        listener = listen("127.0.0.1", 0)
        self._port = listener.getsockname()[1]
        log = Log("test", stream=io.StringIO())
        name = Name(run=RUN, node=ME)
        self._connections = Connections(
            poll=self._poll, listener=listener, name=name, token=TOKEN, log=log
        )
        self._waking = Waking(self._poll, None)
        self.puppet = Puppet(time.monotonic(), self, script)
        self._journal = SpiedJournal(folder / "s2-1.journal", self.seen, self._look)
        setting = SlaveSetting(name=name, token=TOKEN, title="slave 2", results=folder)
        outlet = Outlet(
            self.puppet, self._connections, journal=self._journal, log=log, keep=keeper(setting)
        )
        self.loop = SlaveLoop(
            core=self.puppet, connections=self._connections, outlet=outlet, waking=self._waking
        )

    def members(self) -> tuple[Member, ...]:
        return _MEMBERS

    def run(self) -> int:
        # A loop that never calls `tick` would wait for ever.
        before = signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, 2 * GIVE_UP)
        try:
            for peer in NEIGHBOURS:
                self.dial(peer)
            code = self.loop.run()
            assert isinstance(code, int)
            self._look()
            return code
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self._end()

    def send(self, peer: SlaveId, *items: Item) -> float:
        frames = b""
        for item in items:
            data = isinstance(item, bytes)
            frames += data_preamble((item,)) + item if data else encode_control(item)  # type: ignore[operator, arg-type]
        self._line(peer).sock.sendall(frames)
        self._sent += len(items)
        return time.monotonic()

    def reset(self, peer: SlaveId) -> None:
        line = self._line(peer)
        # Closed so, it says RST and not FIN.
        line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sock.close()
        del self._lines[peer]

    def dial(self, peer: SlaveId) -> None:
        def connect() -> None:
            member = Member(ordinal=2, incarnation=1, host="127.0.0.1", port=self._port)
            line = self._lines[peer] = Line(member, me=Identity.slave(peer))
            line.sock.sendall(data_preamble((UP,)) + UP)

        self._dialling[peer] = threading.Thread(target=connect)
        self._dialling[peer].start()

    def terminate(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def hang_up(self) -> None:
        for peer in list(self._dialling):
            with contextlib.suppress(KeyError, OSError):
                self._line(peer).sock.shutdown(socket.SHUT_WR)

    def waiting(self) -> int:
        return self._sent - self.puppet.given

    def is_kept(self) -> bool:
        return (self._folder / "s2-1.json").exists() and "count 3 sum " in self.printed

    @property
    def printed(self) -> str:
        assert isinstance(sys.stdout, io.StringIO)
        return sys.stdout.getvalue()

    def _line(self, peer: SlaveId) -> Line:
        """Its end of the link, which is there once the loop has said that the link is up."""
        self._dialling[peer].join(10)
        return self._lines[peer]

    def _look(self) -> None:
        """Take what has arrived at RIGHT by now."""
        line = self._lines.get(RIGHT)
        if line is None:
            return
        decoder = line.decoder
        while select.select([line.sock], [], [], 0)[0]:
            count = line.sock.recv_into(decoder.space())
            if not count:
                return
            for kind, body in decoder.received(count):
                item = bytes(body) if kind == FrameKind.DATA else decode_control(body)
                self.seen.append(left(item))

    def _end(self) -> None:
        self._waking.close()
        signal.signal(signal.SIGTERM, self._before)
        for thread in self._dialling.values():
            thread.join(10)
        for line in self._lines.values():
            line.sock.close()
        for link in list(self._connections.by_fd.values()):
            self._connections.close(link, "", 0.0)
        self._journal.close()
        self._poll.close()


@dataclass
class Neighbour:
    """One end of links of the simulation, of which the test is the other side."""

    key: NodeId
    links: dict[NodeId, Link] = field(default_factory=dict)
    wanted: bool = True
    alive = True
    paused = 0

    @property
    def name(self) -> str:
        return str(self.key)

    def wants(self, peer: End) -> bool:
        return self.wanted

    def link_up(self, peer: End) -> None:
        link = self.links[peer.key]
        link.lane_from(self).send(UP)

    def link_down(self, peer: End) -> None:
        pass

    def take(self, sender: End, lane: Lane, number: int, payload: Any) -> None:
        pass


class Even(Random):
    """No chance: times are exact as doubles, so that things happen at the very same time."""

    def random(self) -> float:
        return 0.5


class Simulated:
    """A process of the simulation, which has this around it."""

    late = 1e-9
    folds = True
    delay = 2**-8

    trace = None
    calm = True

    def __init__(self, folder: Path, script: dict[str, Act]) -> None:
        self.seen: Seen = []
        self.case = Case(seed=0, spec=make_spec(), turn=2**-9, disk=2**-10)
        self.clock = Clock()
        self.draw = Even()
        self.record, self.report = Store(0, None), Store(0, None)
        self._code: int | None = None
        self._arrivals: list[float] = []
        self.process = SlaveProcess(self, ME)
        self.puppet = Puppet(self.process.local(), self, script)
        self.process.core = self.puppet
        self.process.journal = Disk(self.seen, self.process.journal)
        self.neighbours: dict[NodeId, Neighbour] = {key: Neighbour(key) for key in NEIGHBOURS}

    def members(self) -> tuple[Member, ...]:
        return _MEMBERS

    def run(self) -> int:
        self.process.start()
        for neighbour in self.neighbours.values():
            link = Link(self.clock, self.draw, neighbour, self.process, self.delay, 0.0)
            neighbour.links[ME] = self.process.links[neighbour.key] = link
            self.dial(neighbour.key)
        while self._code is None:
            assert self.clock.step()
        self.clock.run(self.clock.now + 1.0)
        return self._code

    def send(self, peer: SlaveId, *items: Item) -> float:
        neighbour = self.neighbours[peer]
        for item in items:
            neighbour.links[ME].lane_from(neighbour).send(item)
            self._arrivals.append(self.clock.now + self.delay)
        return self.process.local() + self.delay

    def reset(self, peer: SlaveId) -> None:
        neighbour = self.neighbours[peer]
        neighbour.wanted = False
        neighbour.links[ME].reset(neighbour)

    def dial(self, peer: NodeId) -> None:
        neighbour = self.neighbours[peer]
        neighbour.wanted = True
        link = neighbour.links[ME]
        link.retry = 2**-6
        link.want()

    def terminate(self) -> None:
        self.clock.at(self.clock.now, self.process.call, self.process.leave)

    def hang_up(self) -> None:
        pass

    def waiting(self) -> int:
        arrived = sum(time <= self.clock.now for time in self._arrivals)
        return arrived - self.puppet.given

    def is_kept(self) -> bool:
        return self.process.result is not None

    # Surroundings of the process.

    def hook(self, lane: Lane, message: Any) -> bool:
        if lane.receiver.key == RIGHT and lane.back.number:
            self.seen.append(left(message))
        return True

    def clock_of(self) -> tuple[float, float]:
        return 1.0, 128.0

    def link(self, dialler: End, key: NodeId) -> Link | None:
        raise AssertionError("the puppet dials nobody")

    def exited(self, node: NodeId, code: int, reason: str) -> None:
        self._code = code
        self.process.end(killed=False)

    def kept(self, slave: SlaveId, result: Result) -> None:
        pass

    def breach(self, text: str) -> None:
        raise AssertionError(text)

    def refused(self, node: str, sender: str, payload: Any, reason: str) -> None:
        pass


class Silent:
    """The core of a neighbour of the driver's: it says UP, and nothing else."""

    deadline = inf
    pending = False

    def __init__(self) -> None:
        self.notes: list[tuple[object, ...]] = []
        self.frames: Frames = []
        self.outputs: list[object] = []

    def data(self, src: int, frame: memoryview, now: float) -> None:
        pass

    def receive(self, src: NodeId, message: Control, now: float) -> None:
        pass

    def link_up(self, peer: NodeId, now: float) -> None:
        self.frames.append(((ME.ordinal,), (UP,)))

    def link_down(self, peer: NodeId, now: float) -> None:
        pass


class SpiedDriver(Driver):
    """Tells what the puppet sends, when it does."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(0, honest=False)
        self._seen = seen

    def send_frame(self, node: Node, ordinal: int, frame: bytes) -> None:
        if (node.key, ordinal) == (ME, RIGHT.ordinal):
            self._seen.append(left(frame))
        super().send_frame(node, ordinal, frame)

    def send(self, node: Node, to: Key, message: Control) -> None:
        if (node.key, to) == (ME, RIGHT):
            self._seen.append(left(message))
        super().send(node, to, message)


class Driven:
    """The tests' driver. What lies in a lane has not arrived: it is for any order at all."""

    late = 2**-12
    folds = False

    def __init__(self, folder: Path, script: dict[str, Act]) -> None:
        self.seen: Seen = []
        self.driver = driver = SpiedDriver(self.seen)
        self.node = driver.add(ME, lambda now: Puppet(now, self, script))
        self.puppet: Puppet = self.node.core
        self.node.journal = Disk(self.seen, self.node.journal)
        for peer in NEIGHBOURS:
            driver.add(peer, lambda now: Silent())

    def members(self) -> tuple[Member, ...]:
        return _MEMBERS

    def run(self) -> int:
        driver = self.driver
        driver.drain(self.node)
        for peer in NEIGHBOURS:
            driver.want(driver.nodes[peer], [Member(ordinal=2, incarnation=1)])
        driver.run(60.0)
        assert self.node.exit is not None
        return self.node.exit.code

    def send(self, peer: SlaveId, *items: Item) -> float:
        driver = self.driver
        for item in items:
            if isinstance(item, bytes):
                driver.send_frame(driver.nodes[peer], ME.ordinal, item)
            else:
                driver.send(driver.nodes[peer], ME, item)
        return driver.local(self.node) + driver.pace

    def reset(self, peer: SlaveId) -> None:
        self.driver.cut(peer, ME, downtime=None)

    def dial(self, peer: SlaveId) -> None:
        self.driver.connect(peer, ME)

    def terminate(self) -> None:
        node = self.node
        self.driver.post("supervisor", ME, lambda: self.driver.call(node, node.core.leave))

    def hang_up(self) -> None:
        pass

    def waiting(self) -> int:
        return 0

    def is_kept(self) -> bool:
        return ME in self.driver.results


RUNNERS = {"loop": Loop, "simulation": Simulated, "driver": Driven}
