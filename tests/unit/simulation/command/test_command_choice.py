"""Which progress fits where it goes (simulation.command.choice)."""

import io

import pytest

from ringrun.simulation.command.bar import Bar
from ringrun.simulation.command.choice import progress_for
from ringrun.simulation.command.progress import Lines, Silent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "runs", "silent", "kind"),
    [
        (io.StringIO(), 20, False, Lines),
        (io.StringIO(), 20, True, Silent),
        (io.StringIO(), 1, False, Silent),
        (None, 20, False, Silent),
        (Terminal(), 20, False, Bar),
        (Terminal(), 1, False, Silent),
    ],
)
def test_what_is_shown_fits_where_it_goes(
    out: io.StringIO | None,
    runs: int,
    silent: bool,
    kind: type,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress = progress_for(out, runs, silent=silent)
    assert type(progress) is kind
    progress.close()


def test_a_dumb_terminal_has_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress_for(Terminal(), 20, silent=False)) is Lines


def test_a_stderr_that_is_closed_has_none() -> None:
    closed = io.StringIO()
    closed.close()
    assert type(progress_for(closed, 20, silent=False)) is Silent
