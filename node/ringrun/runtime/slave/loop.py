"""The slave's loop: one thread, one epoll, raw sockets; everything between a core and the kernel.

Each turn: deadlines first, then what has arrived (control before data), then the turn that is due
once nothing that had arrived is left, and idle time goes into folding. It polls for a while before
it blocks, since waking another CPU costs more than a whole lockstep hop (docs/performance.md).
Called by `slave_process`. What a frame means, when to issue and what to send is the core's.
"""

import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Heartbeat, Result
from ringrun.core.node import MasterId
from ringrun.core.outputs import Beat, Drop, Exit, Finish, Links, Output, Say, Send
from ringrun.core.phase import Phase
from ringrun.core.slave.slave import Slave
from ringrun.runtime.links.link import Link, errno_text
from ringrun.runtime.log import Log
from ringrun.runtime.slave.leaving import let_leave
from ringrun.runtime.slave.sending import sender
from ringrun.runtime.slave.spinning import FINE_WAIT, LONGEST_WAIT, MOST_EVENTS, Events, Spinning
from ringrun.runtime.wire.frames import (
    DATA_TAG,
    PLAIN,
    PREAMBLE,
    FrameKind,
    decode_control,
    encode_control,
)

if TYPE_CHECKING:
    from ringrun.runtime.journal import Journal
    from ringrun.runtime.links.connections import Connections

# After Exit what is queued may still leave, for this long.
LAST_WORDS = 1.0
# The exit code of a slave that was told to end before any master gave it a name.
ENDED_UNNAMED = 130

# Receiving this much may have filled a block of 4,096 entries, in lockstep not by far.
FOLD_AFTER = 8 << 10

# Nearly all control frames of a large ring are this one: neither encoded nor decoded each time.
HEARTBEAT = encode_control(Heartbeat())
HEARTBEAT_BODY = HEARTBEAT[PREAMBLE.size :]

_RUNNING = (Phase.SEND, Phase.GRACE)

_DATA = int(FrameKind.DATA)
_CONTROL = int(FrameKind.CONTROL)


