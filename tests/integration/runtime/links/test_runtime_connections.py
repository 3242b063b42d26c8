"""Connections of slaves on loopback, driven turn by turn: what comes up, is told, and ends."""

import io
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from commanding import RUN, TOKEN, Line

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.record import Member
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.connections import MOST_STRANGERS, Connections
from ringrun.runtime.links.events import Down, LinkEvent, Named, Up
from ringrun.runtime.links.link import Link, State
from ringrun.runtime.links.listening import listen
from ringrun.runtime.log import Log


class Side:
    """One slave's connections, without a core."""

    def __init__(self, name: Name | None, token: bytes = TOKEN) -> None:
        self.log = io.StringIO()
        self.listener = listen("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        self.poll = select.epoll()
        self.told: list[LinkEvent] = []
        self.connections = Connections(
            poll=self.poll,
            listener=self.listener,
            name=name,
            token=token,
            log=Log("test", stream=self.log),
        )

    def turn(self) -> None:
        """Handle what has arrived; links that are up see nothing but their end."""
        now = time.monotonic()
        for fd, event in self.poll.poll(0.01):
            link = self.connections.by_fd.get(fd)
            if link is None or not link.up:
                assert self.connections.handle(fd, event, now, begun=False)
            elif not link.receive_into(link.decoder.space()):
                self.connections.close(link, "closed by the other side", now)
        if now >= self.connections.timer:
            self.connections.tick(now)
        while self.connections.events:
            self.told.append(self.connections.events.popleft())

    def close(self) -> None:
        for link in list(self.connections.by_fd.values()):
            self.connections.close(link, "", time.monotonic())
        self.listener.close()
        self.poll.close()


def slave(ordinal: int, incarnation: int = 1) -> Name:
    return Name(run=RUN, node=SlaveId(ordinal, incarnation))


def until(sides: list[Side], true: Callable[[], bool]) -> None:
    """Let all take turns until it is so."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        for side in sides:
            side.turn()


Make = Callable[..., Side]


@pytest.fixture
def side() -> Iterator[Make]:
    """Sides, closed at the end."""
    made: list[Side] = []

    def make(name: Name | None, token: bytes = TOKEN) -> Side:
        made.append(Side(name, token))
        return made[-1]

    yield make
    for each in made:
        each.close()


def only_link(side: Side) -> Link:
    """The link of the one thing that this side was told."""
    [up] = side.told
    assert isinstance(up, Up)
    return up.link


def want(side: Side, other: Side, node: SlaveId) -> None:
    member = Member(
        ordinal=node.ordinal, incarnation=node.incarnation, host="127.0.0.1", port=other.port
    )
    side.connections.want([member], time.monotonic())


def test_both_sides_are_told_of_a_link_and_of_its_end(side: Make) -> None:
    """Once each, in that order."""
    low, high = side(slave(0)), side(slave(1))
    want(low, high, SlaveId(1, 1))
    until([low, high], lambda: bool(low.told and high.told))
    one, two = only_link(low), only_link(high)
    assert (one.peer, two.peer) == (SlaveId(1, 1), SlaveId(0, 1))
    assert (one.state, one.source, low.connections.routes.by_ordinal) == (State.UP, 1, {1: one})
    low.connections.want([], time.monotonic())
    until([low, high], lambda: len(low.told) == len(high.told) == 2)
    assert low.told[1] == Down(peer=SlaveId(1, 1))
    assert high.told[1] == Down(peer=SlaveId(0, 1))
    assert (one.state, one.up) == (State.CLOSED, False)


def test_a_drop_lets_the_other_side_read_to_the_end(side: Make) -> None:
    """The link lingers, is up no more, and ends once the other side has closed."""
    low, high = side(slave(0)), side(slave(1))
    want(low, high, SlaveId(1, 1))
    until([low, high], lambda: bool(low.told and high.told))
    high.connections.drop(SlaveId(0, 1), "no reason", time.monotonic())
    [link] = high.connections.unfinished.values()
    assert (link.state, link.up) == (State.LINGERING, False)
    until([low, high], lambda: not high.connections.unfinished)
    assert high.told[1:] == [Down(peer=SlaveId(0, 1))]
    assert "connection with s0-1 dropped: no reason" in high.log.getvalue()


def test_of_two_links_of_one_start_the_newest_counts(side: Make) -> None:
    """The other is closed first; data and control take the new one."""
    low, again, high = side(slave(0)), side(slave(0)), side(slave(1))
    want(low, high, SlaveId(1, 1))
    until([low, high], lambda: bool(high.told))
    first = only_link(high)
    want(again, high, SlaveId(1, 1))
    until([again, high], lambda: len(high.told) == 3)
    down, up = high.told[1:]
    assert down == Down(peer=SlaveId(0, 1))
    assert isinstance(up, Up)
    assert first.state is State.CLOSED
    assert high.connections.routes.by_peer == {SlaveId(0, 1): up.link}
    assert high.connections.routes.by_ordinal == {0: up.link}


def test_a_start_that_was_replaced_loses_its_link(side: Make) -> None:
    """As soon as a newer one is wanted, and with a line in the log."""
    low, high = side(slave(0)), side(slave(1))
    want(low, high, SlaveId(1, 1))
    until([low, high], lambda: bool(high.told))
    # Slave 0 dials slave 1, so its address is of no use here.
    want(high, low, SlaveId(0, 2))
    until([high], lambda: len(high.told) == 2)
    assert high.told[1] == Down(peer=SlaveId(0, 1))
    assert "incarnation 1 was replaced" in high.log.getvalue()


def test_strangers_in_their_handshake_are_bounded(side: Make) -> None:
    """One more is turned away at once; it costs nobody who is in."""
    low = side(slave(0))
    address = ("127.0.0.1", low.port)
    strangers = [socket.create_connection(address, 5) for _ in range(MOST_STRANGERS)]
    until([low], lambda: len(low.connections.unfinished) == MOST_STRANGERS)
    strangers.append(socket.create_connection(address, 5))
    low.turn()
    strangers[-1].settimeout(5)
    assert strangers[-1].recv(1) == b""
    assert len(low.connections.unfinished) == MOST_STRANGERS
    for each in strangers:
        each.close()


def test_another_token_brings_no_link_up(side: Make) -> None:
    """Nobody is told; the log says why."""
    low, high = side(slave(0)), side(slave(1), b"another one of some length")
    want(low, high, SlaveId(1, 1))
    until([low, high], lambda: "another token" in high.log.getvalue())
    assert low.told == high.told == []


def test_a_name_comes_before_the_link_that_brought_it(side: Make) -> None:
    """By hand: a slave that nobody named takes no slave's word, and a master's at once."""
    unnamed, low = side(None), side(slave(0))
    want(low, unnamed, SlaveId(1, 1))
    until([unnamed, low], lambda: "no master has named" in unnamed.log.getvalue())
    assert unnamed.told == []
    lines: list[Line] = []
    member = Member(ordinal=1, incarnation=1, host="127.0.0.1", port=unnamed.port)
    master = threading.Thread(target=lambda: lines.append(Line(member)))
    master.start()
    until([unnamed], lambda: len(unnamed.told) == 2)
    master.join(10)
    lines[0].sock.close()
    named, up = unnamed.told
    assert named == Named(name=slave(1))
    assert isinstance(up, Up)
    assert up.link.peer == MasterId(0, 1)
