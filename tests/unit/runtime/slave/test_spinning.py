"""When spinning goes on and when it rests, on a clock of the test's own."""

from typing import TYPE_CHECKING, cast

import pytest

from ringrun.runtime.slave.spinning import (
    FIRST_REST,
    JUDGED,
    MOST_ROUNDS,
    SHARED,
    STEADY,
    TOO_LONG,
    Spinning,
)

if TYPE_CHECKING:
    import select

SPIN = 50e-6
POLL = 0.4e-6
ALONE = 1e-6
FOUND = [(7, 1)]


class Core:
    """A core to spin on: a clock, an epoll and a yield, each of which takes its time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.polls = 0
        self.laps = 0
        self.away = ALONE
        self.comes_after = 10**9
        self.blocked: list[float] = []
        self.spinning = Spinning(
            cast("select.epoll", self), clock=lambda: self.now, give_way=self.give_way
        )

    def give_way(self) -> None:
        self.now += self.away
        self.laps += 1

    def fileno(self) -> int:
        raise AssertionError("waited for less than the poll can count")

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        assert most > 0
        if timeout:
            self.blocked.append(timeout)
            self.now += ALONE
            return FOUND
        self.now += POLL
        self.polls += 1
        return FOUND if self.laps >= self.comes_after else []

    def wait(self, comes_after: int) -> list[tuple[int, int]]:
        """One wait, whose event comes after so many laps; a wait that blocks is woken at once."""
        self.laps = 0
        self.comes_after = comes_after
        return self.spinning.wait(self.now + 1.0, SPIN)


@pytest.fixture
def core() -> Core:
    return Core()


def test_time_given_away_is_not_spun(core: Core) -> None:
    """However slow the others on this core are, it polls as often before it blocks."""
    core.wait(10**9)
    alone = core.polls
    core.polls = 0
    core.away = 0.9 * TOO_LONG
    core.wait(10**9)
    assert core.polls == alone
    assert alone == pytest.approx(SPIN / POLL, abs=3)
    assert len(core.blocked) == 2


def test_it_ends_at_its_time_however_little_it_has_polled(core: Core) -> None:
    core.away = 0.9 * TOO_LONG
    until = core.now + 2.5 * TOO_LONG
    core.comes_after = 10**9
    core.spinning.wait(until, SPIN)
    assert core.laps == 3


def test_it_goes_on_while_it_finds(core: Core) -> None:
    for _ in range(3 * JUDGED):
        assert core.wait(20) == FOUND
    assert not core.blocked
    assert not core.spinning.resting


def test_it_rests_where_nothing_comes_in_time(core: Core) -> None:
    for _ in range(JUDGED):
        assert not core.spinning.resting
        core.wait(10**9)
    assert core.spinning.resting
    core.laps = 0
    core.wait(10**9)
    assert core.laps == 0


def test_a_rest_is_twice_as_long_each_time_in_a_row(core: Core) -> None:
    rests = []
    for _ in range(3):
        core.away = 2 * TOO_LONG
        core.wait(1)
        assert core.spinning.resting
        start = core.now
        while core.spinning.resting:
            core.now += FIRST_REST / 100
        rests.append(core.now - start)
    assert rests == pytest.approx([FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST], rel=0.02)


@pytest.mark.parametrize(("paid_for", "then"), [(0.9, 2), (1.1, 1)])
def test_a_rest_is_short_again_after_spinning_has_paid(
    core: Core, paid_for: float, then: float
) -> None:
    """Not sooner: on a busy machine it pays now and then, and costs more in between."""
    core.away = 2 * TOO_LONG
    core.wait(1)
    rest_until = core.now + FIRST_REST
    core.now = rest_until + paid_for * STEADY * 2 * FIRST_REST
    core.wait(1)
    start = core.now
    while core.spinning.resting:
        core.now += FIRST_REST / 100
    assert core.now - start == pytest.approx(then * FIRST_REST, rel=0.02)


def test_one_who_keeps_the_core_ends_it_at_once(core: Core) -> None:
    """What came meanwhile is delivered all the same."""
    core.away = 1.1 * TOO_LONG
    core.wait(1)
    assert core.laps == 1
    assert core.spinning.resting


@pytest.mark.parametrize(
    ("rounds", "away", "rests"),
    [
        (MOST_ROUNDS, 3 * SHARED, False),
        (MOST_ROUNDS + 1, 3 * SHARED, True),
        (10 * MOST_ROUNDS, ALONE, False),
    ],
)
def test_it_leaves_a_crowded_core(core: Core, rounds: int, away: float, rests: bool) -> None:
    """Every wait ends within the spin, but the core went round its sharers too often for that."""
    core.away = away
    for _ in range(JUDGED):
        assert core.wait(rounds) == FOUND
    assert core.spinning.resting is rests
