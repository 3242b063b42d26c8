"""How far a search is, in lines (simulation.command.progress)."""

import io

from made_totals import outcome, totals

from ringrun.simulation.command.progress import Lines, far
from ringrun.simulation.command.totals import Totals


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_there_is_a_line_every_few_seconds_and_none_at_once() -> None:
    """A short search has none at all."""
    out, watch = io.StringIO(), Watch()
    lines = Lines(out, 2_000, watch)
    total = totals(outcome(), outcome(verdict="Partial"))
    for now in (100.0, 104.9, 105.0, 106.0, 109.9, 110.0):
        watch.now = now
        lines.show(total)
    lines.hide()
    lines.close()
    assert out.getvalue().splitlines() == [
        "2 of 2,000  0/s  1h23m left  Agreed 1, Partial 1",
        "2 of 2,000  0/s  2h46m left  Agreed 1, Partial 1",
    ]


def test_a_line_says_how_many_how_fast_how_long_still_and_what_came_of_it() -> None:
    total = totals(*[outcome()] * 300, outcome(verdict="Failed"), outcome(verdict="Partial"))
    assert far(total, 20_000, 2.0) == (
        "302 of 20,000  151/s  2m10s left  Agreed 300, Failed 1, Partial 1"
    )
    assert far(total, 304, 2.0) == "302 of 304  151/s  0 s left  Agreed 300, Failed 1, Partial 1"


def test_a_broken_promise_is_in_every_line_from_then_on() -> None:
    total = totals(outcome(broken=2))
    assert far(total, 20, 4.0) == "1 of 20  2 broken promises in 1 run  0/s  1m16s left  Agreed 1"


def test_a_rate_is_said_when_it_can_be_one() -> None:
    assert far(totals(outcome()), 20, 0.5) == "1 of 20  Agreed 1"
    assert far(Totals(), 20, 9.0) == "0 of 20"


def test_a_line_of_a_long_search_fits_in_eighty_columns() -> None:
    total = totals(outcome(), outcome(verdict="Failed"), outcome(verdict="Partial"))
    total.runs = 17_776
    total.verdicts.update(Agreed=15_000, Failed=651, Partial=2_120)
    assert len(far(total, 20_000, 150.0)) <= 80


def test_what_cannot_be_shown_costs_nothing() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    closed = io.StringIO()
    closed.close()
    watch = Watch()
    for out in (Full(), closed):
        lines = Lines(out, 20, watch)
        for _ in range(2):
            watch.now += 10.0
            lines.show(totals(outcome()))
