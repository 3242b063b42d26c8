"""The sign of life of a long verification."""

from io import StringIO

import pytest

from ringrun.verify.progress import Progress


class Terminal(StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


class Gone(StringIO):
    """A stream that takes nothing any more."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_what_is_over_soon_says_nothing() -> None:
    """Neither on a terminal nor elsewhere."""
    for out in (Terminal(), StringIO()):
        with Progress(out, clock=lambda: 5.0) as progress:
            progress.show("reading", 0, 2_000_000)
        assert out.getvalue() == ""


def test_elsewhere_it_is_a_line_every_few_seconds() -> None:
    """However often it is called."""
    now, out = [0.0], StringIO()
    with Progress(out, clock=lambda: now[0]) as progress:
        for second in range(14):
            now[0] = float(second)
            progress.show(f"step {second}", second * 1_000_000, 14_000_000)
    assert out.getvalue().splitlines() == ["step 5, 35 %", "step 10, 71 %"]


def test_on_a_terminal_it_is_one_line_that_goes_away() -> None:
    """Written over in its place, and wiped at the end."""
    now, out = [0.0], Terminal()
    with Progress(out, clock=lambda: now[0]) as progress:
        for second in (2.0, 2.1):
            now[0] = second
            progress.show(f"at {second}", 1_000_000, 2_000_000)
    assert out.getvalue() == "\r\x1b[Kat 2.0, 50 %\r\x1b[Kat 2.1, 50 %\r\x1b[K"


@pytest.mark.parametrize("out", [Gone(), None])
def test_a_stream_that_takes_nothing_costs_nothing(out: StringIO | None) -> None:
    """The verification does not hang on who watches it."""
    now = [0.0]
    with Progress(out, clock=lambda: now[0]) as progress:
        for second in range(20):
            now[0] = float(second)
            progress.show("reading", 1, 2)
