"""Which display a local run has."""

from io import StringIO

import pytest

from ringrun.local.display.bar import Bar
from ringrun.local.display.choice import display_for
from ringrun.local.display.interface import Silent
from ringrun.local.display.lines import Lines
from ringrun.spec import default_run


class Terminal(StringIO):
    """Text that believes it is on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "silent", "display"),
    [
        (Terminal(), False, Bar),
        (StringIO(), False, Lines),
        (Terminal(), True, Silent),
        (StringIO(), True, Silent),
    ],
)
def test_where_the_output_goes_decides_unless_nothing_is_wanted(
    out: StringIO, silent: bool, display: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar in a file would be a heap of control characters."""
    monkeypatch.setenv("TERM", "xterm")
    assert type(display_for(default_run(), out, silent=silent)) is display
    assert (out.getvalue() == "") is silent


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_a_line_has_lines(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor's shell, or a log that says it is a terminal."""
    monkeypatch.setenv("TERM", term)
    assert type(display_for(default_run(), Terminal(), silent=False)) is Lines
