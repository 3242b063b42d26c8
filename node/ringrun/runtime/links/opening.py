"""Links as they begin: a tuned socket with its side of the handshake. Made for `connections`."""

import os
import select
import socket

from ringrun.core.record import Member
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.link import Link
from ringrun.runtime.links.sockets import family_of, tune
from ringrun.runtime.wire.handshake import (
    DEADLINE,
    NONCE_BYTES,
    Admit,
    Dialling,
    Identity,
    Listening,
)


def accepted(
    sock: socket.socket,
    address: str,
    poll: select.epoll,
    *,
    name: Name | None,
    token: bytes,
    start: bytes,
    admit: Admit,
    now: float,
) -> Link:
    """A stranger that has dialled this slave. `name` is None if it may give it one."""
    tune(sock)
    handshake = Listening(
        me=None if name is None else Identity.slave(name.node),
        run=None if name is None else name.run,
        token=token,
        nonce=os.urandom(NONCE_BYTES),
        admit=admit,
        start=start,
    )
    return Link(sock, poll, address=address, handshake=handshake, deadline=now + DEADLINE)


def dialled(member: Member, poll: select.epoll, *, name: Name, token: bytes, now: float) -> Link:
    """A link to another slave, yet to be connected."""
    sock = socket.socket(family_of(member.host), socket.SOCK_STREAM)
    tune(sock)
    handshake = Dialling(
        me=Identity.slave(name.node),
        dialled=Identity.slave(member.node),
        run=name.run,
        token=token,
        nonce=os.urandom(NONCE_BYTES),
    )
    return Link(
        sock,
        poll,
        address=f"{member.host}:{member.port}",
        handshake=handshake,
        deadline=now + DEADLINE,
        dialled=member.node,
    )
