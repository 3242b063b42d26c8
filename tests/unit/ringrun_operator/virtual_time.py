"""An event loop whose time passes only when nobody has anything to do, and then at once.

A test under it says what happens in an hour without waiting for it, and the same test takes the
same steps every time. Threads and sockets of others have no part in it.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

Arguments = ParamSpec("Arguments")

START = 1000.0
"""Seconds on the loop's clock at which a test begins."""

LONGEST = 10_000.0
"""Seconds of it that a test may take: one that waits for ever ends all the same."""


class _Jumping(selectors.SelectSelector):
    """Instead of waiting it moves its clock on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for somebody else"
            self.now += max(0.0, timeout)
            assert self.now < START + LONGEST, "this goes on for ever"
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop of asyncio in all but its clock."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since `START`, and that."""
        return self._jumping.now


def in_virtual_time(
    test: Callable[Arguments, Coroutine[Any, Any, None]],
) -> Callable[Arguments, None]:
    """The test as pytest calls it."""

    @functools.wraps(test)
    def call(*args: Arguments.args, **keywords: Arguments.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **keywords))

    return call


def now() -> float:
    """Seconds on the clock of the loop that runs."""
    return asyncio.get_running_loop().time()


async def pass_time(seconds: float = 0.001) -> None:
    """Let so much time pass, and everything happen that does until then."""
    await asyncio.sleep(seconds)
