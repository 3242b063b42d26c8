"""A node's own lines: what happened to it, one line each, to stderr (in a run, its log file).

Called by everything in `runtime` that handles something nobody else has to hear of. Python's
`logging` would cost a slave a third of its start, and there is one destination.
"""

import sys
import time
from typing import TextIO

# A peer that sends nonsense in a loop must not fill the disk.
LINES_A_SECOND = 50.0
BURST = 200.0


class Log:
    """Lines of one node. More than a few dozen a second are counted instead of written."""

    __slots__ = ("_allowed", "_left_out", "_stream", "_then", "calm", "debug", "node")

    def __init__(self, node: str, *, debug: bool = False, stream: TextIO | None = None) -> None:
        self.node = node
        self.debug = debug
        self.calm = False
        """Say nothing more but in `--debug`: what comes now is expected, or is said elsewhere."""
        self._stream = sys.stderr if stream is None else stream
        self._allowed = BURST
        self._left_out = 0
        self._then = time.monotonic()

    def say(self, text: str) -> None:
        """One line, with the monotonic time that journals have too."""
        if self.calm and not self.debug:
            return
        now = time.monotonic()
        self._allowed = min(BURST, self._allowed + (now - self._then) * LINES_A_SECOND)
        self._then = now
        if self._allowed < 1.0:
            self._left_out += 1
            return
        self._allowed -= 1.0
        if self._left_out:
            text = f"{text} (after {self._left_out} lines that were left out)"
            self._left_out = 0
        try:
            self._stream.write(f"{now:.6f} {self.node}: {text}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # A full disk or a reader that went away ends no run.
            pass

    def detail(self, text: str) -> None:
        """A line for `--debug` alone."""
        if self.debug:
            self.say(text)
