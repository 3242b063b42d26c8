"""How far a search is, as a bar that stays in its place, for terminals; made by `choice`."""

import time
from collections.abc import Callable
from typing import IO, Final

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ringrun.simulation.command.progress import Lines, far
from ringrun.simulation.command.totals import Totals

_LONGEST, _SHORTEST, _GAP = 28, 6, 2


def moves(out: IO[str]) -> bool:
    """Whether something can be drawn again in its place there; TERM=dumb says that it cannot."""
    return not Console(file=out).is_dumb_terminal


class Bar(Lines):
    """One line that moves, at most a few times a second, and is gone in the end."""

    every: Final = 0.2  # type: ignore[misc]

    def __init__(
        self, out: IO[str], runs: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(out, runs, clock)
        self._console = Console(file=out, highlight=False)
        # Drawn when a run is done, so no thread of its own takes time from the runs.
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._try(lambda: self.draw(Totals(), 0.0))

    def draw(self, total: Totals, seconds: float) -> None:
        """Draw it again."""
        text = far(total, self.runs, seconds)
        self._live.update(_row(text, total.runs, self.runs, self._console.width))
        self._live.start()
        self._live.refresh()

    def hide(self) -> None:
        """Take the bar away; the next run brings it back."""
        self._try(self._live.stop)
        self._last = -1.0

    def close(self) -> None:
        """Take the bar away."""
        self._try(self._live.stop)


def _row(text: str, done: int, runs: int, width: int) -> Table:
    """The bar and the text, in one line: what does not fit is cut off at the end."""
    row = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    room = min(width - len(text) - _GAP - 1, _LONGEST)
    cells: list[ProgressBar | Text] = [Text(text, no_wrap=True, overflow="ellipsis")]
    row.add_column(no_wrap=True)
    if room >= _SHORTEST:
        cells.insert(0, ProgressBar(total=runs, completed=done, width=room))
        row.add_column(no_wrap=True)
    row.add_row(*cells)
    return row
