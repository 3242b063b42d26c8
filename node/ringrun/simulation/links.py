"""Connections between two processes: delays, FIFO in each direction, resets and partitions.

A `Link` is all connections that two processes ever have with each other, one at a time; `Lane` is
one direction of it. As with TCP, a partition loses nothing by itself: what is sent into it comes
when it heals, unless the connection was reset meanwhile. An `End` is a process, of which no more is
known here than this; `faults` resets and partitions. Nobody here looks into a message.
"""

from random import Random
from typing import Any, Protocol

from ringrun.core.node import NodeId
from ringrun.simulation.clock import Clock

UP, DOWN, CLOSED = "up", "down", "closed"
_FIRST_RETRY, _LAST_RETRY = 0.02, 0.5


class End(Protocol):
    """What a link asks of the processes that it connects."""

    @property
    def key(self) -> NodeId: ...

    @property
    def name(self) -> str: ...

    @property
    def alive(self) -> bool: ...

    @property
    def paused(self) -> int:
        """More than zero while it does not run: it dials nobody."""

    @property
    def links(self) -> "dict[NodeId, Link]":
        """All that it ever had, by who is at the other end."""

    def wants(self, peer: "End") -> bool:
        """Whether the link is wanted; asked of the dialler."""

    def link_up(self, peer: "End") -> None:
        """A connection to this one has come up."""

    def link_down(self, peer: "End") -> None:
        """It has ended, and what was unread is lost."""

    def take(self, sender: "End", lane: "Lane", number: int, payload: Any) -> None:
        """A message has arrived; whoever handles it later asks `lane.readable(number)` first."""


class Lane:
    """One direction. `number` is the connection that `receiver` last saw come up, 0 if none.

    `held` has arrived in a partition, oldest first; while it has anything, whatever else arrives
    comes after it.
    """

    __slots__ = (
        "back",
        "blocked",
        "delay",
        "held",
        "jitter",
        "last",
        "link",
        "number",
        "receiver",
        "sender",
    )

    def __init__(self, link: "Link", sender: End, receiver: End) -> None:
        self.link = link
        self.sender = sender
        self.receiver = receiver
        self.back: Lane
        self.delay = 0.0
        self.jitter = 0.0
        self.last = 0.0
        self.number = 0
        self.blocked = 0
        self.held: list[tuple[int, Any]] = []

    def send(self, payload: Any) -> None:
        """Put a message on the connection that the sender believes in; lost if that is gone."""
        link = self.link
        if self.back.number == link.number and link.live:
            self._push(payload)

    def _push(self, payload: Any) -> None:
        link = self.link
        clock = link.clock
        time = clock.now + self.delay + self.jitter * link.random()
        if time <= self.last:
            # TCP keeps the order, and two messages may well arrive in one read.
            time = self.last
        self.last = time
        clock.at(time, self._arrive, link.number, payload)

    def _arrive(self, number: int, payload: Any) -> None:
        if self.blocked or self.held:
            self.held.append((number, payload))
        else:
            self._deliver(number, payload)

    def _deliver(self, number: int, payload: Any) -> None:
        if payload is CLOSED:
            self.link.closed(number)
        elif payload is DOWN:
            if self.number and self.number <= number:
                self.number = 0
                self.receiver.link_down(self.sender)
        elif number != self.link.number or not self.link.live:
            return
        elif payload is UP:
            if self.number:
                self.receiver.link_down(self.sender)
            self.number = number
            if self.receiver is self.link.accepter:
                # Before whatever the accepter says first, since it is in the same stream.
                self.back._push(UP)
            self.receiver.link_up(self.sender)
        else:
            # A process that is paused or slow reads later, and not at all from what was reset.
            self.receiver.take(self.sender, self, number, payload)

    def readable(self, number: int) -> bool:
        """Whether what has arrived on this connection can still be read."""
        return number == self.number == self.link.number and self.link.live

    def unblock(self) -> None:
        """End one partition of this direction; what was held comes in order, and before what is
        still on its way."""
        self.blocked -= 1
        if not self.blocked and self.held:
            link = self.link
            link.clock.after(self.delay + self.jitter * link.random(), self._release)

    def _release(self) -> None:
        # Another partition may have begun meanwhile, or is begun by whoever hears of this.
        while self.held and not self.blocked:
            number, payload = self.held.pop(0)
            self._deliver(number, payload)


class Link:
    """Two processes; the dialler dials whenever it wants the link and none is up."""

    __slots__ = ("accepter", "clock", "dialler", "dialling", "lanes", "live", "number", "random",
                 "retry")  # fmt: skip

    def __init__(
        self,
        clock: Clock,
        draw: Random,
        dialler: End,
        accepter: End,
        delay: float,
        jitter: float,
    ) -> None:
        self.clock = clock
        self.random = draw.random
        self.dialler = dialler
        self.accepter = accepter
        self.number = 0
        self.live = False
        self.dialling = False
        self.retry = _FIRST_RETRY
        out, back = Lane(self, dialler, accepter), Lane(self, accepter, dialler)
        out.back, back.back = back, out
        self.lanes = (out, back)
        for lane in self.lanes:
            lane.delay = delay
            lane.jitter = jitter

    def lane_from(self, sender: End) -> Lane:
        return self.lanes[0] if sender is self.dialler else self.lanes[1]

    def want(self) -> None:
        """Called when the dialler may want the link, and after every failed try."""
        if not self.dialling and not self.live:
            self.dialling = True
            self.clock.after(self.retry * (0.5 + self.random()), self._dial)

    def _dial(self) -> None:
        self.dialling = False
        if self.live or not (self.dialler.alive and self.accepter.alive):
            return
        if not self.dialler.wants(self.accepter):
            return
        if self.lanes[0].blocked or self.lanes[1].blocked or self.dialler.paused:
            self.retry = min(2 * self.retry, _LAST_RETRY)
            self.want()
            return
        self.retry = _FIRST_RETRY
        self.number += 1
        self.live = True
        self.lanes[0]._push(UP)

    def reset(self, closer: End | None = None) -> None:
        """End the connection: what is in flight or unread is lost. `closer` knows it already."""
        if not self.live:
            return
        self.live = False
        for lane in self.lanes:
            if lane.receiver is closer:
                if lane.number:
                    lane.number = 0
                    lane.receiver.link_down(lane.sender)
            elif lane.receiver.alive:
                self._say_down(lane)
        self.want()

    def close(self, closer: End) -> None:
        """End the connection after what was sent: the other side reads that first."""
        if not self.live:
            return
        lane = self.lane_from(closer)
        if lane.back.number:
            lane.back.number = 0
            closer.link_down(lane.receiver)
        self.clock.at(max(lane.last, self.clock.now), self._close, lane, self.number)

    def _close(self, lane: Lane, number: int) -> None:
        if lane.blocked or lane.held:
            lane.held.append((number, CLOSED))
        else:
            self.closed(number)

    def closed(self, number: int) -> None:
        """The other side has read the end of this connection."""
        if self.live and self.number == number:
            self.live = False
            for lane in self.lanes:
                if lane.number and lane.receiver.alive:
                    lane.number = 0
                    lane.receiver.link_down(lane.sender)
            self.want()

    def _say_down(self, lane: Lane) -> None:
        if lane.blocked:
            lane.held.append((self.number, DOWN))
            return
        delay = lane.jitter * self.random()
        self.clock.after(delay, lane._arrive, self.number, DOWN)
