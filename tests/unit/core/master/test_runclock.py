"""The run's time as a leader knows it: differences of monotonic clocks, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.master.runclock import RunClock
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import Plan, Record

PLAN = Plan(run="r", nodes=3, seed=0, model="lockstep", send=2.0, grace=1.0)
A, B, C = SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)


def test_before_any_go_the_take_over_counts_as_go() -> None:
    """A leader that hears of none still ends; elapsed stays negative, so it spreads nothing."""
    clock = RunClock(PLAN, 64.0)
    clock.learn(-1.0, 65.0)
    assert clock.go is None
    assert clock.elapsed(65.0) < 0
    assert (clock.end_of_send, clock.end_of_grace) == (66.0, 67.0)


def test_a_go_of_this_very_moment_is_a_go() -> None:
    """Zero seconds ago is not "never"."""
    clock = RunClock(PLAN, 64.0)
    clock.learn(0.0, 65.0)
    assert clock.go == 65.0


@given(st.lists(st.tuples(st.floats(-1.0, 50.0), st.floats(0.0, 10.0)), min_size=1, max_size=8))
def test_the_earliest_go_counts_in_whatever_order(heard: list[tuple[float, float]]) -> None:
    """The largest elapsed that any slave spoke of."""
    clock = RunClock(PLAN, 64.0)
    for elapsed, later in heard:
        clock.learn(elapsed, 64.0 + later)
    goes = [64.0 + later - elapsed for elapsed, later in heard if elapsed >= 0]
    assert clock.go == (min(goes) if goes else None)


def test_nobody_joins_once_send_is_over() -> None:
    """By the clock in SEND, by the record afterwards; in START not yet."""
    clock = RunClock(PLAN, 64.0)
    clock.learn(0.0, 65.0)
    start, send, grace = (Record(phase=phase) for phase in (Phase.START, Phase.SEND, Phase.GRACE))
    assert not clock.send_is_over(start, 1e9)
    assert not clock.send_is_over(send, 66.99)
    assert clock.send_is_over(send, 67.0)
    assert clock.send_is_over(grace, 65.0)
    assert clock.send_is_over(Record(phase=Phase.STOP), 65.0)


def test_the_skew_is_measured_half_way_between_asking_and_answer() -> None:
    """A slow link is no skew; a GO that was later is."""
    clock = RunClock(PLAN, 64.0)
    assert clock.start_skew() is None
    clock.asked(A, 64.0)
    clock.asked(B, 64.0)
    clock.asked(C, 64.0)
    clock.acknowledged(A, 0.0, 64.5)
    clock.acknowledged(B, 0.25, 65.0)
    assert clock.start_skew() == (2, 0.0)
    clock.acknowledged(C, 0.0, 65.0)
    assert clock.start_skew() == (3, 0.25)


def test_only_the_first_acknowledgement_of_a_slave_is_measured() -> None:
    """INSTALL is repeated; a later answer says less about when it began."""
    clock = RunClock(PLAN, 64.0)
    clock.asked(A, 64.0)
    clock.acknowledged(A, -1.0, 64.5)
    assert clock.start_skew() is None
    clock.acknowledged(A, 0.0, 64.5)
    clock.asked(A, 70.0)
    clock.acknowledged(A, 0.0, 71.0)
    clock.asked(B, 64.0)
    clock.acknowledged(B, 0.0, 64.5)
    assert clock.start_skew() == (2, pytest.approx(0.0))
