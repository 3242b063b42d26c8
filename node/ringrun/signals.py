"""Ctrl-C, SIGTERM and SIGHUP, handled in one way for a while, and then as before.

Who ends what in an orderly way when one comes is decided by those who use it: a local run, and the
simulation's search.
"""

import signal
from collections.abc import Callable, Collection
from types import FrameType, TracebackType
from typing import Final, Self

Handler = Callable[[int, FrameType | None], object]

ENDS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Each asks a program to end: a user at a terminal, a supervisor, a terminal that closes."""


class Handling:
    """Within it `handler` gets ENDS; used as a context, in the main thread.

    Those that were ignored stay so if they are `ignorable`: what nohup started has nothing to do
    with a terminal that closes.
    """

    def __init__(self, handler: Handler, ignorable: Collection[signal.Signals]) -> None:
        self._handler = handler
        self._ignorable = ignorable
        self._before: dict[signal.Signals, Handler | int] = {}

    def __enter__(self) -> Self:
        for number in ENDS:
            before = signal.getsignal(number)
            if before is signal.SIG_IGN and number in self._ignorable:
                continue
            # None is a handler that was not installed by Python, and cannot be put back.
            self._before[number] = signal.SIG_DFL if before is None else before
            signal.signal(number, self._handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
