"""A node's own lines: what happened to it, one line each, to stderr (in a run, its log file).

Called by everything in `runtime` that handles something nobody else has to hear of. In a pod they
go to stdout, as JSON if that is wanted (`Style`). Python's `logging` would cost a slave a third of
its start, and there is one destination.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any, Final, TextIO

from ringrun.wording import json_line

# A peer that sends nonsense in a loop must not fill the disk.
LINES_A_SECOND = 50.0
BURST = 200.0

LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How lines look, and which are written: those of `level` and above. `run` is said in JSON
    alone: who reads text knows which file it is."""

    json: bool = False
    level: str = "info"
    stdout: bool = False
    run: str = ""


TEXT: Final = Style()


class Log:
    """Lines of one node. More than a few dozen a second are counted instead of written."""

    __slots__ = ("_allowed", "_least", "_left_out", "_stream", "_then", "calm", "node", "style")

    def __init__(
        self,
        node: str,
        *,
        debug: bool = False,
        stream: TextIO | None = None,
        style: Style = TEXT,
    ) -> None:
        self.node = node
        self.style = style
        self.calm = False
        """Say nothing more but in `--debug`: what comes now is expected, or is said elsewhere."""
        self._least = 0 if debug else LEVELS.index(style.level)
        self._stream = stream or (sys.stdout if style.stdout else sys.stderr)
        self._allowed = BURST
        self._left_out = 0
        self._then = time.monotonic()

    @property
    def debug(self) -> bool:
        """Whether details are written."""
        return self._least == 0

    def say(self, text: str, level: str = "info", **further: Any) -> None:
        """One line, with the monotonic time that journals have too; in JSON with what else is
        known."""
        if LEVELS.index(level) < self._least or (self.calm and not self.debug):
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
            if self.style.json:
                self._stream.write(self.line(text, level, monotonic=now, **further) + "\n")
            else:
                self._stream.write(f"{now:.6f} {self.node}: {text}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # A full disk or a reader that went away ends no run.
            pass

    def complain(self, text: str) -> None:
        """A line about something that should not be, but that the node lives with."""
        self.say(text, "warning")

    def detail(self, text: str) -> None:
        """A line for `--debug` alone."""
        self.say(text, "debug")

    def line(self, text: str, level: str = "info", **further: Any) -> str:
        """A line as JSON, without its end."""
        name = {"s": "slave", "m": "master"}.get(self.node[:1], "node")
        return json_line(
            time.time(),
            level,
            f"ringrun.{name}",
            text,
            run=self.style.run,
            node=self.node,
            **further,
        )
