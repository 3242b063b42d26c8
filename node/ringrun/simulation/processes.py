"""Processes of the simulation: a core with a clock of its own, which can be paused, slow or dead.

`Process` does for a core what the runtime's loop does on a real machine: deadlines are looked at
before every message, everything that has arrived is handled before a turn is issued, notes are
written before anything leaves. `slaves` and `masters` have what is theirs alone. Built and driven
by `world`, disturbed by `faults`.
"""

from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING, Any

from ringrun.core.errors import ProtocolError
from ringrun.core.journal_bytes import MAGIC, encode
from ringrun.core.messages import Heartbeat
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Beat, Drop, Exit, Links, Say, Send
from ringrun.core.record import Member
from ringrun.simulation.links import Lane, Link

if TYPE_CHECKING:
    from ringrun.core.master.master import Master
    from ringrun.core.slave.slave import Slave
    from ringrun.simulation.world import World

Key = NodeId


_BEAT = Heartbeat()


class Process:
    """What slaves and masters have in common. `key` names it for good: a restart is another."""

    core: "Slave | Master"

    def __init__(self, world: "World", key: Key) -> None:
        self.world = world
        self.key = key
        self.name = str(key)
        self.alive = True
        self.paused = 0
        self.cost = 0.0
        """Seconds of work for each message; more than zero makes the process slow."""
        self.links: dict[Key, Link] = {}
        self.wanted: frozenset[Key] = frozenset()
        self.exit_code: int | None = None
        self.rate, self.offset = world.clock_of(self)
        self.journal = [MAGIC, encode([(Note.META, self._meta())], self.offset)]
        self._busy_until = 0.0
        self._last_local = -inf
        self._awake_from = inf
        self._backlog: list[tuple[Any, tuple[Any, ...]]] = []
        self._wake_at = inf

    def _meta(self) -> dict[str, Any]:
        spec = self.world.case.spec
        return {
            "run": spec.name,
            "node": self.name,
            "role": "master" if isinstance(self.key, MasterId) else "slave",
            "ordinal": int(self.name[1:].partition("-")[0]),
            "incarnation": int(self.name.partition("-")[2]),
            "nodes": spec.nodes,
            "seed": spec.seed,
            "model": str(spec.model),
            "send": spec.send,
            "grace": spec.grace,
            "clock": "simulated" if self.world.case.same_clock else "",
        }

    # Time.

    def local(self) -> float:
        """This process's monotonic clock."""
        now = self.offset + self.rate * self.world.clock.now
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
            self.world.clock.at(time, self._wake, time)

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

    def call(self, function: Any, *arguments: Any) -> None:
        """Do this when the process runs: now, or after its pause."""
        if not self.alive:
            return
        if self.paused:
            self._backlog.append((function, arguments))
        else:
            function(*arguments)

    def take(self, sender: "Process", lane: Lane, number: int, payload: Any) -> None:
        """A message has arrived; it is handled when the process comes to it."""
        if not self.alive:
            return
        if self.paused:
            self._backlog.append((self._read, (sender, lane, number, payload)))
        elif self.cost:
            clock = self.world.clock
            self._busy_until = max(self._busy_until, clock.now) + self.cost
            clock.at(self._busy_until, self.call, self._read, sender, lane, number, payload)
        else:
            self._handle(sender, lane, payload)

    def _read(self, sender: "Process", lane: Lane, number: int, payload: Any) -> None:
        """Later; by then the connection may have ended, and what was unread with it."""
        if self.alive and lane.readable(number):
            self._handle(sender, lane, payload)

    def _handle(self, sender: "Process", lane: Lane, payload: Any) -> None:
        now = self.local()
        core = self.core
        world = self.world
        if now >= core.deadline and not self.ticked(now):
            return
        if type(payload) is Heartbeat:
            world.heartbeats += 1
        else:
            world.deliveries += 1
            if world.trace is not None:
                world.trace.delivered(sender, self, payload)
        try:
            if type(payload) is bytes:
                core.data(sender.key.ordinal, memoryview(payload), now)  # type: ignore[union-attr]
            else:
                core.receive(sender.key, payload, now)  # type: ignore[arg-type]
        except ProtocolError as error:
            self.drain(now)
            world.refused(self, sender, payload, str(error))
            lane.link.reset(self)
            return
        self.drain(now)
        if self.alive:
            self._after(now)

    def _after(self, now: float) -> None:
        self._rearm()

    def link_up(self, peer: "Process") -> None:
        self.call(self._linked, peer, True)

    def link_down(self, peer: "Process") -> None:
        self.call(self._linked, peer, False)

    def _linked(self, peer: "Process", up: bool) -> None:
        if not self.alive:
            return
        if self.world.trace is not None:
            self.world.trace.happened(f"{self.name} link to {peer.name} {'up' if up else 'down'}")
        now = self.local()
        if up:
            self.core.link_up(peer.key, now)  # type: ignore[arg-type]
        else:
            self.core.link_down(peer.key, now)  # type: ignore[arg-type]
        self.drain(now)
        if self.alive:
            self._after(now)

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
        self.journal.append(encode(notes, now))
        if self.world.trace is not None:
            self.world.trace.noted(self, notes)
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
                self.world.clock.after(0.0, link.close, self)
        elif kind is Exit:
            self.world.exited(self, output.code, output.reason)
        elif kind is Say and self.world.trace is not None:
            self.world.trace.said(self, output.text)

    def send(self, to: Key, message: Any) -> None:
        link = self.links.get(to)
        if link is None:
            return
        lane = link.lanes[0] if link.dialler is self else link.lanes[1]
        hook = self.world.hook
        if hook is None or hook(self, lane, message):
            lane.send(message)

    # Links.

    def wants(self, peer: "Process") -> bool:
        return peer.key in self.wanted

    def dials(self, key: Key) -> bool:
        """Whether it is this side of the link that dials."""
        raise NotImplementedError

    def want(self, members: Iterable[Member]) -> None:
        """Have these links from now on, and end the others that this side dialled."""
        world = self.world
        before = self.wanted
        wanted = [SlaveId(member.ordinal, member.incarnation) for member in members]
        self.wanted = frozenset(wanted)
        for key in wanted:
            if self.dials(key):
                link = world.link(self, key)
                if link is not None:
                    link.want()
        for gone in sorted(before - self.wanted, key=str):
            link = self.links.get(gone)
            if link is not None and link.dialler is self:
                world.clock.after(0.0, self._end_unwanted, link)

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
