"""Who is connected to a slave: accepting, dialling, handshakes, duplicates, and when to dial again.

The lower ordinal dials the higher, masters dial slaves. Of two connections of the same start of a
node the newest counts; a start that was replaced is refused once a newer one was wanted. Called by
the slave's process and its loop, which reads and writes what is up. What became of the links is
left in `events`, for whoever called to tell the core.
"""

import os
import select
import socket
from collections import deque
from collections.abc import Iterable
from math import inf

from ringrun.core.errors import ProtocolError
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.record import Member
from ringrun.runtime.links.admission import Name, refusal
from ringrun.runtime.links.events import Down, LinkEvent, Named, Up
from ringrun.runtime.links.link import NOBODY, READ, READ_AND_WRITE, Link, State
from ringrun.runtime.links.opening import accepted, dialled
from ringrun.runtime.links.routes import Routes
from ringrun.runtime.links.sockets import errno_text
from ringrun.runtime.links.wanted import Wanted
from ringrun.runtime.log import Log
from ringrun.runtime.wire.frames import FrameKind, encode_handshake
from ringrun.runtime.wire.handshake import DEADLINE, Dialling, Listening, Open, RefusedError

LINGER = 1.0
START_BYTES = 8
# Strangers that are in the middle of their handshake; more are turned away and come again.
MOST_STRANGERS = 256


