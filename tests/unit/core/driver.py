"""Many cores in one thread: FIFO links, a seeded order of everything, and no I/O at all.

A `Driver` holds cores by name and lanes between them, one for each direction of a link. A step
delivers the first item of a lane drawn by the seed, or lets a slave take the turn that is due, and
moves the clock a little; with nothing to do the clock jumps to the next deadline. `rings` gives
slaves their commands by hand, `runs` puts masters, the record and a supervisor around them.

`ringrun.simulation` is another simulator, true to delays and clocks, which judges whole runs; this
one is for tests that move single cores by hand and want any order at all, however unlikely in time.
"""

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import Any, NamedTuple

from ringrun.core.errors import ProtocolError
from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.messages import Control, Heartbeat, Result
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Beat, Drop, Event, Exit, Finish, Links, Live, Send, StoodDown
from ringrun.core.record import Member
from ringrun.core.slave.slave import Slave

# Beside nodes there are the places where stores and the supervisor are.
Key = NodeId | str
Lane = tuple[Key, Key]
Act = Callable[[], None]


class Item(NamedTuple):
    """Something under way; `lossy` is gone when the link is reset."""

    number: int
    lossy: bool
    act: Act


class Node:
    """One process: a core, a clock of its own, what it wrote down, and its side of its links."""

    def __init__(self, key: Key, core: Any, offset: float) -> None:
        self.key = key
        self.core = core
        self.offset = offset
        self.alive = True
        self.asleep = False
        """Stopped for a while: it lives, and does nothing."""
        self.exit: Exit | None = None
        self.links: dict[Key, int] = {}
        """Which connection to this peer the core was last told of."""
        self.wanted: dict[Key, Member] = {}
        self.journal: list[bytes] = [MAGIC]
        self.encoder = Encoder()

    @property
    def due(self) -> float:
        """When the core wants to be woken, in the driver's time."""
        deadline: float = self.core.deadline
        return inf if self.asleep else deadline - self.offset

    @property
    def turn_at(self) -> float:
        """When the core wants its turn; never if none is due."""
        core = self.core
        if self.asleep or not isinstance(self.key, SlaveId) or not core.pending:
            return inf
        return core.pending_at - self.offset


