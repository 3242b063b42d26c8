"""A command on a terminal of a given width, and what somebody who looks at it sees. For tests."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass

from local_run import environment

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`lines` are as they stand in the end; `raw` is all that was written."""

    code: int
    raw: str

    @property
    def lines(self) -> list[str]:
        shown = _ESCAPE.sub("", self.raw).replace("\r\n", "\n").split("\n")
        # What is drawn over is seen no more.
        return [line.rpartition("\r")[2] for line in shown]


def seen(*arguments: str, columns: int, **variables: str) -> Seen:
    """`ringrun` with these arguments, until it has ended."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    usual = {name: value for name, value in environment().items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ringrun", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**usual, "TERM": "xterm-256color", **variables},
    )
    os.close(theirs)
    written = b""
    # Its end is told by EIO.
    while data := _read(ours):
        written += data
    os.close(ours)
    return Seen(code=process.wait(30), raw=written.decode())


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        return b""
