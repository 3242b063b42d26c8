"""Where control and data go, by the links that are up."""

import select
import socket
from collections.abc import Callable, Iterator

import pytest

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.runtime.links.link import Link
from ringrun.runtime.links.routes import Routes
from ringrun.runtime.wire.handshake import NONCE_BYTES, Listening

Make = Callable[[NodeId], Link]


@pytest.fixture
def made() -> Iterator[Make]:
    """Links that are up; all closed at the end."""
    poll = select.epoll()
    links: list[Link] = []

    def make(peer: NodeId) -> Link:
        handshake = Listening(
            me=None, run=None, token=b"", nonce=bytes(NONCE_BYTES), admit=lambda opened: ""
        )
        link = Link(socket.socket(), poll, address="x", handshake=handshake, deadline=2.0)
        link.established(peer)
        links.append(link)
        return link

    yield make
    for link in links:
        link.sock.close()
    poll.close()


def test_data_goes_to_the_newest_start_and_to_older_ones_beside_it(
    made: Make,
) -> None:
    """Whichever came up first; and to the older one alone once the newer is gone."""
    routes = Routes()
    newer, older = made(SlaveId(2, 2)), made(SlaveId(2, 1))
    other = made(SlaveId(3, 1))
    for link in (newer, older, other):
        routes.add(link)
    assert routes.by_ordinal == {2: newer, 3: other}
    assert routes.older == {SlaveId(2, 1): older}
    routes.remove(newer)
    assert routes.by_ordinal == {2: older, 3: other}
    assert routes.older == {}
    routes.remove(older)
    assert routes.by_ordinal == {3: other}


def test_no_data_goes_to_a_master(made: Make) -> None:
    """It is reached by its name alone."""
    routes = Routes()
    master = made(MasterId(0, 1))
    routes.add(master)
    assert routes.by_peer == {MasterId(0, 1): master}
    assert routes.by_ordinal == {}
    routes.remove(master)
    assert routes.by_peer == {}