class Driver:
    """`pace` is how many seconds each step takes. `fair`: all links are equally fast, no draws.

    `honest`: no core breaks a rule, so that a refusal is a bug, and raised.
    """

    def __init__(
        self, seed: int, *, pace: float = 2**-12, fair: bool = False, honest: bool = True
    ) -> None:
        self.random = Random(seed)
        self.fair = fair
        self.honest = honest
        self.pace = pace
        self.now = 0.0
        self.steps = 0
        self.nodes: dict[Key, Node] = {}
        self.dropped: list[Drop] = []
        self.results: dict[SlaveId, Result] = {}
        self.meta: dict[str, Any] = {}
        self._lanes: dict[Lane, deque[Item]] = {}
        self._full: list[Lane] = []
        self._hidden: set[Lane] = set()
        self.severed: set[frozenset[Key]] = set()
        """Between these no connection comes about any more."""
        self._connection: dict[frozenset[Key], int] = {}
        self._later: list[tuple[float, int, Act]] = []
        self._sequence = 0

    # Processes

    def add(self, key: Key, make: Callable[[float], Any]) -> Node:
        """A new process; `make` is given the time on its own clock, which is like no other's."""
        offset = 1024.0 * (len(self.nodes) + 1)
        node = Node(key, make(self.now + offset), offset)
        self.nodes[key] = node
        document = {**self.meta, "node": str(key), "clock": "driver"}
        node.journal.append(node.encoder.encode([(Note.META, document)], self.now))
        return node

    def slave(self, key: SlaveId) -> Slave:
        """The core of a slave."""
        core = self.nodes[key].core
        assert isinstance(core, Slave)
        return core

    def living(self) -> list[Node]:
        """In the order in which they were started."""
        return [node for node in self.nodes.values() if node.alive]

    def kill(self, key: Key) -> None:
        """As by SIGKILL: what it sent may arrive in part, then its links are reset."""
        self.end(self.nodes[key], whole=False)

    def end(self, node: Node, *, whole: bool = True) -> None:
        """A process is no more; what was sent to it is lost."""
        node.alive = False
        for lane in [*self._lanes]:
            if lane[1] == node.key:
                self._cut_short(lane, 0)
            elif lane[0] == node.key and isinstance(lane[1], NodeId | str) and not whole:
                self._cut_short(lane, self.random.randrange(len(self._lanes[lane]) + 1))
        for other in self.nodes.values():
            pair = frozenset((node.key, other.key))
            if other.alive and pair in self._connection:
                self._connection[pair] += 1
                self.post(node.key, other.key, self._down(other, node.key))
        self.ended(node)

    def ended(self, node: Node) -> None:
        """For whoever supervises."""

    def sleep(self, key: Key, seconds: float) -> None:
        """Stop a process for so long; what comes for it waits."""
        node = self.nodes[key]
        node.asleep = True
        self._hidden.update(lane for lane in self._lanes if lane[1] == key)

        def wake() -> None:
            node.asleep = False
            for lane in sorted(self._hidden, key=str):
                if lane[1] == key:
                    self._hidden.discard(lane)
                    if self._lanes[lane]:
                        self._full.append(lane)

        for lane in self._hidden:
            if lane in self._full:
                self._full.remove(lane)
        self.later(seconds, wake)

    def call(self, node: Node, function: Callable[..., None], *arguments: Any) -> None:
        """Let a core do something now, and take what it has to say."""
        if node.alive:
            function(*arguments, self.local(node))
            self.drain(node)

    def local(self, node: Node) -> float:
        """The time on its own clock."""
        return self.now + node.offset

    # Time

    def step(self) -> bool:
        """One thing happens; False if nothing ever will."""
        self.steps += 1
        while self._later and self._later[0][0] <= self.now:
            heappop(self._later)[2]()
        for node in self.living():
            while node.alive and node.due <= self.now:
                node.core.tick(self.local(node))
                assert node.due > self.now, f"{node.key} would never sleep"
                self.drain(node)
        turns = [node for node in self.living() if node.turn_at <= self.now]
        if not turns and not self._full:
            return self._jump()
        choice = self._choose(len(turns))
        if choice < len(turns):
            node = turns[choice]
            self.call(node, node.core.issue)
        else:
            lane = self._full[choice - len(turns)]
            items = self._lanes[lane]
            act = items.popleft().act
            if not items:
                self._full.remove(lane)
            act()
        self.now += self.pace
        return True

    def _choose(self, turns: int) -> int:
        """Which of the turns that are due and the lanes that have something is next."""
        if not self.fair:
            return self.random.randrange(turns + len(self._full))
        if turns:
            return 0
        oldest = min(self._full, key=lambda lane: self._lanes[lane][0].number)
        return self._full.index(oldest)

    def _jump(self) -> bool:
        times = [node.due for node in self.living()]
        times += [node.turn_at for node in self.living()]
        if self._later:
            times.append(self._later[0][0])
        to = min(times, default=inf)
        if to == inf:
            return False
        self.now = max(self.now + 2**-20, to)
        return True

    def run(self, until: float) -> None:
        """Let things happen up to this time."""
        while self.now < until and self.step():
            pass

    def later(self, delay: float, act: Act) -> None:
        """Have this done after so many seconds."""
        self._sequence += 1
        heappush(self._later, (self.now + delay, self._sequence, act))

    # Lanes

    def post(self, source: Key, target: Key, act: Act, *, lossy: bool = False) -> None:
        """Put this at the end of a lane; what is `lossy` is gone when the link is reset."""
        lane = (source, target)
        items = self._lanes.setdefault(lane, deque())
        if not items and not self._asleep(target):
            self._full.append(lane)
        elif not items:
            self._hidden.add(lane)
        self._sequence += 1
        items.append(Item(self._sequence, lossy, act))

    @property
    def silent(self) -> bool:
        """Whether nothing is under way and no turn is due."""
        return not self._full and all(node.turn_at == inf for node in self.living())

    def _asleep(self, key: Key) -> bool:
        return key in self.nodes and self.nodes[key].asleep

    def _cut_short(self, lane: Lane, keep: int) -> None:
        items = self._lanes[lane]
        while len(items) > keep:
            items.pop()
        if not items and lane in self._full:
            self._full.remove(lane)

    # Links

    def connect(self, one: Key, other: Key) -> None:
        """A new connection: each side is told when it comes to it."""
        pair = frozenset((one, other))
        if pair in self.severed:
            return
        number = self._connection[pair] = self._connection.get(pair, 0) + 1
        for mine, yours in ((one, other), (other, one)):
            self.post(yours, mine, self._up(self.nodes[mine], yours, number))

    def cut(self, one: Key, other: Key, *, downtime: float | None = 0.0) -> None:
        """Reset the link: what is under way is lost. Connected anew after the downtime, if any."""
        pair = frozenset((one, other))
        if pair not in self._connection:
            return
        self._connection[pair] += 1
        for lane in ((one, other), (other, one)):
            items = self._lanes.setdefault(lane, deque())
            kept = [item for item in items if not item.lossy]
            items.clear()
            items.extend(kept)
            if not items and lane in self._full:
                self._full.remove(lane)
            self.post(*lane, self._down(self.nodes[lane[1]], lane[0]))
        if downtime is not None:
            number = self._connection[pair]
            self.later(downtime, lambda: self._redial(one, other, number))

    def sever(self, one: Key, other: Key) -> None:
        """Reset the link, for good."""
        self.severed.add(frozenset((one, other)))
        self.cut(one, other, downtime=None)

    def close(self, one: Key, other: Key) -> None:
        """End a link in good order: what this side has said still arrives there."""
        self._connection[frozenset((one, other))] += 1
        for source, target in ((one, other), (other, one)):
            self.post(source, target, self._down(self.nodes[target], source))

    def _redial(self, one: Key, other: Key, number: int) -> None:
        alive = self.nodes[one].alive and self.nodes[other].alive
        if alive and self._connection[frozenset((one, other))] == number:
            self.connect(one, other)

    def _up(self, node: Node, peer: Key, number: int) -> Act:
        def act() -> None:
            if node.alive and number == self._connection[frozenset((node.key, peer))]:
                node.links[peer] = number
                self.call(node, node.core.link_up, peer)

        return act

    def _down(self, node: Node, peer: Key) -> Act:
        def act() -> None:
            if node.links.pop(peer, None) is not None:
                self.call(node, node.core.link_down, peer)

        return act

    def is_up(self, node: Node, peer: Key) -> bool:
        """Whether what this side sends now can arrive."""
        number = self._connection.get(frozenset((node.key, peer)))
        return number is not None and node.links.get(peer) == number

    # What cores say

    def drain(self, node: Node) -> None:
        """Notes are written down, then frames leave, then everything else."""
        core = node.core
        if core.notes:
            node.journal.append(node.encoder.encode(core.notes, self.now))
            core.notes.clear()
        if isinstance(node.key, SlaveId) and core.frames:
            frames = core.frames[:]
            core.frames.clear()
            for ordinals, parts in frames:
                for ordinal in ordinals:
                    self.send_frame(node, ordinal, b"".join(parts))
        while core.outputs and node.alive:
            self.put_out(node, core.outputs.pop(0))

    def send_frame(self, node: Node, ordinal: int, frame: bytes) -> None:
        """To the one with this ordinal whom the sender wants a link to, or to its own inbox."""
        assert isinstance(node.key, SlaveId)
        if ordinal == node.key.ordinal:
            self.post(node.key, node.key, lambda: self.take_frame(node, ordinal, frame))
            return
        key = next(
            (each for each in node.wanted if isinstance(each, SlaveId) and each.ordinal == ordinal),
            None,
        )
        peer = self.nodes.get(key) if key is not None else None
        if peer is not None and self.is_up(node, peer.key):
            source = node.key.ordinal
            view = memoryview(frame)
            act = lambda: self.take(peer, node.key, peer.core.data, source, view)  # noqa: E731
            self.post(node.key, peer.key, act, lossy=True)

    def take_frame(self, node: Node, source: int, frame: bytes) -> None:
        """A data frame has arrived."""
        if node.alive:
            node.core.data(source, memoryview(frame), self.local(node))
            self.drain(node)

    def take(self, node: Node, source: Key, function: Callable[..., None], *what: Any) -> None:
        """Something has come over a link; what is against the rules costs the link."""
        try:
            self.call(node, function, *what)
        except ProtocolError:
            if self.honest:
                raise
            self.drain(node)
            self.cut(source, node.key, downtime=None)

    def put_out(self, node: Node, output: Any) -> None:
        """Do what a core asks for."""
        if isinstance(output, Send):
            self.send(node, output.to, output.message)
        elif isinstance(output, Beat):
            for peer in output.to:
                self.send(node, peer, Heartbeat())
        elif isinstance(output, Links):
            self.want(node, output.wanted)
        elif isinstance(output, Finish):
            self.post(node.key, "disk", lambda: self._keep(node, output.result))
        elif isinstance(output, Exit):
            node.exit = output
            self.end(node)
        elif isinstance(output, Drop):
            self.dropped.append(output)
            self.cut(node.key, output.peer)
        else:
            assert isinstance(output, StoodDown | Event | Live), (
                f"the driver does not know {output}"
            )

    def send(self, node: Node, to: Key, message: Control) -> None:
        """A control message; lost if there is no link."""
        peer = self.nodes.get(to)
        if peer is not None and self.is_up(node, to):
            act = lambda: self.take(peer, node.key, peer.core.receive, node.key, message)  # noqa: E731
            self.post(node.key, to, act, lossy=True)

    def want(self, node: Node, wanted: Iterable[Member]) -> None:
        """The lower ordinal dials the higher, masters dial slaves."""
        before = node.wanted
        node.wanted = {member.node: member for member in wanted}
        for key in node.wanted:
            peer = self.nodes.get(key)
            dials = not isinstance(node.key, SlaveId) or node.key < key
            if dials and peer is not None and peer.alive and key not in node.links:
                self.connect(node.key, key)
        for key in before.keys() - node.wanted.keys():
            if key in node.links and (not isinstance(node.key, SlaveId) or node.key < key):
                self.close(node.key, key)

    def _keep(self, node: Node, result: Result) -> None:
        assert isinstance(node.key, SlaveId)
        if node.alive:
            self.results[node.key] = result
            self.call(node, node.core.finish, result)

    def journals(self) -> dict[str, bytes]:
        """As `ringrun.verify` takes them."""
        return {str(key): b"".join(node.journal) for key, node in self.nodes.items()}
