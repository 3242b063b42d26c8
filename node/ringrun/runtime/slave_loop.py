"""The slave's loop: one thread, one epoll, raw sockets; everything between a core and the kernel.

Each turn: deadlines first, then what has arrived (control before data), then the turn that is due
once nothing that had arrived is left, and idle time goes into folding. It polls for a while before
it blocks, since waking another CPU costs more than a whole lockstep hop (docs/performance.md).
Called by `slave_process`. What a frame means, when to issue and what to send is the core's.
"""

import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Result
from ringrun.core.outputs import Drop, Exit, Finish, Links, Output, Say, Send
from ringrun.core.slave import Slave
from ringrun.runtime.link import JOIN_UP_TO, Link, State, errno_text
from ringrun.runtime.log import Log
from ringrun.runtime.spinning import MOST_EVENTS, Spinning
from ringrun.runtime.wire import (
    PREAMBLE,
    VERSION,
    FrameKind,
    data_preamble,
    decode_control,
    encode_control,
)

if TYPE_CHECKING:
    from ringrun.runtime.connections import Connections

# After Exit what is queued may still leave, for this long.
LAST_WORDS = 1.0
# The exit code of a slave that was told to end before any master gave it a name.
ENDED_UNNAMED = 130

_DATA = int(FrameKind.DATA)
_CONTROL = int(FrameKind.CONTROL)


