"""The connections of slave 0 of a run, over sockets of this process, for tests of its parts."""

import io
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from ringrun.core.node import NodeId, SlaveId
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.link import Link
from ringrun.runtime.links.listening import listen
from ringrun.runtime.log import Log
from ringrun.runtime.wire.handshake import NONCE_BYTES, Listening

TOKEN = b"t" * 32
ME = SlaveId(0, 1)


class MadeConnections:
    """They are `connections`; what they say is in `said`."""

    def __init__(self, name: Name | None) -> None:
        self.said = io.StringIO()
        self.log = Log(str(ME), stream=self.said)
        self.poll = select.epoll()
        listener = listen("127.0.0.1", 0)
        self.listener = listener
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self.connections = Connections(
            poll=self.poll, listener=listener, name=name, token=TOKEN, log=self.log
        )
        self._far: list[socket.socket] = []

    def up(self, peer: NodeId) -> tuple[Link, socket.socket]:
        """A link to this peer that is up, and the socket at its other end."""
        near, far = socket.socketpair()
        near.setblocking(False)
        far.settimeout(5)
        self._far.append(far)
        handshake = Listening(
            me=None, run=None, token=b"", nonce=bytes(NONCE_BYTES), admit=lambda opened: ""
        )
        link = Link(near, self.poll, address="test", handshake=handshake, deadline=inf)
        link.established(peer)
        self.poll.register(link.fd, select.EPOLLIN)
        self.connections.by_fd[link.fd] = link
        self.connections.routes.add(link)
        return link, far

    def lines(self) -> list[str]:
        """What was said, without the times."""
        return [line.split(": ", 1)[1] for line in self.said.getvalue().splitlines()]

    def close(self) -> None:
        """All sockets."""
        for link in list(self.connections.by_fd.values()):
            self.connections.close(link, "", 0.0)
        for far in self._far:
            far.close()
        self.listener.close()
        self.poll.close()


@contextmanager
def made_connections(name: Name | None) -> Iterator[MadeConnections]:
    """Closed afterwards."""
    made = MadeConnections(name)
    try:
        yield made
    finally:
        made.close()


def fill(link: Link) -> int:
    """Send until the kernel takes no more; how many bytes that were."""
    size, frame = 0, bytes(1 << 16)
    while link.idle:
        assert link.send(frame)
        size += len(frame)
    return size


def has_come(far: socket.socket) -> bytes:
    """What the kernel has for this end now."""
    readable, _, _ = select.select([far], [], [], 0)
    return far.recv(1 << 20) if readable else b""


def everything(far: socket.socket, link: Link, size: int) -> bytes:
    """Read so many bytes at the far end, letting the link send on meanwhile."""
    found = b""
    while len(found) < size:
        found += far.recv(1 << 20)
        assert link.flush()
    return found
