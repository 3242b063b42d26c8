"""Who is connected to a slave: accepting, dialling, handshakes, duplicates, and when to dial again.

The lower ordinal dials the higher, masters dial slaves. Of two connections of the same start of a
node the newest counts; a start that was replaced is refused once a newer one was wanted. Called by
`slave_loop`, which reads and writes what is up; `up` and `down` tell it of every link.
"""

import os
import select
import socket
from collections.abc import Callable, Iterable
from math import inf

from ringrun.core.errors import ProtocolError
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.record import Member
from ringrun.runtime.links.link import (
    NOBODY,
    READ,
    READ_AND_WRITE,
    Link,
    State,
    errno_text,
    family_of,
    tune,
)
from ringrun.runtime.links.wanted import Wanted
from ringrun.runtime.log import Log
from ringrun.runtime.wire.frames import FrameKind, encode_handshake
from ringrun.runtime.wire.handshake import (
    DEADLINE,
    NONCE_BYTES,
    Dialling,
    Identity,
    Listening,
    Open,
    RefusedError,
    Role,
)

LINGER = 1.0
START_BYTES = 8
# Strangers that are in the middle of their handshake; more are turned away and come again.
MOST_STRANGERS = 256


class Connections:
    """All connections of one slave, by file descriptor and by peer."""

    def __init__(
        self,
        *,
        poll: select.epoll,
        listener: socket.socket,
        node: SlaveId | None,
        run: str | None,
        token: bytes,
        log: Log,
        claimable: Callable[[], bool],
        named: Callable[[str, SlaveId, float], None],
        up: Callable[[Link, float], None],
        down: Callable[[Link, float], None],
    ) -> None:
        self.poll = poll
        self.listener = listener
        self.node = node
        self.run = run
        self.by_fd: dict[int, Link] = {}
        self.by_peer: dict[NodeId, Link] = {}
        # Where data frames for an ordinal go, and, seldom, older starts that are wanted as well.
        self.by_ordinal: dict[int, Link] = {}
        self.older: dict[SlaveId, Link] = {}
        self.timer = inf
        self._token = token
        self._log = log
        self._claimable = claimable
        self._named = named
        self._start = os.urandom(START_BYTES)
        self._up = up
        self._down = down
        self._wanted = Wanted()
        self.unfinished: dict[int, Link] = {}
        listener.setblocking(False)
        poll.register(listener.fileno(), READ)

    # What is wanted.

    def want(self, members: Iterable[Member], now: float) -> None:
        """Have links to these from now on; end those that nobody wants to have any more."""
        assert self.node is not None
        wanted = self._wanted
        wanted.change(self.node, members, now)
        for link in [*self.by_peer.values(), *self.unfinished.values()]:
            peer = link.peer
            if link.dialled is not None and not wanted.dials(link.dialled):
                self.close(link, "no longer wanted", now)
            elif isinstance(peer, SlaveId) and wanted.replaced(peer):
                self.close(link, f"incarnation {peer.incarnation} was replaced", now)
            else:
                link.source = wanted.source(peer)
        self.tick(now)

    # Time.

    def tick(self, now: float) -> None:
        """Dial who is due and give up on handshakes that take too long; sets `timer`."""
        for link in list(self.unfinished.values()):
            if now >= link.deadline:
                lingers = link.state is State.LINGERING
                reason = "" if lingers else f"no handshake within {DEADLINE:g} s"
                self.close(link, reason, now)
        for dial in self._wanted.due(now, self._busy()):
            self._dial(dial.member, now)
        timer = self._wanted.next_time(self._busy())
        for link in self.unfinished.values():
            timer = min(timer, link.deadline)
        self.timer = timer

    def _busy(self) -> set[NodeId | None]:
        """Who is connected, or about to be."""
        busy: set[NodeId | None] = set(self.by_peer)
        for link in self.unfinished.values():
            if link.state is not State.LINGERING:
                busy.add(link.dialled)
        return busy

    # Beginnings.

    def accept(self, now: float) -> None:
        """Take what dials us."""
        while True:
            try:
                sock, address = self.listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # Out of descriptors, for example: a stranger makes room; it dials again.
                self._log.say(f"cannot accept: {errno_text(error)}")
                for stranger in [*self.unfinished.values()][:1]:
                    self.close(stranger, "another one waits", now)
                return
            if len(self.unfinished) >= MOST_STRANGERS:
                sock.close()
                continue
            tune(sock)
            link = Link(sock, self.poll, f"{address[0]}:{address[1]}", None)
            # By hand a master gives run and name, and another may while nothing came of it.
            free = self.node is None or self._claimable()
            link.handshake = Listening(
                me=None if free or self.node is None else Identity.slave(self.node),
                run=None if free else self.run,
                token=self._token,
                nonce=os.urandom(NONCE_BYTES),
                admit=self._admit,
                start=self._start,
            )
            self._begin(link, READ, now)

    def _dial(self, member: Member, now: float) -> None:
        assert self.node is not None
        assert self.run is not None
        node = SlaveId(member.ordinal, member.incarnation)
        sock = socket.socket(family_of(member.host), socket.SOCK_STREAM)
        tune(sock)
        link = Link(sock, self.poll, f"{member.host}:{member.port}", node)
        link.handshake = Dialling(
            me=Identity.slave(self.node),
            dialled=Identity.slave(node),
            run=self.run,
            token=self._token,
            nonce=os.urandom(NONCE_BYTES),
        )
        link.state = State.CONNECTING
        self._begin(link, READ_AND_WRITE, now)
        try:
            sock.connect((member.host, member.port))
        except BlockingIOError:
            pass
        except OSError as error:
            self.close(link, errno_text(error), now)

    def _begin(self, link: Link, events: int, now: float) -> None:
        link.deadline = now + DEADLINE
        self.timer = min(self.timer, link.deadline)
        self.unfinished[link.fd] = link
        self.by_fd[link.fd] = link
        self.poll.register(link.fd, events)

    def _admit(self, opened: Open) -> str:
        peer = opened.me
        if peer.role is Role.MASTER:
            same = opened.run == self.run and opened.dialled.node == self.node
            return "" if same or self.node is None or self._claimable() else self._taken(opened)
        if self.node is None:
            return "no master has named this slave yet"
        if opened.run != self.run or opened.dialled.node != self.node:
            return self._taken(opened)
        if peer.ordinal >= self.node.ordinal:
            return f"the lower ordinal dials, and this is {self.node}"
        if self._wanted.replaced(SlaveId(peer.ordinal, peer.incarnation)):
            return f"incarnation {peer.incarnation} of slave {peer.ordinal} was replaced"
        return ""

    def _taken(self, opened: Open) -> str:
        if opened.run != self.run:
            return f"of run {opened.run}, this is run {self.run}"
        return f"this is {self.node}, not {opened.dialled}"

    # The handshake.

    def advance(self, link: Link, event: int, now: float) -> bool:
        """Something happened on a link that is not up; True if it is now (see its decoder)."""
        if link.state is State.CONNECTING:
            return self._connected(link, now)
        if event & select.EPOLLOUT:
            if not link.flush():
                self.close(link, link.broken, now)
                return False
            if link.idle and link.state is State.LINGERING:
                self.say_no_more(link, now)
        if not event & ~select.EPOLLOUT:
            return False
        try:
            count = link.receive_into(link.decoder.space())
        except BlockingIOError:
            return False
        except OSError as error:
            self.close(link, errno_text(error), now)
            return False
        lingering = link.state is State.LINGERING
        if not count:
            # Who dials, says nothing and goes is a probe that asks whether we listen.
            probe = link.dialled is None and not link.greeted
            self.close(link, "" if lingering or probe else "closed during the handshake", now)
            return False
        link.greeted = True
        if lingering:
            return False
        try:
            return self._converse(link, count, now)
        except ProtocolError as error:
            if isinstance(error, RefusedError):
                link.send_control(encode_handshake(error.answer))
            self._linger(link, str(error), now)
            return False

    def _connected(self, link: Link, now: float) -> bool:
        error = link.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.close(link, errno_text(OSError(error, os.strerror(error))), now)
            return False
        assert isinstance(link.handshake, Dialling)
        link.state = State.HANDSHAKE
        self.poll.modify(link.fd, READ)
        if not link.send_control(encode_handshake(link.handshake.begin())):
            self.close(link, link.broken, now)
        return False

    def _converse(self, link: Link, count: int, now: float) -> bool:
        handshake = link.handshake
        assert handshake is not None
        while True:
            frames = link.decoder.received(count)
            count = 0
            if not frames:
                return False
            [(kind, body)] = frames
            assert kind == FrameKind.HANDSHAKE
            answer = handshake.receive(body)
            if answer and not link.send_control(encode_handshake(answer)):
                self.close(link, link.broken, now)
                return False
            if handshake.peer is not None:
                self._established(link, handshake.peer.node, now)
                return link.state is State.UP

    def _established(self, link: Link, peer: NodeId, now: float) -> None:
        handshake = link.handshake
        if isinstance(handshake, Listening) and handshake.named is not None:
            run, identity = handshake.named
            node = SlaveId(identity.ordinal, identity.incarnation)
            if (run, node) != (self.run, self.node):
                self._take_name(run, node, now)
        before = self.by_peer.get(peer)
        if before is not None:
            self.close(before, "a newer connection took its place", now)
        del self.unfinished[link.fd]
        link.handshake = None
        link.peer = peer
        link.state = State.UP
        link.up = True
        link.decoder.authenticated()
        self.by_peer[peer] = link
        if isinstance(peer, SlaveId):
            link.ordinal = peer.ordinal
            link.source = self._wanted.source(peer)
            self._route(peer.ordinal)
        if link.dialled is not None:
            self._wanted.up(link.dialled)
        self._log.detail(f"link to {peer} at {link.address} is up")
        self._up(link, now)

    def _take_name(self, run: str, node: SlaveId, now: float) -> None:
        """By hand: be this slave of this run from now on, and forget any other."""
        for link in list(self.by_peer.values()):
            self.close(link, f"this is {node} of run {run} from now on", now)
        self.run, self.node = run, node
        self._wanted = Wanted()
        self._named(run, node, now)

    def _route(self, ordinal: int) -> None:
        """Data for an ordinal goes to its newest start; an older one that is wanted gets it too."""
        links = [
            (peer, link)
            for peer, link in self.by_peer.items()
            if isinstance(peer, SlaveId) and peer.ordinal == ordinal
        ]
        links.sort(key=lambda each: each[0])
        for node in [node for node in self.older if node.ordinal == ordinal]:
            del self.older[node]
        if not links:
            self.by_ordinal.pop(ordinal, None)
            return
        self.by_ordinal[ordinal] = links.pop()[1]
        for node, link in links:
            if isinstance(node, SlaveId):
                self.older[node] = link

    # Ends.

    def listen_no_more(self) -> None:
        """Neither accept nor dial from now on."""
        self._wanted.stop_dialling()
        self.poll.unregister(self.listener.fileno())
        self.listener.close()

    def drop(self, peer: NodeId, reason: str, now: float) -> None:
        """Close the connection to this node after what was sent."""
        link = self.by_peer.get(peer)
        if link is not None:
            self._linger(link, reason, now)

    def _linger(self, link: Link, reason: str, now: float) -> None:
        """Let the other side read what was sent: closing at once might take it back."""
        if link.state is State.UP:
            self._forget(link, reason, now)
            self.by_fd[link.fd] = link
            self.unfinished[link.fd] = link
        elif reason:
            self._log.say(f"connection {_with(link)} dropped: {reason}")
        link.state = State.LINGERING
        link.deadline = now + LINGER
        self.timer = min(self.timer, link.deadline)
        if link.idle:
            self.say_no_more(link, now)

    def say_no_more(self, link: Link, now: float) -> None:
        """The other side reads to the end of what was sent, and closes."""
        try:
            link.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close(link, "", now)

    def close(self, link: Link, reason: str, now: float) -> None:
        """End a connection at once; what the kernel has not sent is lost."""
        state = link.state
        if state is State.CLOSED:
            return
        if state is State.UP:
            self._forget(link, reason, now)
            if link.state is State.CLOSED:
                return
        else:
            self.unfinished.pop(link.fd, None)
            if state is State.HANDSHAKE and reason:
                self._log.say(f"connection {_with(link)} dropped: {reason}")
            elif reason:
                self._log.detail(f"dialling {_with(link)}: {reason}")
        link.state = State.CLOSED
        self.by_fd.pop(link.fd, None)
        self.poll.unregister(link.fd)
        link.sock.close()
        self.timer = now

    def _forget(self, link: Link, reason: str, now: float) -> None:
        """The link is no longer up; the core hears of it, and whoever dialled dials again."""
        link.state = State.LINGERING
        link.up = False
        del self.by_peer[link.peer]
        self.by_fd.pop(link.fd, None)
        if link.ordinal >= 0:
            self._route(link.ordinal)
        if link.dialled is not None:
            self._wanted.down(link.dialled, now)
        if reason:
            self._log.say(f"connection {_with(link)} dropped: {reason}")
        self.timer = now
        self._down(link, now)


def _with(link: Link) -> str:
    if link.peer != NOBODY:
        return f"with {link.peer}"
    return f"to {link.dialled} at {link.address}" if link.dialled else f"from {link.address}"
