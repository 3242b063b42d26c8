"""The slave's loop: one thread, one epoll, raw sockets; what comes from the kernel to a core.

Each turn: deadlines first, then what has arrived (control before data), then the turn that is due
once nothing that had arrived is left, and idle time goes into folding. It polls for a while before
it blocks, since waking another CPU costs more than a whole lockstep hop (docs/performance.md).
Called by `process`. What a frame means, when to issue and what to send is the core's.
"""

import select
import time
from collections.abc import Callable

from ringrun.core.errors import ProtocolError
from ringrun.core.node import MasterId
from ringrun.core.phase import Phase
from ringrun.core.runner import SlaveCore
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.events import Down, Named, Up
from ringrun.runtime.links.link import Link
from ringrun.runtime.links.sockets import errno_text
from ringrun.runtime.slave.leaving import let_leave
from ringrun.runtime.slave.outlet import HEARTBEAT_BODY, Ended, Outlet
from ringrun.runtime.slave.spinning import FINE_WAIT, LONGEST_WAIT, MOST_EVENTS, Events, Spinning
from ringrun.runtime.slave.waking import Waking
from ringrun.runtime.wire.frames import DATA_TAG, PLAIN, FrameKind, decode_control

# After Exit what is queued may still leave, for this long.
LAST_WORDS = 1.0

# Receiving this much may have filled a block of 4,096 entries, in lockstep not by far.
FOLD_AFTER = 8 << 10

_RUNNING = (Phase.SEND, Phase.GRACE)

_DATA = int(FrameKind.DATA)
_CONTROL = int(FrameKind.CONTROL)


class SlaveLoop:
    """Runs one slave core until it says Exit. Links and handshakes are `connections`'."""

    def __init__(
        self,
        *,
        core: SlaveCore,
        connections: Connections,
        outlet: Outlet,
        waking: Waking,
    ) -> None:
        self._core = core
        self._connections = connections
        self._outlet = outlet
        self._waking = waking
        self._flush = outlet.flush
        self._unfolded = 0
        self._spin = 0.0
        self._renamed: Name | None = None

    def run(self) -> int | Name:
        """Until Exit, whose code this returns; or until a slave by hand gets another name."""
        try:
            return self._turns()
        except Ended as ended:
            let_leave(self._connections, time.monotonic() + LAST_WORDS)
            return ended.code

    def _turns(self) -> Name:
        """One after the other; Ended at the exit."""
        core, outlet, waking = self._core, self._outlet, self._waking
        send, flush, own, broken = outlet.send, outlet.flush, outlet.own, outlet.broken
        monotonic = time.monotonic
        connections = self._connections
        poll = connections.poll.poll
        spinning = Spinning(connections.poll)
        unpack = PLAIN.unpack_from
        by_fd = connections.by_fd
        link_events = connections.events
        now = monotonic()
        flush(now)
        self._settle(now)
        while True:
            # A turn that was due before this poll is taken after what the poll brings.
            due = core.pending
            if due or own or self._unfolded >= FOLD_AFTER:
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
                flush(now)
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
                    if self._renamed is not None:
                        return self._renamed
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
                            flush(now)
                        elif core.frames:
                            send()
                        continue
                self._received(link, count, now, link.decoder.restart)
            if own:
                self._take_own()
            if due and core.pending:
                now = monotonic()
                if now >= core.pending_at:
                    core.issue(now)
                    flush(now)
            if broken or link_events:
                self._settle(monotonic())
            if waking.leaving:
                waking.leaving = False
                self._leave()

    def _idle(self, core: SlaveCore, spinning: Spinning) -> Events:
        """Nothing has arrived: take the turn, or wait for its time, or fold a block."""
        if core.pending:
            until = min(core.deadline, self._connections.timer, core.pending_at)
            return spinning.wait(until, 0.0) if until > time.monotonic() else []
        if not self._outlet.own:
            if core.fold():
                self._flush(time.monotonic())
            else:
                self._unfolded = 0
        return []

    def _set_spin(self, core: SlaveCore) -> None:
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
            self._connections.close(link, errno_text(error), now)

    def _received(
        self,
        link: Link,
        count: int,
        now: float,
        cut: Callable[[int], list[tuple[int, memoryview]]],
    ) -> None:
        """So many bytes came; `cut` makes frames of them."""
        if not count:
            self._connections.close(link, "closed by the other side", now)
            return
        try:
            self._take(link, cut(count), now)
        except ProtocolError as error:
            self._refuse(link, error, now)

    def _take(self, link: Link, frames: list[tuple[int, memoryview]], now: float) -> None:
        """Many frames, none, or control among them: control first. May raise ProtocolError."""
        core = self._core
        self._tick_if_due(now)
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
            self._connections.close(link, link.broken, now)
        elif event & ~select.EPOLLOUT:
            self._read(link, now)

    def _other(self, fd: int, event: int, now: float) -> None:
        """The listener, the channel, a signal; a link that is not up, or takes output again."""
        connections = self._connections
        link = connections.by_fd.get(fd)
        if link is not None and link.up:
            self._ready(link, event, now)
        elif not connections.handle(fd, event, now, begun=self._core.phase is not Phase.START):
            self._waking.handle(fd)
        if connections.events:
            self._heed(now)

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
        self._connections.close(link, str(error), now)

    def _leave(self) -> None:
        """SIGTERM."""
        now = time.monotonic()
        self._tick_if_due(now)
        self._core.leave(now)
        self._flush(now)

    def _tick_if_due(self, now: float) -> None:
        if now >= self._core.deadline:
            self._core.tick(now)
            self._flush(now)

    def _take_own(self) -> None:
        """A view of one: its frames come back to it like any other's."""
        core = self._core
        own = self._outlet.own[:]
        self._outlet.own.clear()
        now = time.monotonic()
        self._tick_if_due(now)
        for frame in own:
            self._unfolded += len(frame)
            core.data(core.node.ordinal, memoryview(frame), now)
            self._flush(now)

    # What became of links.

    def _settle(self, now: float) -> None:
        """Close what could not be sent to, and let the core hear of all that is gone or new."""
        broken = self._outlet.broken
        while broken or self._connections.events:
            while broken:
                link = broken.pop()
                self._connections.close(link, link.broken, now)
            self._heed(now)
            if self._renamed is not None:
                return

    def _heed(self, now: float) -> None:
        """Tell the core what became of its links, in order, up to a name that is not its own."""
        events = self._connections.events
        while events and self._renamed is None:
            match events.popleft():
                case Up(link=link):
                    self._tick_if_due(now)
                    self._core.link_up(link.peer, now)
                    self._flush(now)
                    self._first_frames(link, now)
                case Down(peer=peer):
                    self._tick_if_due(now)
                    self._core.link_down(peer, now)
                    self._flush(now)
                case Named(name=name):
                    self._renamed = name
