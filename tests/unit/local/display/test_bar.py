"""The figures of SEND as a bar on a terminal: what is drawn, and that lines stay what they are."""

import re
import threading
from dataclasses import replace
from io import StringIO

import pytest

from ringrun.core.outputs import Event, EventKind, Live
from ringrun.core.phase import Phase
from ringrun.local.display.bar import Bar
from ringrun.spec import default_run

SPEC = default_run()


class Terminal(StringIO):
    """Text that believes it is on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 60 columns."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    return Terminal()


def live(elapsed: float) -> Live:
    return Live(approved=int(elapsed * 1_000), rate=8_000.0, p99=0.0002, elapsed=elapsed)


def test_there_is_no_bar_before_there_are_figures(out: Terminal) -> None:
    """START may take long, and has no length that is known."""
    bar = Bar(SPEC, out)
    bar.event(Event(EventKind.SEND_STARTED, "4 slaves in SEND", 0.0, "SEND"))
    assert out.getvalue().splitlines() == [
        "demo  4 slaves, 2 masters, model lockstep, seed 0, SEND 2 s,",
        "      GRACE 1 s",
    ]
    bar.close()


def test_figures_are_drawn_as_they_come(out: Terminal) -> None:
    """Not once a second, and by no thread that would take time from the ring."""
    bar = Bar(SPEC, out)
    before = threading.active_count()
    for elapsed in (0.25, 0.5):
        bar.live(live(elapsed))
    assert threading.active_count() == before
    assert "1.8 s left" in out.getvalue()
    assert "1.5 s left" in out.getvalue()
    bar.close()


def test_a_ring_that_is_late_fills_the_bar_and_no_more(out: Terminal) -> None:
    bar = Bar(SPEC, out)
    bar.live(live(2.5))
    assert "0.0 s left" in out.getvalue()
    bar.close()


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (200, "30.0 s left   999,999,999 approved   12,345,678/s   p99 0.20 ms"),
        (80, "30.0 s left   999,999,999 approved   12,345,678/s   p99 0.20 ms"),
        (70, "30.0 s left   999,999,999 approved   12,345,678/s"),
        (64, "30.0 s left   999,999,999 approved   12,345,678/s"),
        (60, "30.0 s left   999,999,999 approved"),
        (30, "30.0 s left"),
    ],
)
def test_in_a_narrow_window_the_bar_gives_way_first_and_then_figures(
    out: Terminal, columns: int, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is drawn anew must stay in one line, or it creeps up the window."""
    monkeypatch.setenv("COLUMNS", str(columns))
    bar = Bar(replace(SPEC, send=31.0), out)
    before = len(out.getvalue())
    bar.live(Live(approved=999_999_999, rate=12_345_678.0, p99=0.0002, elapsed=1.0))
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()[before:])
    line = [each for each in drawn.replace("\r", "\n").split("\n") if each.strip()][-1]
    assert len(line) < columns
    assert line.startswith("SEND   ")
    assert line.rstrip().endswith(f" {wanted}")
    bar.close()


@pytest.mark.parametrize("phase", [Phase.GRACE, Phase.STOP])
def test_the_bar_goes_with_send_and_does_not_come_back(out: Terminal, phase: Phase) -> None:
    """Figures that were on their way come later than the event, and are old."""
    bar = Bar(SPEC, out)
    bar.live(live(0.5))
    bar.event(Event(EventKind.GRACE_STARTED, "4 slaves in GRACE", 2.0, str(phase)))
    gone = len(out.getvalue())
    bar.live(live(2.0))
    bar.event(Event(EventKind.DRAINED, "drained", 2.1, str(phase)))
    assert out.getvalue()[gone:] == f"{phase:<6} 2.10 s  drained\n"


def test_an_event_of_send_is_a_line_above_the_bar(out: Terminal) -> None:
    """It is drawn again below."""
    bar = Bar(SPEC, out)
    bar.live(live(0.5))
    before = len(out.getvalue())
    bar.event(Event(EventKind.SLAVE_LOST, "slave 2 lost", 0.52, "SEND"))
    bar.live(live(0.75))
    after = out.getvalue()[before:]
    assert after.index("SEND   0.52 s  slave 2 lost\n") < after.index("1.2 s left")
    bar.close()


def test_a_line_is_neither_folded_nor_coloured_by_what_is_in_it(out: Terminal) -> None:
    """`[0 1 3]` is a view and `[red]` would be a colour; whoever copies a line gets one line."""
    text = "view 2 [0 1 3] [red]" + " and so on" * 20
    Bar(SPEC, out).say(text)
    assert out.getvalue().splitlines()[-1] == text


def test_closing_twice_or_before_anything_was_drawn_is_no_fault(out: Terminal) -> None:
    """`run` closes whatever happened."""
    bar = Bar(SPEC, out)
    bar.close()
    bar.close()
    bar.live(live(0.5))
    assert "left" not in out.getvalue()
