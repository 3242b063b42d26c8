"""Frames: what goes over a connection, as bytes in and bytes out.

    length u32 LE (of what follows) | version u8 | kind u8 | body

A body is a handshake message (`handshake`), a control message (msgpack of
`core.messages.Control`) or a data frame (`core.ring.frame`). Called by the links of slaves and
masters. Sockets, clocks and what a message means are left to others; whatever is malformed is a
ProtocolError of one line and never anything else.
"""

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from typing import cast

import msgspec

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Control

VERSION = 1
PREAMBLE = Struct("<IBB")
# The same with version and kind as one number.
PLAIN = Struct("<IH")
# What `length` counts besides the body: version and kind.
COUNTED = 2

HANDSHAKE_LIMIT = 1 << 10
CONTROL_LIMIT = 8 << 20
DATA_LIMIT = 144 << 20

# A train of four slaves with 4,096 entries a station is 131 KiB; a buffer holds a frame like it
# and the beginning of the next.
BASE_CAPACITY = 256 << 10
# After this many receives without a frame that needs it, a grown buffer is given back.
SHRINK_AFTER = 1024

Buffer = bytes | bytearray | memoryview


class FrameKind(IntEnum):
    """What a frame's body is."""

    HANDSHAKE = 1
    CONTROL = 2
    DATA = 3


DATA_TAG = VERSION | FrameKind.DATA << 8

# The largest `length` by kind; 0 refuses the kind altogether.
_BEFORE = (0, HANDSHAKE_LIMIT, 0, 0)
_AFTER = (0, 0, CONTROL_LIMIT, DATA_LIMIT)

_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Control] = msgspec.msgpack.Decoder(cast(type[Control], Control))
_decode = _decoder.decode


def encode_control(message: Control) -> bytes:
    """The whole frame of a control message."""
    body = _encode(message)
    assert len(body) + COUNTED <= CONTROL_LIMIT, f"{type(message).__name__} of {len(body)} bytes"
    return PREAMBLE.pack(len(body) + COUNTED, VERSION, FrameKind.CONTROL) + body


def decode_control(body: Buffer) -> Control:
    """The control message of a frame's body; ProtocolError if it is none. Copies what it keeps."""
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise ProtocolError(f"not a control message: {one_line(error)}") from error


def encode_handshake(body: bytes) -> bytes:
    """The whole frame of a handshake message."""
    assert len(body) + COUNTED <= HANDSHAKE_LIMIT, f"a handshake message of {len(body)} bytes"
    return PREAMBLE.pack(len(body) + COUNTED, VERSION, FrameKind.HANDSHAKE) + body


def data_preamble(parts: Sequence[Buffer]) -> bytes:
    """What goes before the parts of one data frame."""
    size = COUNTED
    for part in parts:
        # A memoryview counts items, not bytes.
        size += part.nbytes if isinstance(part, memoryview) else len(part)
    assert size <= DATA_LIMIT, f"a data frame of {size} bytes"
    return PREAMBLE.pack(size, VERSION, FrameKind.DATA)


def one_line(error: object, limit: int = 200) -> str:
    """Text for a log, whatever a peer may have put into it."""
    return " ".join(str(error).split())[:limit]


