"""Lines for the user of a master by hand, held back until it is sure that something runs at all.

Used by `supervising`: a run that cannot begin says why, and nothing else.
"""

import sys

from ringrun.report_text import OutputForm, event_line
from ringrun.streams import ReaderGoneError, screen_of


class HeldLines:
    """Prints as text or not at all. `gone`: whoever read the lines has gone."""

    def __init__(self, form: OutputForm) -> None:
        self.gone = False
        self._form = form
        self._held: list[str] = []
        self._begun = False

    def say(self, text: str) -> None:
        """One line, now or once the run has begun."""
        if self._form is not OutputForm.TEXT:
            return
        self._held.append(text)
        if self._begun:
            self._let_out()

    @property
    def width(self) -> int:
        """Columns that there are now."""
        return screen_of(sys.stdout).width

    def happened(self, phase: str, seconds: float, text: str) -> None:
        """An event, as `say`."""
        self.say(event_line(phase, seconds, text, self.width))

    def begin(self) -> None:
        """The run has begun."""
        if not self._begun:
            self._begun = True
            self._let_out()

    def _let_out(self) -> None:
        if self._held:
            try:
                print(*self._held, sep="\n", flush=True)
            except ReaderGoneError:
                self.gone = True
            self._held.clear()
