"""The figures of SEND as a bar that stays in its place, for terminals; made by `choice`."""

from typing import IO, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ringrun.core.outputs import Event, Live
from ringrun.core.phase import Phase
from ringrun.local.display.lines import Lines, figures_text, left_text
from ringrun.spec import RunSpec

_WIDEST: Final = 28
_NARROWEST: Final = 5
# `SEND   ` before the bar, one blank behind it, and the last column, where some terminals wrap.
_AROUND: Final = 9


class Bar(Lines):
    """The same on a terminal, with the figures of SEND in one line that moves."""

    def __init__(self, spec: RunSpec, out: IO[str]) -> None:
        # That it is a terminal is decided already (`choice`).
        self._console = Console(file=out, highlight=False, force_terminal=True)
        self._bar = BarColumn(bar_width=_WIDEST)
        # Drawn when figures come, so no thread of its own takes time from the ring.
        self._progress = Progress(
            TextColumn("SEND  "),
            self._bar,
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._task: TaskID | None = None
        self._closed = False
        super().__init__(spec, out)

    def say(self, text: str) -> None:
        """Print this above the bar, neither folded once more nor coloured by what is in it."""
        self._console.print(text, markup=False, soft_wrap=True)

    def event(self, event: Event) -> None:
        """Say what happened; the bar ends with SEND."""
        if event.phase in {Phase.GRACE, Phase.STOP}:
            self.close()
        super().event(event)

    def live(self, live: Live) -> None:
        """Move the bar; what comes after SEND is not drawn any more."""
        if self._closed:
            return
        figures = self._fitting(f"{left_text(self._spec, live)}   {figures_text(live)}")
        if self._task is None:
            self._task = self._progress.add_task("", total=self._spec.send, figures="")
            self._progress.start()
        done = min(live.elapsed, self._spec.send)
        self._progress.update(self._task, completed=done, figures=figures)
        self._progress.refresh()

    def _fitting(self, figures: str) -> str:
        """Of the figures those that there is room for, from the left; the bar gives way first."""
        room = self._console.width - _AROUND
        while len(figures) + _NARROWEST > room and "   " in figures:
            figures = figures.rpartition("   ")[0]
        self._bar.bar_width = max(1, min(_WIDEST, room - len(figures)))
        return figures

    def close(self) -> None:
        """Take the bar away."""
        self._closed = True
        self._progress.stop()