class Decoder:
    """Cuts what a connection delivers into frames, in place.

    The caller receives into `space()`, says how much came to `received`, and gets the whole frames
    as views into the buffer. They hold until the next `space()`; whoever keeps one copies it.

    `plain` is the whole buffer as long as nothing waits in it and it has its usual size, else None:
    a caller in a hurry may receive into it and look for the one data frame itself (its preamble is
    PLAIN, with DATA_TAG); anything else is for `restart`.
    """

    __slots__ = (
        "_buffer",
        "_capacity",
        "_end",
        "_largest",
        "_limits",
        "_receives",
        "_start",
        "_view",
        "plain",
    )

    def __init__(self) -> None:
        self._limits = _BEFORE
        self._largest = 0
        self._receives = 0
        self._start = 0
        self._end = 0
        self.plain: memoryview | None = None
        # Nothing larger is accepted from a stranger, so nothing larger is set aside for one.
        self._allocate(4 * HANDSHAKE_LIMIT)

    def _allocate(self, capacity: int) -> None:
        # Never resized in place: views into the old buffer may be alive.
        self._buffer = bytearray(capacity)
        self._view = memoryview(self._buffer)
        self._capacity = capacity

    @property
    def capacity(self) -> int:
        """Bytes set aside now."""
        return self._capacity

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return self._end - self._start

    def authenticated(self) -> None:
        """The handshake is done: from now on control and data are accepted, and it no longer is."""
        self._limits = _AFTER
        self._move(BASE_CAPACITY)

    def space(self) -> memoryview:
        """Where to receive the next bytes; never empty. Frames given out before are void."""
        end = self._end
        if self._start == end:
            self._start = self._end = 0
            self._receives += 1
            if self._receives >= SHRINK_AFTER:
                self._shrink()
            return self._view
        if self._start and self._start + self._need() > self._capacity:
            self._move(self._capacity)
            end = self._end
        if end == self._capacity:
            # As much again as has really come: a length alone takes no memory.
            self._move(min(2 * self._capacity, max(self._need(), self._capacity + 1)))
            end = self._end
        return self._view[end:]

    def received(self, count: int) -> list[tuple[int, memoryview]]:
        """The frames that became whole with these `count` bytes, as (kind, body).

        Before the handshake is done at most one: it decides how the rest is read, so call again
        with 0. Raises ProtocolError for a wrong version, kind or length.
        """
        self._end = end = self._end + count
        start = self._start
        frames: list[tuple[int, memoryview]] = []
        limits = self._limits
        buffer = self._buffer
        view = self._view
        while end - start >= 6:
            length, version, kind = PREAMBLE.unpack_from(buffer, start)
            if version != VERSION or kind > 3 or not 2 <= length <= limits[kind]:
                raise _malformed(length, version, kind, limits)
            stop = start + 4 + length
            if stop > end:
                if length > self._largest:
                    self._largest = length
                break
            frames.append((kind, view[start + 6 : stop]))
            start = stop
            if limits is _BEFORE:
                break
        self._start = start
        usual = start == end and self._capacity == BASE_CAPACITY and limits is _AFTER
        self.plain = self._view if usual else None
        return frames

    def restart(self, count: int) -> list[tuple[int, memoryview]]:
        """Like `received`, after `count` bytes came into `plain`."""
        self._start = self._end = 0
        return self.received(count)

    def _need(self) -> int:
        """Bytes of the frame that is under way, as far as they are known."""
        if self._end - self._start < PREAMBLE.size:
            return PREAMBLE.size
        length: int = PREAMBLE.unpack_from(self._buffer, self._start)[0]
        return 4 + length

    def _move(self, capacity: int) -> None:
        """Bring what waits to the front, of another buffer if the size differs."""
        before, start, waiting = self._view, self._start, self._end - self._start
        if capacity != self._capacity:
            self._allocate(max(capacity, waiting))
        self._view[:waiting] = before[start : start + waiting]
        self._start, self._end = 0, waiting

    def _shrink(self) -> None:
        """Called with nothing waiting: give back what the last frames did not need."""
        wanted = max(BASE_CAPACITY, 2 * self._largest)
        if self._limits is _AFTER and self._capacity > 2 * wanted:
            self._allocate(wanted)
        self._receives = 0
        self._largest = 0


def _malformed(length: int, version: int, kind: int, limits: tuple[int, ...]) -> ProtocolError:
    if version != VERSION:
        return ProtocolError(f"speaks version {version} of the wire, this is version {VERSION}")
    if kind > 3 or not limits[kind]:
        when = "before" if limits is _BEFORE else "after"
        return ProtocolError(f"a frame of kind {kind} {when} the handshake")
    return ProtocolError(f"a frame of {length} bytes; kind {kind} has 2 to {limits[kind]}")
