"""The figures of the moment, for whoever watches: how far the ring has come, and how fast.

Called by `leading` with what slaves say of themselves. Nothing is decided from it.
"""

from ringrun.core.messages import Status
from ringrun.core.outputs import Live

_LIVE_SECONDS = 0.25


class Figures:
    """`count` is the most that any slave has said to have approved."""

    __slots__ = ("_before", "_next", "count")

    def __init__(self, count: int, now: float) -> None:
        self.count = count
        self._next = now
        self._before: tuple[float, int] | None = None

    def heard(self, message: Status) -> None:
        """A slave says how far it is."""
        self.count = max(self.count, message.approved)

    def live(self, p99: float, elapsed: float, now: float) -> Live | None:
        """What to show, a few times a second; `elapsed` since GO."""
        if now < self._next:
            return None
        before, self._before = self._before, (now, self.count)
        self._next = now + _LIVE_SECONDS
        if before is None or now <= before[0]:
            # The first word of a new leader: what it counts from may be long ago.
            return None
        rate = (self.count - before[1]) / (now - before[0])
        return Live(self.count, rate, p99, elapsed)
