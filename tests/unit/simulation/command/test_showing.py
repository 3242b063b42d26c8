"""What goes to stdout (simulation.command.showing)."""

import io

import pytest

from ringrun.simulation.command.showing import Printer
from ringrun.simulation.telling.telling import Telling


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told() -> Telling:
    telling = Telling()
    telling.did(0.5, "s0-1", "is killed [not] by [red]us", stands_out=True)
    telling.did(0.6, "s1-1", "link to s0-1 down")
    return telling


def test_a_pipe_has_no_colour() -> None:
    out = io.StringIO()
    Printer(out).tell(told())
    assert out.getvalue() == (
        "!!  0.5000    is killed [not] by [red]us\n    0.6000    link to s0-1 down\n"
    ).replace("    is killed", "  s0-1  is killed").replace("    link", "  s1-1  link")


def test_on_a_terminal_what_goes_wrong_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing that stands in a line is taken for a colour."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    Printer(out).tell(told())
    wrong, usual = out.getvalue().splitlines()
    assert wrong.startswith("\x1b[1;31m!!")
    assert "[not] by [red]us" in wrong
    assert "\x1b" not in usual


@pytest.mark.parametrize("width", [60, 80, 300])
def test_lines_are_as_wide_as_the_terminal_and_a_hundred_at_most(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    telling, out = Telling(), Terminal()
    telling.did(0.5, "s0-1", " ".join(["word"] * 100))
    Printer(out).tell(telling)
    longest = max(len(line) for line in out.getvalue().splitlines())
    assert min(width, 100) - 5 <= longest <= min(width, 100)


def test_a_stdout_that_is_closed_is_no_fault() -> None:
    printer = Printer(None)
    printer.lines(["x"])
    printer.tell(told())
