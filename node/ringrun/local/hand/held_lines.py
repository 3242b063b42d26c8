"""Lines for the user of a master by hand, held back until it is sure that something runs at all.

Used by `supervising`: a run that cannot begin says why, and nothing else.
"""

from ringrun.report_text import OutputForm


class HeldLines:
    """Prints as text or not at all."""

    def __init__(self, form: OutputForm) -> None:
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

    def begin(self) -> None:
        """The run has begun."""
        if not self._begun:
            self._begun = True
            self._let_out()

    def _let_out(self) -> None:
        if self._held:
            print(*self._held, sep="\n", flush=True)
            self._held.clear()