class Connections:
    """All connections of one slave. `name` is None by hand, until a master gives one.

    `events` has what the core has to hear, in order; whoever calls takes it out.
    """

    def __init__(
        self,
        *,
        poll: select.epoll,
        listener: socket.socket,
        name: Name | None,
        token: bytes,
        log: Log,
    ) -> None:
        self.poll = poll
        self.name = name
        self.by_fd: dict[int, Link] = {}
        self.unfinished: dict[int, Link] = {}
        self.routes = Routes()
        self.events: deque[LinkEvent] = deque()
        self.timer = inf
        self._by_hand = name is None
        self._begun = False
        self._listener = listener
        self._token = token
        self._log = log
        self._start = os.urandom(START_BYTES)
        self._wanted = Wanted()
        listener.setblocking(False)
        poll.register(listener.fileno(), READ)

    # What is wanted.

    def want(self, members: Iterable[Member], now: float) -> None:
        """Have links to these from now on; end those that nobody wants to have any more."""
        assert self.name is not None
        wanted = self._wanted
        wanted.change(self.name.node, members, now)
        for link in [*self.routes.by_peer.values(), *self.unfinished.values()]:
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
        busy: set[NodeId | None] = set(self.routes.by_peer)
        for link in self.unfinished.values():
            if link.state is not State.LINGERING:
                busy.add(link.dialled)
        return busy

    # Beginnings.

    def handle(self, fd: int, event: int, now: float, *, begun: bool) -> bool:
        """Something happened to the listener or to a link that is not up; False if it is neither.

        `begun`: the run has, so by hand no other master may have this slave any more.
        """
        self._begun = begun
        link = self.by_fd.get(fd)
        if link is not None:
            self.advance(link, event, now)
        elif fd == self._listener.fileno():
            self._accept(now)
        else:
            return False
        return True

    def _accept(self, now: float) -> None:
        """Take what dials us."""
        while True:
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # Out of descriptors, for example: a stranger makes room; it dials again.
                self._log.complain(f"cannot accept: {errno_text(error)}")
                for stranger in [*self.unfinished.values()][:1]:
                    self.close(stranger, "another one waits", now)
                return
            if len(self.unfinished) >= MOST_STRANGERS:
                sock.close()
                continue
            link = accepted(
                sock,
                f"{address[0]}:{address[1]}",
                self.poll,
                # By hand a master gives run and name, and another may while nothing came of it.
                name=None if self._free else self.name,
                token=self._token,
                start=self._start,
                admit=self._admit,
                now=now,
            )
            self._begin(link, READ)

    def _dial(self, member: Member, now: float) -> None:
        assert self.name is not None
        link = dialled(member, self.poll, name=self.name, token=self._token, now=now)
        self._begin(link, READ_AND_WRITE)
        try:
            link.sock.connect((member.host, member.port))
        except BlockingIOError:
            pass
        except OSError as error:
            self.close(link, errno_text(error), now)

    def _begin(self, link: Link, events: int) -> None:
        self.timer = min(self.timer, link.deadline)
        self.unfinished[link.fd] = link
        self.by_fd[link.fd] = link
        self.poll.register(link.fd, events)

    @property
    def _free(self) -> bool:
        """Whether any master may give this slave a name: its run never began, and left it."""
        if not self._by_hand:
            return False
        masters = any(isinstance(peer, MasterId) for peer in self.routes.by_peer)
        return self.name is None or not (self._begun or masters)

    def _admit(self, opened: Open) -> str:
        return refusal(opened, self.name, self._wanted, free=self._free)

    # The handshake.

    def advance(self, link: Link, event: int, now: float) -> None:
        """Something happened on a link that is not up."""
        if link.state is State.CONNECTING:
            self._connected(link, now)
            return
        if event & select.EPOLLOUT:
            if not link.flush():
                self.close(link, link.broken, now)
                return
            if link.idle and link.state is State.LINGERING:
                self._say_no_more(link, now)
        if event & ~select.EPOLLOUT:
            self._read(link, now)

    def _read(self, link: Link, now: float) -> None:
        try:
            count = link.receive_into(link.decoder.space())
        except BlockingIOError:
            return
        except OSError as error:
            self.close(link, errno_text(error), now)
            return
        lingering = link.state is State.LINGERING
        if not count:
            # Who dials, says nothing and goes is a probe that asks whether we listen.
            probe = link.dialled is None and not link.greeted
            self.close(link, "" if lingering or probe else "closed during the handshake", now)
            return
        link.greeted = True
        if lingering:
            return
        try:
            self._converse(link, count, now)
        except ProtocolError as error:
            if isinstance(error, RefusedError):
                link.send_control(encode_handshake(error.answer))
            self.linger(link, str(error), now)

    def _connected(self, link: Link, now: float) -> None:
        error = link.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.close(link, errno_text(OSError(error, os.strerror(error))), now)
            return
        assert isinstance(link.handshake, Dialling)
        link.connected()
        self.poll.modify(link.fd, READ)
        if not link.send_control(encode_handshake(link.handshake.begin())):
            self.close(link, link.broken, now)

    def _converse(self, link: Link, count: int, now: float) -> None:
        handshake = link.handshake
        assert handshake is not None
        while frames := link.decoder.received(count):
            count = 0
            [(kind, body)] = frames
            assert kind == FrameKind.HANDSHAKE
            answer = handshake.receive(body)
            if answer and not link.send_control(encode_handshake(answer)):
                self.close(link, link.broken, now)
                return
            if handshake.peer is not None:
                self._established(link, handshake, handshake.peer.node, now)
                return

    def _established(
        self, link: Link, handshake: Dialling | Listening, peer: NodeId, now: float
    ) -> None:
        if isinstance(handshake, Listening) and handshake.named is not None:
            run, identity = handshake.named
            name = Name(run=run, node=SlaveId(identity.ordinal, identity.incarnation))
            if name != self.name:
                self._take_name(name, now)
        before = self.routes.by_peer.get(peer)
        if before is not None:
            self.close(before, "a newer connection took its place", now)
        del self.unfinished[link.fd]
        link.established(peer)
        link.source = self._wanted.source(peer)
        self.routes.add(link)
        if link.dialled is not None:
            self._wanted.up(link.dialled)
        self._log.detail(f"link to {peer} at {link.address} is up")
        self.events.append(Up(link=link))

    def _take_name(self, name: Name, now: float) -> None:
        """By hand: be this slave of this run from now on, and forget any other."""
        for link in list(self.routes.by_peer.values()):
            self.close(link, f"this is {name.node} of run {name.run} from now on", now)
        self.name = name
        self._wanted = Wanted()
        # What became of links of the old name is nobody's business any more.
        self.events.clear()
        self.events.append(Named(name=name))

    # Ends.

    def listen_no_more(self) -> None:
        """Neither accept nor dial from now on."""
        self._wanted.stop_dialling()
        self.poll.unregister(self._listener.fileno())
        self._listener.close()

    def drop(self, peer: NodeId, reason: str, now: float) -> None:
        """Close the connection to this node after what was sent."""
        link = self.routes.by_peer.get(peer)
        if link is not None:
            self.linger(link, reason, now)

    def linger(self, link: Link, reason: str, now: float) -> None:
        """Let the other side read what was sent: closing at once might take it back."""
        was_up = link.up
        link.linger(now + LINGER)
        if was_up:
            self._forget(link, now)
            self.unfinished[link.fd] = link
        if reason:
            self._log.complain(f"connection {_with(link)} dropped: {reason}")
        self.timer = min(self.timer, link.deadline)
        if link.idle:
            self._say_no_more(link, now)

    def _say_no_more(self, link: Link, now: float) -> None:
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
        # Who sees its connection end may look for the line.
        if reason and state in {State.UP, State.HANDSHAKE}:
            self._log.complain(f"connection {_with(link)} dropped: {reason}")
        elif reason:
            self._log.detail(f"dialling {_with(link)}: {reason}")
        del self.by_fd[link.fd]
        self.poll.unregister(link.fd)
        link.end()
        if state is State.UP:
            self._forget(link, now)
        else:
            del self.unfinished[link.fd]
        self.timer = now

    def _forget(self, link: Link, now: float) -> None:
        """The link is no longer up; the core hears of it, and whoever dialled dials again."""
        self.routes.remove(link)
        if link.dialled is not None:
            self._wanted.down(link.dialled, now)
        self.timer = now
        self.events.append(Down(peer=link.peer))


def _with(link: Link) -> str:
    if link.peer != NOBODY:
        return f"with {link.peer}"
    return f"to {link.dialled} at {link.address}" if link.dialled else f"from {link.address}"
