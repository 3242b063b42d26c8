"""Links as they begin, and that the two sides of one find each other."""

import select
import socket
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from ringrun.core.node import SlaveId
from ringrun.core.record import Member
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.link import Link, State
from ringrun.runtime.links.opening import accepted, dialled
from ringrun.runtime.wire.handshake import (
    DEADLINE,
    NONCE_BYTES,
    Dialling,
    HandshakeError,
    Identity,
    Listening,
)

TOKEN = b"t" * 32
LOW, HIGH = Name(run="r", node=SlaveId(0, 1)), Name(run="r", node=SlaveId(1, 3))
MEMBER = Member(ordinal=1, incarnation=3, host="127.0.0.1", port=7)
NOW = 50.0


class Opening:
    """Both functions, over sockets that are connected to nobody; all closed at the end."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        self.links: list[Link] = []

    def dialled(self, member: Member = MEMBER, *, name: Name = LOW, token: bytes = TOKEN) -> Link:
        self.links.append(dialled(member, self.poll, name=name, token=token, now=NOW))
        return self.links[-1]

    def accepted(
        self, name: Name | None = HIGH, *, admit: Callable[[object], str] = lambda opened: ""
    ) -> Link:
        accept = partial(accepted, name=name, token=TOKEN, start=b"begun", admit=admit, now=NOW)
        self.links.append(accept(socket.socket(), "10.0.0.9:1", self.poll))
        return self.links[-1]


@pytest.fixture
def opening() -> Iterator[Opening]:
    made = Opening()
    yield made
    for link in made.links:
        link.sock.close()
    made.poll.close()


def shake(dialler: Dialling | Listening | None, listener: Dialling | Listening | None) -> None:
    """Bring every word to the other side, until neither has one more."""
    assert isinstance(dialler, Dialling)
    assert isinstance(listener, Listening)
    body = dialler.begin()
    while body:
        body = dialler.receive(listener.receive(body))


def test_a_dialled_link_is_yet_to_be_connected(opening: Opening) -> None:
    """It knows whom it dials, by which address, and until when."""
    link = opening.dialled()
    assert (link.state, link.dialled) == (State.CONNECTING, SlaveId(1, 3))
    assert (link.address, link.deadline) == ("127.0.0.1:7", NOW + DEADLINE)
    assert link.sock.family == socket.AF_INET


def test_an_address_of_ipv6_gets_a_socket_of_it(opening: Opening) -> None:
    link = opening.dialled(Member(ordinal=1, incarnation=1, host="fd00::1", port=7))
    assert link.sock.family == socket.AF_INET6


def test_a_stranger_is_in_the_handshake_from_the_beginning(opening: Opening) -> None:
    """Nobody knows yet who it is."""
    link = opening.accepted()
    assert (link.state, link.dialled) == (State.HANDSHAKE, None)
    assert (link.address, link.deadline) == ("10.0.0.9:1", NOW + DEADLINE)


def test_no_socket_of_either_side_blocks(opening: Opening) -> None:
    """A slave has one thread for all of them."""
    for link in (opening.dialled(), opening.accepted()):
        assert not link.sock.getblocking()
        assert link.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_two_slaves_of_a_run_find_each_other(opening: Opening) -> None:
    """And the dialler learns which process of that name it has found."""
    near, far = opening.dialled().handshake, opening.accepted().handshake
    shake(near, far)
    assert isinstance(near, Dialling)
    assert isinstance(far, Listening)
    assert (near.peer, near.start) == (Identity.slave(HIGH.node), b"begun")
    assert far.peer == Identity.slave(LOW.node)


def test_a_slave_without_a_name_gets_it_from_who_dials(opening: Opening) -> None:
    """Run and node, as far as the link goes; who may give it is for `admit` to say."""
    far = opening.accepted(None).handshake
    shake(opening.dialled().handshake, far)
    assert isinstance(far, Listening)
    assert far.named == ("r", Identity.slave(HIGH.node))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"token": b"x" * 32}, "another token"),
        ({"name": Name(run="other", node=LOW.node)}, "of run other, this is run r"),
        ({"name": HIGH}, "a connection to itself"),
        ({"member": Member(ordinal=1, incarnation=2, host="::1", port=7)}, "this is s1-3"),
    ],
)
def test_who_does_not_belong_together_does_not_come_together(
    opening: Opening, given: dict[str, object], reason: str
) -> None:
    """Each side has what was given to it, and nothing of it is left out."""
    near = opening.dialled(**given).handshake  # type: ignore[arg-type]
    with pytest.raises(HandshakeError, match=reason):
        shake(near, opening.accepted().handshake)


def test_who_is_not_wanted_is_told_why(opening: Opening) -> None:
    far = opening.accepted(admit=lambda opened: "not wanted").handshake
    with pytest.raises(HandshakeError, match=r"^not wanted$"):
        shake(opening.dialled().handshake, far)


def test_no_two_links_have_a_nonce_in_common(opening: Opening) -> None:
    """Or what was said on one would prove something on another."""
    words = set()
    for _ in range(2):
        near, far = opening.dialled().handshake, opening.accepted().handshake
        assert isinstance(near, Dialling)
        assert isinstance(far, Listening)
        words |= {near.begin()[-NONCE_BYTES:], far.receive(near.begin())}
    assert len(words) == 4
