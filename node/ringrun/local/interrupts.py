"""Ctrl-C, SIGTERM and SIGHUP while a run is under way: counted, told, and never a traceback.

Held around a whole run, from before the first process to after the last line, by `ringrun run` and
by the master by hand: a signal asks for an orderly end, and costs the run neither its last line nor
its report.
"""

import signal
from collections.abc import Callable, Collection
from types import FrameType, TracebackType
from typing import Final, Self

from ringrun.signals import Handling

MOST: Final = 5
"""This one ends the program without an orderly end, whatever it is at: a pipe may be full."""


class Interrupts:
    """`count` is how many there were. Used as a context, in the main thread.

    `ignorable` are those that stay ignored if they are: a terminal that closes (SIGHUP) is nothing
    to what nohup started.
    """

    def __init__(self, ignorable: Collection[signal.Signals] = (signal.SIGHUP,)) -> None:
        self.count = 0
        self._told: Callable[[int], object] = _nobody
        self._handling = Handling(self._note, ignorable)

    def __enter__(self) -> Self:
        self._handling.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handling.__exit__(kind, error, trace)

    def tell(self, told: Callable[[int], object]) -> None:
        """Call this with the count at each, and now if there were any; from a signal handler."""
        self._told = told
        if self.count:
            told(self.count)

    def tell_nobody(self) -> None:
        """They are counted, and no more."""
        self._told = _nobody

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.count += 1
        if self.count >= MOST:
            raise KeyboardInterrupt
        self._told(self.count)


def _nobody(count: int) -> None:
    del count
