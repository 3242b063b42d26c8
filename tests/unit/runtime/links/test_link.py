"""How far a link is: one state, changed as the table allows and in no other way."""

import select
import socket
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from ringrun.core.node import SlaveId
from ringrun.runtime.links.link import AFTER, Link, State
from ringrun.runtime.wire.handshake import NONCE_BYTES, Dialling, Identity

PEER = SlaveId(2, 1)


@pytest.fixture
def made() -> Iterator[Callable[[], Link]]:
    """Links that were dialled, as many as are asked for; all closed at the end."""
    poll = select.epoll()
    links: list[Link] = []

    def make() -> Link:
        handshake = Dialling(
            me=Identity.slave(SlaveId(0, 1)),
            dialled=Identity.slave(PEER),
            run="r",
            token=b"",
            nonce=bytes(NONCE_BYTES),
        )
        sock = socket.socket()
        links.append(Link(sock, poll, address="x", handshake=handshake, deadline=2.0, dialled=PEER))
        return links[-1]

    yield make
    for link in links:
        link.sock.close()
    poll.close()


STEPS: dict[State, Callable[[Link], None]] = {
    State.HANDSHAKE: Link.connected,
    State.UP: lambda link: link.established(PEER),
    State.LINGERING: lambda link: link.linger(9.0),
    State.CLOSED: Link.end,
}
WAYS: dict[State, tuple[State, ...]] = {
    State.CONNECTING: (),
    State.HANDSHAKE: (State.HANDSHAKE,),
    State.UP: (State.HANDSHAKE, State.UP),
    State.LINGERING: (State.HANDSHAKE, State.LINGERING),
    State.CLOSED: (State.CLOSED,),
}


@pytest.mark.parametrize(("before", "after"), list(product(State, STEPS)))
def test_a_link_goes_only_where_the_table_says(
    made: Callable[[], Link], before: State, after: State
) -> None:
    """Every pair is tried; `up` is never anything but the state UP."""
    link = made()
    for state in WAYS[before]:
        STEPS[state](link)
    assert link.state is before
    if after in AFTER[before]:
        STEPS[after](link)
        assert link.state is after
    else:
        with pytest.raises(AssertionError):
            STEPS[after](link)
        assert link.state is before
    assert link.up == (link.state is State.UP)
