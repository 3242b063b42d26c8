"""What goes to stdout: lines as they are, and runs in words, with colour on a terminal alone."""

from collections.abc import Iterable
from typing import IO

from ringrun.simulation.telling.telling import Telling


class Printer:
    """Prints at once, since whoever reads a pipe wants it now."""

    def __init__(self, out: IO[str] | None) -> None:
        """`out` is None where stdout is closed: nobody wants anything."""
        self._out = out

    def lines(self, lines: Iterable[str]) -> None:
        if self._out is not None:
            self._out.writelines(f"{line}\n" for line in lines)
            self._out.flush()

    def tell(self, telling: Telling) -> None:
        """Print a run in words."""
        if self._out is None or not self._out.isatty():
            self.lines(line.text for line in telling.lines())
            return
        # Loaded only where it can be seen.
        from rich.console import Console

        console = Console(file=self._out, highlight=False)
        for line in telling.lines(min(console.width, 100)):
            style = "bold red" if line.stands_out else None
            console.print(line.text, style=style, markup=False, soft_wrap=True)
        self._out.flush()
