"""The line between the supervisor and one child: a socketpair with one JSON value a line.

The child holds the other end from birth, so its end of file is the supervisor's death, and nobody
else can say anything on it. Used by `child`; the child's side is in `ringrun.runtime`.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import msgspec

# A child that says more than this without a line end is not one of ours.
_LONGEST_LINE = 1 << 22

Heard = Callable[[dict[str, Any]], None]


class Channel:
    """The supervisor's end. Never blocks: a child that was stopped stops nobody else."""

    def __init__(self, loop: asyncio.AbstractEventLoop, heard: Heard) -> None:
        self._loop = loop
        self._heard = heard
        self._socket, self.child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._unread = bytearray()
        self._unsent = bytearray()
        self._newest: bytes | None = None
        self._writing = False
        loop.add_reader(self._socket, self.drain)

    @property
    def waiting(self) -> int:
        """Bytes that the child has still to take."""
        return len(self._unsent) + len(self._newest or b"")

    def say(self, value: object) -> None:
        """Send this, whatever comes after it."""
        self._unsent += msgspec.json.encode(value) + b"\n"
        self._flush()

    def say_newest(self, line: bytes) -> None:
        """Send this, unless a newer one comes before the child reads on."""
        self._newest = line + b"\n"
        self._flush()

    def drain(self) -> None:
        """Hand over every whole line that has arrived."""
        ended = False
        try:
            while data := self._socket.recv(1 << 16):
                self._unread += data
            ended = True
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            ended = True
        *lines, rest = self._unread.split(b"\n")
        self._unread = bytearray(rest)
        if ended or len(rest) > _LONGEST_LINE:
            self._loop.remove_reader(self._socket)
        for line in lines:
            try:
                value = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue
            if isinstance(value, dict):
                self._heard(value)

    def close(self) -> None:
        """Hand over what is left to read and let go of it."""
        if self._socket.fileno() < 0:
            return
        self.drain()
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        self._socket.close()

    def _flush(self) -> None:
        blocked = False
        while not blocked and (self._unsent or self._newest):
            if not self._unsent and self._newest:
                self._unsent += self._newest
                self._newest = None
            try:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
            except (BlockingIOError, InterruptedError):
                blocked = True
            except OSError:
                # The child is gone or going; its end is seen elsewhere.
                self._unsent.clear()
                self._newest = None
        if blocked and not self._writing:
            self._loop.add_writer(self._socket, self._flush)
        elif self._writing and not blocked:
            self._loop.remove_writer(self._socket)
        self._writing = blocked
