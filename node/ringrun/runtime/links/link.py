"""One connection of a slave: its socket, what was received of a frame, what waits to be sent.

Control frames overtake data frames that the kernel has not begun to take. What waits is bounded: a
peer that stops reading costs its connection, not our memory, and HELLO brings back what was lost.
Kept by `connections`, which knows who is at the other end and says how far a link is; read and
written by the slave's loop while it is up.
"""

import select
import socket
from collections import deque
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.runtime.links.sockets import errno_text
from ringrun.runtime.wire.frames import CONTROL_LIMIT, Buffer, Decoder
from ringrun.runtime.wire.handshake import Dialling, Listening

# More than this of data, and more than two of its largest frames, waits for no peer.
DATA_WAITING = 1 << 20
CONTROL_WAITING = 2 * CONTROL_LIMIT

READ = select.EPOLLIN
READ_AND_WRITE = select.EPOLLIN | select.EPOLLOUT


class State(IntEnum):
    """How far a connection is."""

    CONNECTING = 1
    HANDSHAKE = 2
    UP = 3
    LINGERING = 4
    """Nothing is said any more; the other side reads to the end of what was, and closes."""
    CLOSED = 5


AFTER: Final = {
    State.CONNECTING: frozenset({State.HANDSHAKE, State.CLOSED}),
    State.HANDSHAKE: frozenset({State.UP, State.LINGERING, State.CLOSED}),
    State.UP: frozenset({State.LINGERING, State.CLOSED}),
    State.LINGERING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset[State](),
}
"""How a link may go on."""


NOBODY: Final = MasterId(-1, 0)
"""The peer of a link whose handshake has not ended."""


class Link:
    """One connection. `send` answers False when it is broken, and `broken` then says why."""

    __slots__ = (
        "_control",
        "_control_waiting",
        "_data",
        "_data_waiting",
        "_largest",
        "_part",
        "_poll",
        "_send_gathered",
        "_state",
        "address",
        "broken",
        "deadline",
        "decoder",
        "dialled",
        "fd",
        "give",
        "greeted",
        "handshake",
        "idle",
        "peer",
        "receive_into",
        "sock",
        "source",
        "up",
    )

    def __init__(
        self,
        sock: socket.socket,
        poll: select.epoll,
        *,
        address: str,
        handshake: Dialling | Listening,
        deadline: float,
        dialled: SlaveId | None = None,
    ) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.address = address
        self.dialled = dialled
        self.handshake: Dialling | Listening | None = handshake
        # When it is given up, unless it has come up by then or has ended by itself.
        self.deadline = deadline
        # Whether the other side has ever said anything.
        self.greeted = False
        self._state = State.HANDSHAKE if dialled is None else State.CONNECTING
        # The same as state being UP, where looking that up would cost; `_go` alone changes both.
        self.up = False
        self.decoder = Decoder()
        self.peer: NodeId = NOBODY
        # The ordinal under which data of this link goes to the core; -1: it does not (a master, or
        # a start of a slave that is not the wanted one).
        self.source = -1
        self.broken = ""
        self.receive_into = sock.recv_into
        self.idle = True
        self.give = sock.send
        self._send_gathered = sock.sendmsg
        self._poll = poll
        self._part: memoryview | None = None
        self._control: deque[bytes] = deque()
        self._data: deque[bytes] = deque()
        self._control_waiting = 0
        self._data_waiting = 0
        self._largest = 0

    # How far it is.

    @property
    def state(self) -> State:
        return self._state

    def connected(self) -> None:
        """The other side's system has accepted; now the handshake."""
        self._go(State.HANDSHAKE)

    def established(self, peer: NodeId) -> None:
        """The other side is proved to be this node."""
        self._go(State.UP)
        self.handshake = None
        self.peer = peer
        self.decoder.authenticated()

    def linger(self, deadline: float) -> None:
        """Only what waits is still sent, until then at the latest."""
        self._go(State.LINGERING)
        self.deadline = deadline

    def end(self) -> None:
        """No more of it; what the kernel has not sent is lost."""
        self._go(State.CLOSED)
        self.sock.close()

    def _go(self, state: State) -> None:
        assert state in AFTER[self._state], f"from {self._state.name} to {state.name}"
        self._state = state
        self.up = state is State.UP

    # What goes out.

    @property
    def waiting(self) -> int:
        """Bytes that the kernel has not taken yet."""
        part = len(self._part) if self._part is not None else 0
        return part + self._control_waiting + self._data_waiting

    def send(self, frame: bytes) -> bool:
        """Send a data frame, or keep what the kernel does not take; False if the link is broken.

        `sending` does the same in its own loop: give while idle, else queue.
        """
        if not self.idle:
            return self.queue_data(frame)
        try:
            sent = self.give(frame)
        except OSError as error:
            return self.not_given(frame, error)
        if sent != len(frame):
            self.keep(frame, sent)
        return True

    def keep(self, frame: bytes, sent: int) -> None:
        """The kernel took only so much of it."""
        self._keep(memoryview(frame)[sent:])

    def not_given(self, frame: bytes, error: OSError) -> bool:
        """The kernel took nothing of it; False if that is because the link is broken."""
        if not isinstance(error, BlockingIOError):
            return self._break(error)
        self._keep(memoryview(frame))
        return True

    def send_parts(self, parts: Sequence[Buffer]) -> bool:
        """Send a data frame (preamble first) without joining it; copies what is not taken."""
        if not self.idle:
            return self.queue_data(b"".join(parts))
        try:
            sent = self._send_gathered(parts)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            return self._break(error)
        size = 0
        rest: list[Buffer] = []
        for part in parts:
            view = memoryview(part).cast("B")
            size += len(view)
            if size > sent:
                rest.append(view[max(0, sent - size + len(view)) :])
        if rest:
            if size > self._largest:
                self._largest = size
            self._keep(memoryview(b"".join(rest)))
        return True

    def send_control(self, frame: bytes) -> bool:
        """Send a control frame before any data frame that the kernel has not begun to take."""
        if self.idle:
            return self.send(frame)
        self._control_waiting += len(frame)
        if self._control_waiting > CONTROL_WAITING:
            self.broken = f"does not read: {self._control_waiting} bytes of control wait"
            return False
        self._control.append(frame)
        return True

    def flush(self) -> bool:
        """The kernel takes more; False if the link is broken."""
        while True:
            part = self._part
            if part is None:
                if self._control:
                    frame = self._control.popleft()
                    self._control_waiting -= len(frame)
                elif self._data:
                    frame = self._data.popleft()
                    self._data_waiting -= len(frame)
                else:
                    self.idle = True
                    self._poll.modify(self.fd, READ)
                    return True
                part = memoryview(frame)
            try:
                sent = self.give(part)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                return self._break(error)
            if sent != len(part):
                self._part = part[sent:]
                return True
            self._part = None

    def queue_data(self, frame: bytes) -> bool:
        """Let it wait behind what is under way; False if too much waits already."""
        size = len(frame)
        if size > self._largest:
            self._largest = size
        self._data_waiting += size
        if self._data_waiting > max(DATA_WAITING, 2 * self._largest):
            self.broken = f"does not read: {self._data_waiting} bytes of data wait"
            return False
        self._data.append(frame)
        return True

    def _keep(self, rest: memoryview) -> None:
        self._part = rest
        self.idle = False
        self._poll.modify(self.fd, READ_AND_WRITE)

    def _break(self, error: OSError) -> bool:
        self.broken = errno_text(error)
        return False
