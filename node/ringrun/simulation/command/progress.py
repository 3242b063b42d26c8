"""How far a search is: a bar on a terminal, a line every few seconds elsewhere.

It goes to stderr: what stands on stdout is for whoever keeps it. What cannot be shown costs nothing
but itself. `bar` builds on this for terminals; which one a search has is `choice`'s.
"""

import time
from collections.abc import Callable
from typing import IO, Final, Protocol

from ringrun.simulation.command.totals import Totals

_EVERY: Final = 5.0
# Sooner a rate would be that of processes which start.
_UNTRUE: Final = 2.0


class Progress(Protocol):
    """Shown to whoever waits; `close` comes last, whatever happened."""

    def show(self, total: Totals) -> None:
        """One more run is done."""

    def hide(self) -> None:
        """Something is about to be printed; what moves makes room."""

    def close(self) -> None:
        """Nothing more will come."""


class Silent:
    """Shows nothing."""

    def show(self, total: Totals) -> None:
        """Show nothing."""

    def hide(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class Lines:
    """A line every few seconds, for pipes, files and terminals that cannot move anything."""

    every = _EVERY

    def __init__(
        self, out: IO[str], runs: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.out = out
        self.runs = runs
        self._clock = clock
        self._begun = self._last = clock()
        self._broken = False

    def show(self, total: Totals) -> None:
        """Show how far it is, if that is due."""
        now = self._clock()
        if self._broken or now - self._last < self.every:
            return
        self._last = now
        self._try(lambda: self.draw(total, now - self._begun))

    def draw(self, total: Totals, seconds: float) -> None:
        """Show how far it is after so many seconds."""
        print(far(total, self.runs, seconds), file=self.out, flush=True)

    def hide(self) -> None:
        """Leave everything as it stands."""

    def close(self) -> None:
        """Leave everything as it stands."""

    def _try(self, act: Callable[[], None]) -> None:
        """Show something; never again if that cannot be."""
        try:
            act()
        except (OSError, ValueError):
            # Full, closed, or a terminal that is gone: the search does not hang on it.
            self._broken = True


def far(total: Totals, runs: int, seconds: float) -> str:
    """How far a search is after so many seconds, and what came of it so far; of 20,000 runs in 80
    columns."""
    parts = [f"{total.runs:,} of {runs:,}"]
    if total.findings:
        parts.append(total.broken_text())
    if total.runs and seconds >= _UNTRUE:
        rate = total.runs / seconds
        parts.append(f"{rate:,.0f}/s")
        parts.append(f"{_duration((runs - total.runs) / rate)} left")
    if total.runs:
        parts.append(total.verdicts_text())
    return "  ".join(parts)


def _duration(seconds: float) -> str:
    """`45 s`, `2m03s`, `1h04m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"
