"""SIGTERM and SIGHUP as Ctrl-C: each ends the search, which then says what it has tried."""

from types import FrameType, TracebackType
from typing import Self

from ringrun.signals import ENDS, Handling


class Interruptible:
    """Within it these signals raise KeyboardInterrupt, but for those that were ignored before.

    A second one is no longer caught by whoever caught the first, and ends the program.
    """

    def __init__(self) -> None:
        self._handling = Handling(self._interrupt, ignorable=ENDS)
        self._holding = False
        self._came = False

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

    def hold(self) -> None:
        """What comes from now on waits: something is done that must not be half done."""
        self._holding = True

    def go_on(self) -> None:
        """It is done; raises KeyboardInterrupt if one had to wait."""
        self._holding = False
        if self._came:
            self._came = False
            raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        # A second one goes through: what is half done then may wait for a pipe that nobody reads.
        if self._holding and not self._came:
            self._came = True
        else:
            raise KeyboardInterrupt