class SlaveLoop:
    """Runs one slave core until it says Exit. Links and handshakes are `connections`'."""

    def __init__(
        self,
        *,
        poll: select.epoll,
        log: Log,
        keep: Callable[[Result], Result],
    ) -> None:
        self.poll = poll
        self.log = log
        self.connections: Connections
        self.core: Slave | None = None
        self._core: Slave
        self._send: Callable[[], None]
        self.journal: Journal | None = None
        self.leaving = False
        self.code: int | None = None
        self._keep = keep
        self._others: dict[int, Callable[[], None]] = {}
        self._own: list[bytes] = []
        self._unfolded = 0
        self._spin = 0.0
        self._broken: list[Link] = []

    def watch(self, descriptor: int, readable: Callable[[], None]) -> None:
        """Call `readable` whenever this descriptor is; for the channel and the signals."""
        self._others[descriptor] = readable
        self.poll.register(descriptor, select.EPOLLIN)

    def begin(self, core: Slave) -> None:
        """Run this core; by hand in place of one whose run never began."""
        self.core = self._core = core
        self._send = sender(core, self.connections, self._own, self._broken)

    def run(self) -> int:
        """Until Exit, whose code this returns."""
        if not self._named():
            return ENDED_UNNAMED
        core, send = self._core, self._send
        monotonic = time.monotonic
        poll = self.poll.poll
        spinning = Spinning(self.poll)
        unpack = PLAIN.unpack_from
        connections = self.connections
        by_fd = connections.by_fd
        now = monotonic()
        self._flush(now)
        while self.code is None:
            # A turn that was due before this poll is taken after what the poll brings.
            due = core.pending
            if due or self._own or self._unfolded >= FOLD_AFTER:
                events = poll(0, MOST_EVENTS)
                if not events:
                    events = self._idle(core, spinning)
            else:
                until = core.deadline
                if connections.timer < until:
                    until = connections.timer
                left = until - now
                if self._spin or left < FINE_WAIT:
                    events = spinning.wait(until, self._spin)
                else:
                    events = poll(min(left, LONGEST_WAIT), MOST_EVENTS)
            now = monotonic()
            if now >= core.deadline:
                core.tick(now)
                self._flush(now)
                self._set_spin(core)
            if now >= connections.timer:
                connections.tick(now)
            later = False
            for fd, event in events:
                if later:
                    now = monotonic()
                later = True
                link = by_fd.get(fd)
                if event != 1 or link is None or not link.up:
                    self._other(fd, event, now)
                    if self.core is not core:
                        # By hand it may be another, as long as none has begun.
                        core, send = self._core, self._send
                    continue
                # What a lockstep link brings nearly always, one whole data frame, is taken here:
                # every call less counts (docs/performance.md).
                plain = link.decoder.plain
                if plain is None:
                    self._read(link, now)
                    continue
                try:
                    count = link.receive_into(plain)
                except OSError as error:
                    self._unreadable(link, error, now)
                    continue
                self._unfolded += count
                if count > 6:
                    length, tag = unpack(plain)
                    if tag == DATA_TAG and length + 4 == count and link.source >= 0:
                        try:
                            core.data(link.source, plain[6:count], now)
                        except ProtocolError as error:
                            self._refuse(link, error, now)
                            continue
                        if core.notes or core.outputs:
                            self._flush(now)
                        elif core.frames:
                            send()
                        continue
                self._received(link, count, now, link.decoder.restart)
            if self._own:
                self._take_own()
            if due and core.pending:
                now = monotonic()
                if now >= core.pending_at:
                    core.issue(now)
                    self._flush(now)
            if self._broken:
                self._mend(monotonic())
            if self.leaving:
                self.leaving = False
                core.leave(now)
                self._flush(now)
        let_leave(connections, monotonic() + LAST_WORDS)
        return self.code

    def _named(self) -> bool:
        """By hand: nothing but handshakes until a master gives a name; False if told to end."""
        connections = self.connections
        while self.core is None and self.code is None:
            timeout = max(0.0, min(connections.timer - time.monotonic(), 60.0))
            for fd, event in self.poll.poll(timeout, MOST_EVENTS):
                self._other(fd, event, time.monotonic())
            if time.monotonic() >= connections.timer:
                connections.tick(time.monotonic())
            if self.leaving and self.core is None:
                return False
        return True

    def _idle(self, core: Slave, spinning: Spinning) -> Events:
        """Nothing has arrived: take the turn, or wait for its time, or fold a block."""
        if core.pending:
            until = min(core.deadline, self.connections.timer, core.pending_at)
            return spinning.wait(until, 0.0) if until > time.monotonic() else []
        if not self._own:
            if core.fold():
                self._flush(time.monotonic())
            else:
                self._unfolded = 0
        return []

    def _set_spin(self, core: Slave) -> None:
        # Before SEND little comes, and spinning in vain would be given up for a while.
        self._spin = core.spin if core.phase in _RUNNING else 0.0

    # What comes in.

    def _read(self, link: Link, now: float) -> None:
        """Take what has arrived on a link, in one receive."""
        decoder = link.decoder
        try:
            count = link.receive_into(decoder.space())
        except OSError as error:
            self._unreadable(link, error, now)
        else:
            self._unfolded += count
            self._received(link, count, now, decoder.received)

    def _unreadable(self, link: Link, error: OSError, now: float) -> None:
        if not isinstance(error, BlockingIOError):
            self.connections.close(link, errno_text(error), now)

    def _received(
        self,
        link: Link,
        count: int,
        now: float,
        cut: Callable[[int], list[tuple[int, memoryview]]],
    ) -> None:
        """So many bytes came; `cut` makes frames of them."""
        if not count:
            self.connections.close(link, "closed by the other side", now)
            return
        try:
            self._take(link, cut(count), now)
        except ProtocolError as error:
            self._refuse(link, error, now)

    def _take(self, link: Link, frames: list[tuple[int, memoryview]], now: float) -> None:
        """Many frames, none, or control among them: control first. May raise ProtocolError."""
        core = self._core
        if now >= core.deadline:
            core.tick(now)
            self._flush(now)
        peer = link.peer
        datas = 0
        for kind, body in frames:
            if kind == _CONTROL and body == HEARTBEAT_BODY and not isinstance(peer, MasterId):
                core.heard(peer, now)
            elif kind == _CONTROL:
                core.receive(peer, decode_control(body), now)
                self._flush(now)
            else:
                datas += 1
        if isinstance(peer, MasterId):
            if datas:
                raise ProtocolError("a master sends no data")
            return
        if not frames:
            # A large frame that is still coming is a sign of life too.
            core.heard(peer, now)
        source = link.source
        if datas and source >= 0:
            data = core.data
            flush = self._flush
            for kind, body in frames:
                if kind == _DATA:
                    data(source, body, now)
                    flush(now)

    def _ready(self, link: Link, event: int, now: float) -> None:
        """More than plain input on a link that is up: it takes output again, or it is gone."""
        if event & select.EPOLLOUT and not link.flush():
            self.connections.close(link, link.broken, now)
        elif event & ~select.EPOLLOUT:
            self._read(link, now)

    def _other(self, fd: int, event: int, now: float) -> None:
        """The listener, the channel, a signal; a link that is not up, or takes output again."""
        connections = self.connections
        link = connections.by_fd.get(fd)
        if link is not None and link.up:
            self._ready(link, event, now)
        elif link is not None:
            if connections.advance(link, event, now):
                self._first_frames(link, now)
        elif fd in self._others:
            self._others[fd]()
        elif fd == connections.listener.fileno():
            connections.accept(now)

    def _first_frames(self, link: Link, now: float) -> None:
        """What came in one receive with the last word of the handshake."""
        try:
            frames = link.decoder.received(0)
            if frames and link.up:
                self._take(link, frames, now)
        except ProtocolError as error:
            self._refuse(link, error, now)

    def _refuse(self, link: Link, error: ProtocolError, now: float) -> None:
        self._flush(now)
        self.connections.close(link, str(error), now)

    def _take_own(self) -> None:
        """A view of one: its frames come back to it like any other's."""
        core = self._core
        own = self._own[:]
        self._own.clear()
        now = time.monotonic()
        if now >= core.deadline:
            core.tick(now)
            self._flush(now)
        for frame in own:
            self._unfolded += len(frame)
            core.data(core.node.ordinal, memoryview(frame), now)
            self._flush(now)

    def up(self, link: Link, now: float) -> None:
        """A link came up."""
        core = self._core
        core.link_up(link.peer, now)
        self._flush(now)

    def down(self, link: Link, now: float) -> None:
        """A link that was up is gone."""
        core = self._core
        core.link_down(link.peer, now)
        self._flush(now)

    # What goes out.

    def _flush(self, now: float) -> None:
        """Let out what the core has to say: written down first, then frames, then the rest."""
        core = self.core
        if core is None:
            return
        while True:
            notes = core.notes
            if notes:
                if self.journal is not None:
                    self.journal.write(notes, now)
                notes.clear()
            if core.frames:
                self._send()
            outputs = core.outputs
            if not outputs:
                return
            batch = outputs[:]
            outputs.clear()
            for output in batch:
                self._put_out(core, output, now)

    def _put_out(self, core: Slave, output: Output, now: float) -> None:
        match output:
            case Send(to, message):
                link = self.connections.by_peer.get(to)
                if link is not None and not link.send_control(encode_control(message)):
                    self._broken.append(link)
            case Beat(peers):
                by_peer = self.connections.by_peer
                for peer in peers:
                    link = by_peer.get(peer)
                    if link is not None and not link.send_control(HEARTBEAT):
                        self._broken.append(link)
            case Links(wanted):
                self.connections.want(wanted, now)
            case Finish(result):
                # The others end as this one does; their connections closing is no news.
                self.log.calm = True
                core.finish(self._keep(result), time.monotonic())
            case Drop(peer, reason):
                self.connections.drop(peer, reason, now)
            case Say(text):
                self.log.say(text)
            case Exit(code, reason):
                if self.code is None:
                    self.code = code
                    if reason:
                        self.log.say(reason)
            case _:
                raise AssertionError(f"a slave does not ask for {type(output).__name__}")

    def _mend(self, now: float) -> None:
        """Close what could not be sent to: the core hears of it, and whoever dials dials again."""
        while self._broken:
            link = self._broken.pop()
            self.connections.close(link, link.broken, now)
