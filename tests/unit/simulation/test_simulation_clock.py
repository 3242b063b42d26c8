"""The virtual clock: one order of everything, and no way back (simulation.clock)."""

import pytest

from ringrun.simulation.clock import Clock, LivelockError


def test_what_is_due_at_one_time_happens_in_the_order_of_scheduling() -> None:
    """Times first; between equals nothing else decides."""
    clock = Clock()
    told: list[str] = []
    clock.at(2.0, told.append, "late")
    clock.at(1.0, told.append, "first")
    clock.after(1.0, told.append, "second")
    clock.run(3.0)
    assert told == ["first", "second", "late"]
    assert clock.now == 3.0


def test_what_lies_in_the_past_happens_now() -> None:
    """Time never runs backwards, whoever asks for it."""
    clock = Clock()
    clock.run(5.0)
    times: list[float] = []
    clock.at(1.0, lambda: times.append(clock.now))
    clock.run(5.0)
    assert times == [5.0]


def test_what_is_later_than_asked_for_is_left() -> None:
    clock = Clock()
    told: list[str] = []
    clock.at(1.0, told.append, "now")
    clock.at(1.1, told.append, "later")
    clock.run(1.0)
    assert told == ["now"]
    assert len(clock.pending) == 1


def test_a_step_is_one_thing_and_says_when_there_is_none() -> None:
    clock = Clock()
    told: list[str] = []
    clock.at(1.0, told.append, "one")
    clock.at(1.0, told.append, "two")
    assert clock.step()
    assert (told, clock.now) == (["one"], 1.0)
    assert clock.step()
    assert not clock.step()


def test_a_run_that_never_moves_on_is_an_error() -> None:
    """What schedules itself within no time would otherwise hang the whole search."""
    clock = Clock()

    def again() -> None:
        clock.after(0.0, again)

    again()
    with pytest.raises(LivelockError, match="for ever"):
        clock.run(1.0)


def test_more_may_happen_in_a_larger_run() -> None:
    assert Clock(size=64.0).left == 64 * Clock().left
