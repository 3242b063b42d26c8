"""Processes of the simulation: a core with a clock of its own, which can be paused, slow or dead.

`Process` does for a core what the runtime's loop does on a real machine: deadlines are looked at
before every message, everything that has arrived is handled before a turn is issued, notes are
written before anything leaves. `slave` and `master` have what is theirs alone. Around it is what
`surroundings` lists. Started by the supervisor, disturbed by `faults`.
"""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from ringrun.core.errors import ProtocolError
from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.messages import Heartbeat
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Beat, Drop, Exit, Links, Send
from ringrun.core.record import Member
from ringrun.core.runner import Core
from ringrun.simulation.links import End, Lane, Link
from ringrun.simulation.process.surroundings import Surroundings

_BEAT = Heartbeat()


class Process:
    """What slaves and masters have in common. `key` names it for good: a restart is another."""

    core: Core

    def __init__(self, around: Surroundings, key: NodeId) -> None:
        self.around = around
        self.key = key
        self.name = str(key)
        self.alive = True
        self.paused = 0
        self.cost = 0.0
        """Seconds of work for each message; more than zero makes the process slow."""
        self.links: dict[NodeId, Link] = {}
        self.wanted: frozenset[NodeId] = frozenset()
        self.exit_code: int | None = None
        self.deliveries = 0
        self.heartbeats = 0
        self.rate, self.offset = around.clock_of()
        self._encoder = Encoder(around.case.spec.seed)
        meta = [(Note.META, self._meta())]
        self.journal = [MAGIC, self._encoder.encode(meta, self.offset)]
        self._busy_until = 0.0
        self._last_local = -inf
        self._awake_from = inf
        self._backlog: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._wake_at = inf

    def _meta(self) -> dict[str, Any]:
        key, spec = self.key, self.around.case.spec
        return {
            "run": spec.name,
            "node": self.name,
            "role": "master" if isinstance(key, MasterId) else "slave",
            "ordinal": key.number if isinstance(key, MasterId) else key.ordinal,
            "incarnation": key.incarnation,
            "nodes": spec.nodes,
            "seed": spec.seed,
            "model": str(spec.model),
            "send": spec.send,
            "grace": spec.grace,
            "clock": "simulated" if self.around.case.same_clock else "",
        }

    # Time.

    def local(self) -> float:
        """This process's monotonic clock."""
        now = self.offset + self.rate * self.around.clock.now
        if now < self._last_local:
            return self._last_local
        self._last_local = now
        return now

    def true(self, local: float) -> float:
        """The true time at which the own clock shows this."""
        return (local - self.offset) / self.rate

    def _rearm(self) -> None:
        deadline = self.core.deadline
        if deadline < self._awake_from - 1e-9:
            self._awake_from = deadline
            self._wake_at = time = (deadline - self.offset) / self.rate
            self.around.clock.at(time, self._wake, time)

    def _wake(self, time: float) -> None:
        if time != self._wake_at or not self.alive:
            return
        self._wake_at = self._awake_from = inf
        if self.paused:
            self._backlog.append((self._tick_if_due, ()))
            return
        self._tick_if_due()

    def ticked(self, now: float) -> bool:
        """Do what is due; whether the process still lives after that."""
        self.core.tick(now)
        self.drain(now)
        return self.alive

    def _tick_if_due(self) -> None:
        now = self.local()
        # The way to true time and back may lose the last bit.
        if now >= self.core.deadline - 1e-9:
            self._last_local = now = max(now, self.core.deadline)
            self.core.tick(now)
            self.drain(now)
        if self.alive:
            self._rearm()

    # What comes in.

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Do this when the process runs: now, or after its pause."""
        if not self.alive:
            return
        if self.paused:
            self._backlog.append((function, arguments))
        else:
            function(*arguments)

    def take(self, sender: End, lane: Lane, number: int, payload: Any) -> None:
        """A message has arrived; it is handled when the process comes to it."""
        if not self.alive:
            return
        if self.paused:
            self._backlog.append((self._read, (sender, lane, number, payload)))
        elif self.cost:
            clock = self.around.clock
            self._busy_until = max(self._busy_until, clock.now) + self.cost
            clock.at(self._busy_until, self.call, self._read, sender, lane, number, payload)
        else:
            self._handle(sender, lane, payload)

    def _read(self, sender: End, lane: Lane, number: int, payload: Any) -> None:
        """Later; by then the connection may have ended, and what was unread with it."""
        if self.alive and lane.readable(number):
            self._handle(sender, lane, payload)

    def _handle(self, sender: End, lane: Lane, payload: Any) -> None:
        now = self.local()
        if now >= self.core.deadline and not self.ticked(now):
            return
        if type(payload) is Heartbeat:
            self.heartbeats += 1
        else:
            self.deliveries += 1
            trace = self.around.trace
            if trace is not None:
                trace.delivered(sender.name, self.name, payload)
        try:
            self.give(sender.key, payload, now)
        except ProtocolError as error:
            self.drain(now)
            self.around.refused(self.name, sender.name, payload, str(error))
            lane.link.reset(self)
            return
        self.drain(now)
        if self.alive:
            self._after(now)

    def _after(self, now: float) -> None:
        self._rearm()

    def give(self, sender: NodeId, payload: Any, now: float) -> None:
        """Hand a message to the core. ProtocolError: it is against the rules."""
        raise NotImplementedError

    def link_up(self, peer: End) -> None:
        self.call(self._linked, peer, True)

    def link_down(self, peer: End) -> None:
        self.call(self._linked, peer, False)

    def _linked(self, peer: End, up: bool) -> None:
        if not self.alive:
            return
        trace = self.around.trace
        if trace is not None:
            trace.did(self.name, f"link to {peer.name} {'up' if up else 'down'}")
        now = self.local()
        if now >= self.core.deadline and not self.ticked(now):
            return
        self.tell_link(peer.key, up, now)
        self.drain(now)
        if self.alive:
            self._after(now)

    def tell_link(self, peer: NodeId, up: bool, now: float) -> None:
        """Tell the core that the link to this node has come up or gone down."""
        raise NotImplementedError

    # What goes out.

    def drain(self, now: float) -> None:
        """Let out what the core has to say, notes first."""
        core = self.core
        if core.notes:
            self.write_down(now)
        if core.outputs:
            outputs = core.outputs[:]
            core.outputs.clear()
            for output in outputs:
                if self.alive:
                    self.put_out(output, now)

    def write_down(self, now: float) -> None:
        """Keep the notes, as a journal in memory."""
        notes = self.core.notes
        self.journal.append(self._encoder.encode(notes, now))
        trace = self.around.trace
        if trace is not None:
            trace.noted(self.name, notes)
        notes.clear()

    def put_out(self, output: Any, now: float) -> None:
        kind = type(output)
        if kind is Send:
            self.send(output.to, output.message)
        elif kind is Beat:
            for peer in output.to:
                self.send(peer, _BEAT)
        elif kind is Links:
            self.want(output.wanted)
        elif kind is Drop:
            link = self.links.get(output.peer)
            if link is not None:
                self.around.clock.after(0.0, link.close, self)
        elif kind is Exit:
            self.exit_code = output.code
            self.around.exited(self.key, output.code, output.reason)

    def send(self, to: NodeId, message: Any) -> None:
        link = self.links.get(to)
        if link is None:
            return
        lane = link.lanes[0] if link.dialler is self else link.lanes[1]
        hook = self.around.hook
        if hook is None or hook(lane, message):
            lane.send(message)

    # Links.

    def wants(self, peer: End) -> bool:
        return peer.key in self.wanted

    def dials(self, key: NodeId) -> bool:
        """Whether it is this side of the link that dials."""
        raise NotImplementedError

    def want(self, members: Iterable[Member]) -> None:
        """Have these links from now on, and end the others that this side dialled."""
        around = self.around
        before = self.wanted
        wanted = [SlaveId(member.ordinal, member.incarnation) for member in members]
        self.wanted = frozenset(wanted)
        for key in wanted:
            if self.dials(key):
                link = around.link(self, key)
                if link is not None:
                    link.want()
        for gone in sorted(before - self.wanted, key=str):
            link = self.links.get(gone)
            if link is not None and link.dialler is self:
                around.clock.after(0.0, self._end_unwanted, link)

    def _end_unwanted(self, link: Link) -> None:
        if self.alive and not self.wants(link.accepter):
            link.close(self)

    # Faults.

    def pause(self) -> None:
        self.paused += 1

    def resume(self) -> None:
        """Go on; what came meanwhile is handled now, deadlines first."""
        self.paused -= 1
        if self.paused or not self.alive:
            return
        self._wake_at = self._awake_from = inf
        backlog, self._backlog = self._backlog, []
        self._tick_if_due()
        for function, arguments in backlog:
            if self.alive:
                function(*arguments)

    def end(self, *, killed: bool) -> None:
        """The process is gone, and what it had in memory with it."""
        self.alive = False
        self._backlog.clear()
        for link in self.links.values():
            if killed:
                link.reset(self)
            else:
                link.close(self)