class Notes(Protocol):
    """Where notes go before anything that follows from them leaves (`runtime.journal`)."""

    def write(self, notes: list[tuple[object, ...]], now: float) -> None: ...

    def close(self) -> None: ...


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
        self.journal: Notes | None = None
        self.leaving = False
        self.code: int | None = None
        self._keep = keep
        self._others: dict[int, Callable[[], None]] = {}
        self._own: list[bytes] = []
        self._broken: list[Link] = []

    def watch(self, descriptor: int, readable: Callable[[], None]) -> None:
        """Call `readable` whenever this descriptor is; for the channel and the signals."""
        self._others[descriptor] = readable
        self.poll.register(descriptor, select.EPOLLIN)

    def run(self) -> int:
        """Until Exit, whose code this returns."""
        monotonic = time.monotonic
        poll = self.poll.poll
        connections = self.connections
        by_fd = connections.by_fd
        spinning = Spinning(self.poll)
        while self.core is None and self.code is None:
            # By hand: nothing but handshakes until a master gives a name.
            now = monotonic()
            for fd, event in poll(max(0.0, min(connections.timer - now, 60.0)), MOST_EVENTS):
                self._other(fd, event, monotonic())
            if monotonic() >= connections.timer:
                connections.tick(monotonic())
            if self.leaving and self.core is None:
                return ENDED_UNNAMED
        self._flush(monotonic())
        while self.code is None:
            # By hand it may be another, as long as none has begun.
            core = self.core
            assert core is not None
            # A turn that was due before this poll is taken after what the poll brings.
            due = core.pending
            events = poll(0, MOST_EVENTS)
            if not events and not due and not self._own:
                if core.fold():
                    if core.notes:
                        self._flush(monotonic())
                else:
                    until = core.deadline
                    if connections.timer < until:
                        until = connections.timer
                    events = spinning.wait(until, core.spin)
            elif due and not events and core.pending_at > monotonic():
                until = min(core.deadline, connections.timer, core.pending_at)
                events = spinning.wait(until, 0.0)
            now = monotonic()
            if now >= core.deadline:
                core.tick(now)
                self._flush(now)
            if now >= connections.timer:
                connections.tick(now)
            for fd, event in events:
                link = by_fd.get(fd)
                if link is not None and link.state is State.UP:
                    if event == 1:
                        self._read(link)
                    else:
                        self._ready(link, event)
                else:
                    self._other(fd, event, monotonic())
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
                now = monotonic()
                core.leave(now)
                self._flush(now)
        self._last_words()
        return self.code

    # What comes in.

    def _read(self, link: Link) -> None:
        """Take what has arrived on a link, all of it in one receive."""
        decoder = link.decoder
        try:
            count = link.receive_into(decoder.space())
        except BlockingIOError:
            return
        except OSError as error:
            self.connections.close(link, errno_text(error), time.monotonic())
            return
        now = time.monotonic()
        if not count:
            self.connections.close(link, "closed by the other side", now)
            return
        try:
            frames = decoder.received(count)
            if len(frames) == 1 and frames[0][0] == _DATA:
                # What a lockstep link brings nearly always.
                core = self.core
                if link.current and core is not None and link.ordinal >= 0:
                    core.data(link.ordinal, frames[0][1], now)
                    self._flush(now)
            else:
                self._take(link, frames, now)
        except ProtocolError as error:
            self._refuse(link, error, now)

    def _take(self, link: Link, frames: list[tuple[int, memoryview]], now: float) -> None:
        """Many frames, none, or control among them: control first. May raise ProtocolError."""
        core = self.core
        assert core is not None
        if now >= core.deadline:
            core.tick(now)
            self._flush(now)
        peer = link.peer
        datas = 0
        for kind, body in frames:
            if kind == _CONTROL:
                core.receive(peer, decode_control(body), now)
                self._flush(now)
            else:
                datas += 1
        if isinstance(peer, str):
            if datas:
                raise ProtocolError("a master sends no data")
            return
        if not frames:
            # A large frame that is still coming is a sign of life too.
            core.heard(peer, now)
        if datas and link.current:
            ordinal = link.ordinal
            data = core.data
            flush = self._flush
            for kind, body in frames:
                if kind == _DATA:
                    data(ordinal, body, now)
                    flush(now)

    def _ready(self, link: Link, event: int) -> None:
        """More than plain input on a link that is up: it takes output again, or it is gone."""
        if event & select.EPOLLOUT and not link.flush():
            self.connections.close(link, link.broken, time.monotonic())
        elif event & ~select.EPOLLOUT:
            self._read(link)

    def _other(self, fd: int, event: int, now: float) -> None:
        """The listener, a link that is not up yet or any more, the channel, a signal."""
        connections = self.connections
        link = connections.by_fd.get(fd)
        if link is not None:
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
            if frames and link.state is State.UP:
                self._take(link, frames, now)
        except ProtocolError as error:
            self._refuse(link, error, now)

    def _refuse(self, link: Link, error: ProtocolError, now: float) -> None:
        self._flush(now)
        self.connections.close(link, str(error), now)

    def _take_own(self) -> None:
        """A view of one: its frames come back to it like any other's."""
        core = self.core
        assert core is not None
        own, self._own = self._own, []
        now = time.monotonic()
        if now >= core.deadline:
            core.tick(now)
            self._flush(now)
        for frame in own:
            core.data(core.node.ordinal, memoryview(frame), now)
            self._flush(now)

    def up(self, link: Link, now: float) -> None:
        """A link came up."""
        core = self.core
        assert core is not None
        core.link_up(link.peer, now)
        self._flush(now)

    def down(self, link: Link, now: float) -> None:
        """A link that was up is gone."""
        core = self.core
        assert core is not None
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
            frames = core.frames
            if frames:
                self._send_frames(core, frames)
                frames.clear()
            outputs = core.outputs
            if not outputs:
                return
            batch = outputs[:]
            outputs.clear()
            for output in batch:
                self._put_out(core, output, now)

    def _send_frames(
        self, core: Slave, frames: list[tuple[tuple[int, ...], tuple[bytes | memoryview, ...]]]
    ) -> None:
        connections = self.connections
        by_ordinal = connections.by_ordinal
        for ordinals, parts in frames:
            if len(parts) == 1 and type(parts[0]) is bytes:
                body = parts[0]
                frame = PREAMBLE.pack(len(body) + 2, VERSION, _DATA) + body
            else:
                preamble = data_preamble(parts)
                size = PREAMBLE.unpack(preamble)[0] + 4
                if size > JOIN_UP_TO and len(ordinals) == 1 and ordinals[0] in by_ordinal:
                    link = by_ordinal[ordinals[0]]
                    if link.send_parts((preamble, *parts), size):
                        if not connections.older:
                            continue
                    else:
                        self._broken.append(link)
                frame = b"".join((preamble, *parts))
            for ordinal in ordinals:
                found = by_ordinal.get(ordinal)
                if found is not None:
                    if not found.send(frame):
                        self._broken.append(found)
                elif ordinal == core.node.ordinal:
                    self._own.append(frame[PREAMBLE.size :])
            if connections.older:
                for node, older in connections.older.items():
                    if node.ordinal in ordinals and not older.send(frame):
                        self._broken.append(older)

    def _put_out(self, core: Slave, output: Output, now: float) -> None:
        match output:
            case Send(to, message):
                link = self.connections.by_peer.get(to)
                if link is not None and not link.send_control(encode_control(message)):
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

    def _last_words(self) -> None:
        """Let what is queued leave, and the other side read it; for at most a second."""
        self.connections.finish(time.monotonic() + LAST_WORDS)
