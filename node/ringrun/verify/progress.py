"""A sign of life while `ringrun verify` reads gigabytes: what it is at, and how far.

On a terminal one line that is written over and goes away; elsewhere a line now and then, if it
takes long. Always on stderr: stdout has the outcome alone.
"""

import time
from collections.abc import Callable
from typing import IO, Self

# What is over sooner needs no word: on a terminal, where the word goes away, and elsewhere.
_PATIENCE = 1.0
_EVERY = 5.0
_CLEAR = "\r\x1b[K"


class Progress:
    """Used as a context; `show` may be called as often as there is something new."""

    def __init__(self, out: IO[str] | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._moves = out is not None and out.isatty()
        self._next = clock() + (_PATIENCE if self._moves else _EVERY)
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            self._write(_CLEAR)

    def show(self, what: str, done: int, total: int) -> None:
        """What is being done, and how much of it is done, of how much."""
        now = self._clock()
        if now < self._next:
            return
        text = f"{what}, {100 * done // max(total, 1)} %"
        if self._moves:
            self._drawn = True
            self._write(f"{_CLEAR}{text}")
        else:
            self._next = now + _EVERY
            self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        if self._out is None:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):
            # Nobody can see it; what is checked does not depend on it.
            self._moves, self._drawn, self._next = False, False, float("inf")
