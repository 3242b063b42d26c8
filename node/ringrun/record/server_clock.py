"""The API server's clock, from the dates of its answers: absolute times are compared by it alone.

Kept by `record.api` for whoever has to know what time it is on the cluster. This machine's clock
may be minutes off, and another operator's too; the server's is the one that stamps objects.
"""

import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

DRIFT: Final = 2e-4
"""Seconds that two clocks part in a second, at most; what was known blurs by it."""

BLUR: Final = 0.005
"""Seconds that an answer may be older or younger than what it says, beyond its whole second."""


class ServerClock:
    """Seconds since 1970, as the server has them; this machine's until it has answered once.

    A date is cut to whole seconds, so each answer says within which second its server was; together
    they say it ever more exactly. One that contradicts them all was given after the server's clock
    was set, or by another server, and counts alone.
    """

    def __init__(
        self,
        local: Callable[[], float] = time.monotonic,
        fallback: Callable[[], float] = time.time,
    ) -> None:
        self._local = local
        self._fallback = fallback
        self._low = self._high = 0.0
        self._known_at: float | None = None

    def now(self) -> float:
        """What time it is there."""
        if self._known_at is None:
            return self._fallback()
        return self._local() + (self._low + self._high) / 2.0

    def saw(self, date: str | None, asked: float) -> None:
        """An answer had this Date header; `asked` is when its request was sent, by `local`."""
        try:
            there = parsedate_to_datetime(date or "")
        except ValueError:
            return
        if there.tzinfo is None:
            there = there.replace(tzinfo=UTC)
        at, second = self._local(), there.timestamp()
        low, high = second - at - BLUR, second + 1.0 - asked + BLUR
        if self._known_at is not None:
            blur = (at - self._known_at) * DRIFT
            narrow = max(low, self._low - blur), min(high, self._high + blur)
            if narrow[0] <= narrow[1]:
                low, high = narrow
        self._low, self._high, self._known_at = low, high, at
