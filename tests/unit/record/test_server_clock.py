"""What time it is at a server, from dates that are cut to whole seconds."""

from email.utils import formatdate

from hypothesis import given
from hypothesis import strategies as st

from ringrun.record.server_clock import BLUR, ServerClock


class Clocks:
    """This machine's monotonic clock, and a server's."""

    def __init__(self, there: float) -> None:
        self.here = 50.0
        self.offset = there - self.here
        self.clock = ServerClock(local=lambda: self.here, fallback=lambda: 1.0)

    @property
    def there(self) -> float:
        return self.here + self.offset

    def ask(self, way: float = 0.002) -> None:
        """One request, and its answer."""
        asked = self.here
        self.here += way
        date = formatdate(int(self.there), usegmt=True)
        self.here += way
        self.clock.saw(date, asked)

    @property
    def error(self) -> float:
        return abs(self.clock.now() - self.there)


def test_before_any_answer_it_is_this_machines() -> None:
    """There is nothing else to go by; nor is there in an answer without a date."""
    clock = ServerClock(local=lambda: 50.0, fallback=lambda: 1234.5)
    assert clock.now() == 1234.5
    for date in (None, "", "yesterday"):
        clock.saw(date, 49.0)
        assert clock.now() == 1234.5


@given(
    there=st.floats(1e9, 2e9),
    steps=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=60),
)
def test_it_is_within_a_second_at_once_and_never_goes_wrong_by_more(
    there: float, steps: list[float]
) -> None:
    """Whatever this machine's clock says of the day, and whenever is asked."""
    clocks = Clocks(there)
    for step in steps:
        clocks.here += step
        clocks.ask()
        assert clocks.error < 0.51 + BLUR


def test_many_answers_say_it_ever_more_exactly() -> None:
    """Each is of another part of its second."""
    clocks = Clocks(1.7e9 + 0.3)
    for _ in range(40):
        clocks.here += 0.217
        clocks.ask()
    assert clocks.error < 0.1


def test_a_clock_that_is_set_is_followed() -> None:
    """Forwards or back, at the next answer."""
    clocks = Clocks(1.7e9)
    for jump in (-400.0, 7200.0):
        clocks.ask()
        clocks.offset += jump
        clocks.here += 1.0
        clocks.ask()
        assert clocks.error < 0.51 + BLUR
