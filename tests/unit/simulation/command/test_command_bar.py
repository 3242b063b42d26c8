"""How far a search is, as a bar (simulation.command.bar)."""

import io

import pytest
from made_totals import outcome, totals

from ringrun.simulation.command.bar import Bar, moves


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def test_a_bar_is_there_at_once_and_moves_a_few_times_a_second() -> None:
    out, watch = Terminal(), Watch()
    bar = Bar(out, 20, watch)
    assert "0 of 20" in out.getvalue()
    drawn = []
    for now in (100.1, 100.3, 100.4, 104.0):
        watch.now = now
        before = out.getvalue()
        bar.show(totals(outcome()))
        drawn.append(out.getvalue() != before)
    assert drawn == [False, True, False, True]
    assert "1 of 20  0/s  1m16s left  Agreed 1" in out.getvalue()
    bar.close()


def test_a_bar_makes_room_and_comes_back() -> None:
    out, watch = Terminal(), Watch()
    bar = Bar(out, 20, watch)
    bar.hide()
    # The line is cleared, and the cursor shown.
    assert out.getvalue().rstrip().endswith("\x1b[2K")
    before = len(out.getvalue())
    bar.show(totals(outcome()))
    assert "1 of 20" in out.getvalue()[before:]
    bar.close()
    assert out.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize("columns", [30, 60, 80, 200])
def test_a_bar_is_one_line_however_narrow_the_window(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out, watch = Terminal(), Watch()
    bar = Bar(out, 20_000, watch)
    watch.now += 10.0
    bar.show(totals(outcome(), outcome(verdict="Failed"), outcome(verdict="Partial", broken=1)))
    assert "\n" not in out.getvalue()
    bar.close()


def test_a_bar_that_cannot_be_drawn_costs_nothing() -> None:
    class Gone(Terminal):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    bar = Bar(Gone(), 20, Watch())
    bar.show(totals(outcome()))
    bar.hide()
    bar.close()


def test_a_dumb_terminal_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert moves(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not moves(Terminal())
