"""The figures of the moment: never fewer than before, and no rate from long ago."""

from ringrun.core.master.figures import Figures
from ringrun.core.messages import Status
from ringrun.core.outputs import Live

NOW = 64.0


def status(approved: int) -> Status:
    """What a slave says of itself."""
    return Status(view=1, approved=approved, elapsed=1.0, p99=0.0)


def test_the_count_is_the_most_that_any_slave_has_said() -> None:
    """One that lags does not take anything back."""
    figures = Figures(100, NOW)
    for approved in (50, 300, 200):
        figures.heard(status(approved))
    assert figures.count == 300


def test_the_first_word_has_no_rate_and_so_shows_nothing() -> None:
    """A new leader counts from a record that may be old."""
    figures = Figures(100, NOW)
    figures.heard(status(9_000))
    assert figures.live(0.5, 1.0, NOW) is None
    figures.heard(status(9_500))
    assert figures.live(0.5, 1.25, NOW + 0.25) == Live(9_500, 2_000.0, 0.5, 1.25)


def test_they_are_shown_four_times_a_second_however_much_is_said() -> None:
    """The rate is that of the time between two that are shown."""
    figures = Figures(0, NOW)
    shown = []
    for step in range(65):
        figures.heard(status(step))
        shown.append(figures.live(0.0, 0.0, NOW + step / 64))
    lives = [each for each in shown if each is not None]
    assert [each.approved for each in lives] == [16, 32, 48, 64]
    assert {each.rate for each in lives} == {64.0}
