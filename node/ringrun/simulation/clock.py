"""The virtual clock: one heap of events, ordered by time and then by when they were scheduled.

Everything in the simulation happens here, one event after the other, so that the same seed gives
the same run. Times are seconds of true time, which no node ever sees (`process` has their own).
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Event = tuple[float, int, Callable[..., None], tuple[Any, ...]]

# An honest run has some thousands.
_MOST_EVENTS = 60_000


class LivelockError(Exception):
    """More has happened than in any run that comes to an end."""


class Clock:
    """True time, and what is still to happen."""

    __slots__ = ("_sequence", "left", "now", "pending")

    def __init__(self, size: float = 1.0) -> None:
        """`size` is how much more may happen than in a run of a few slaves and seconds."""
        self.now = 0.0
        self.left = round(_MOST_EVENTS * size)
        self.pending: list[Event] = []
        self._sequence = 0

    def at(self, time: float, call: Callable[..., None], *arguments: Any) -> None:
        """Have this called at that time, or now if that has passed."""
        self._sequence += 1
        if time < self.now:
            time = self.now
        heappush(self.pending, (time, self._sequence, call, arguments))

    def after(self, delay: float, call: Callable[..., None], *arguments: Any) -> None:
        self._sequence += 1
        heappush(self.pending, (self.now + delay, self._sequence, call, arguments))

    def run(self, until: float) -> None:
        """Let things happen up to this time."""
        events = self.pending
        while events and events[0][0] <= until:
            self.now, _, call, arguments = heappop(events)
            call(*arguments)
            self.left -= 1
            if self.left <= 0:
                raise LivelockError("the run goes on for ever within no time")
        self.now = until

    def step(self) -> bool:
        """Let the next thing happen; False if there is none."""
        if not self.pending:
            return False
        self.now, _, call, arguments = heappop(self.pending)
        call(*arguments)
        return True
