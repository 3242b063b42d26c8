"""The child's end of the line to its supervisor: one JSON value a line, both ways.

The supervisor's death closes it, and then the child has nothing to live for: whoever reads it
exits at once. Used by `start.child`; the supervisor's end is in `ringrun.local.processes.channel`.
"""

import json
import os
import socket
from collections.abc import Callable
from typing import Any

LONGEST_LINE = 64 << 20


class Channel:
    """Blocking to write (the supervisor reads), readable whenever its descriptor is."""

    __slots__ = ("_rest", "_sock")

    def __init__(self, descriptor: int) -> None:
        self._sock = socket.socket(fileno=descriptor)
        self._sock.set_inheritable(False)
        self._sock.setblocking(True)
        self._rest = b""

    @property
    def descriptor(self) -> int:
        return self._sock.fileno()

    def first(self) -> Any:
        """Wait for the first line and give its value."""
        while b"\n" not in self._rest:
            self._rest += self._receive()
        line, self._rest = self._rest.split(b"\n", 1)
        return json.loads(line)

    def say(self, value: dict[str, Any]) -> None:
        """One line to the supervisor; if it is gone, so are we."""
        try:
            self._sock.sendall(json.dumps(value, separators=(",", ":")).encode() + b"\n")
        except OSError:
            os._exit(1)

    def lines(self, heard: Callable[[bytes], None]) -> None:
        """Called when the descriptor is readable: hand over each whole line."""
        self._rest += self._receive()
        self.lines_waiting(heard)

    def lines_waiting(self, heard: Callable[[bytes], None]) -> None:
        """Hand over what came together with the first line."""
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            heard(line)

    def _receive(self) -> bytes:
        try:
            data = self._sock.recv(1 << 20)
        except OSError:
            data = b""
        if not data or len(self._rest) > LONGEST_LINE:
            os._exit(1)
        return data
