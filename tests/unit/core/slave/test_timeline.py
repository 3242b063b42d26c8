"""A slave's phases by its own clock alone (G6)."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.phase import RANK, Phase
from ringrun.core.record import Plan
from ringrun.core.slave.timeline import Timeline

SEND, GRACE = 2.0, 1.0
# Exact in binary, so that the ends fall on the very float that is computed.
GO = 64.0


def timeline(*, go: float | None = GO) -> Timeline:
    """One with a plan, and GO if there was one."""
    made = Timeline()
    made.plan = Plan(run="r", nodes=2, seed=0, model="lockstep", send=SEND, grace=GRACE)
    if go is not None:
        assert made.start(0.0, go, spread=True)
    return made


def test_nothing_begins_before_go() -> None:
    """However late it is: without GO the phase stays START, and no end is awaited."""
    waiting = timeline(go=None)
    assert waiting.move(1e9) == []
    assert waiting.phase is Phase.START
    assert waiting.next_end() == inf
    assert waiting.elapsed(1e9) < 0


def test_go_without_a_plan_ends_nothing() -> None:
    """A slave that knows no periods cannot end them."""
    blind = Timeline()
    assert blind.start(0.0, GO, spread=True)
    assert blind.move(1e9) == []
    assert blind.next_end() == inf


def test_send_and_grace_end_exactly_on_the_own_clock() -> None:
    """Not a moment before, and at the moment itself."""
    run = timeline()
    assert run.next_end() == GO + SEND
    assert run.move(GO + SEND - 2**-20) == []
    assert run.move(GO + SEND) == [Phase.GRACE]
    assert run.next_end() == GO + SEND + GRACE
    assert run.move(GO + SEND + GRACE - 2**-20) == []
    assert not run.frozen
    assert run.move(GO + SEND + GRACE) == [Phase.STOP]
    assert run.frozen
    assert run.frozen_at == GO + SEND + GRACE
    assert run.next_end() == inf
    assert (run.send_seconds, run.grace_seconds) == (SEND, GRACE)


def test_a_slave_that_slept_through_everything_enters_each_phase_in_order() -> None:
    """GRACE is entered even if its end has passed as well."""
    run = timeline()
    assert run.move(GO + 100.0) == [Phase.GRACE, Phase.STOP]
    assert run.send_seconds == 100.0
    assert run.grace_seconds == 0.0


def test_the_largest_elapsed_moves_both_ends_forward() -> None:
    """Others began half a second earlier: this slave ends with them, and says so."""
    run = timeline()
    assert not run.start(1.5, GO + 1.0, spread=True)
    assert run.elapsed(GO + 1.0) == 1.5
    assert run.next_end() == GO + SEND - 0.5
    assert run.move(GO + SEND - 0.5) == [Phase.GRACE]
    assert run.send_seconds == SEND - 0.5
    assert run.next_end() == GO + SEND + GRACE - 0.5


@pytest.mark.parametrize("elapsed", [-1.0, 0.0, 0.25, 1.0])
def test_a_smaller_elapsed_changes_nothing(elapsed: float) -> None:
    """Whoever has less takes the more; whoever has more keeps it."""
    run = timeline()
    assert not run.start(elapsed, GO + 1.0, spread=True)
    assert run.next_end() == GO + SEND


def test_without_spreading_the_own_go_stays() -> None:
    """What the rule `largest_elapsed` is there for: switched off, this slave ends on its own."""
    run = timeline()
    run.start(1.5, GO + 1.0, spread=False)
    assert run.next_end() == GO + SEND


def test_a_late_go_counts_from_when_the_others_began() -> None:
    """A joiner ends with the others; its own SEND is shorter by what it missed."""
    joiner = timeline(go=None)
    assert joiner.start(1.5, GO, spread=True)
    assert joiner.phase is Phase.SEND
    assert joiner.move(GO + 0.5) == [Phase.GRACE]
    assert joiner.send_seconds == 0.5


def test_a_negative_elapsed_is_go_now() -> None:
    """The first slave of all is told -1: nobody has started."""
    first = timeline(go=None)
    assert first.start(-1.0, GO, spread=True)
    assert first.elapsed(GO) == 0.0


@pytest.mark.parametrize(
    ("at", "entered"),
    [
        (None, [Phase.STOP]),
        (0.5, [Phase.GRACE, Phase.STOP]),
        (2.5, [Phase.STOP]),
        (9.0, []),
    ],
)
def test_a_freeze_ends_whatever_phase_it_is(at: float | None, entered: list[Phase]) -> None:
    """From START, SEND, GRACE and STOP; a second freeze does nothing."""
    run = timeline(go=None if at is None else GO)
    now = GO + (at or 0.0)
    run.move(now)
    assert run.freeze(now) == entered
    frozen_at = run.frozen_at
    assert run.phase is Phase.STOP
    assert run.frozen
    assert run.freeze(now + 1.0) == []
    assert run.frozen_at == frozen_at


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["move", "start", "freeze"]),
            st.floats(0.0, 4.0),
            st.floats(-1.0, 8.0),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_no_order_of_events_leads_back(steps: list[tuple[str, float, float, bool]]) -> None:
    """The phase's rank never falls, each phase is entered once, the end never moves later."""
    run = timeline(go=None)
    now = GO
    ranks, entered, ends = [RANK[run.phase]], [], [inf]
    for what, wait, elapsed, spread in steps:
        now += wait
        if what == "move":
            entered += run.move(now)
        elif what == "start":
            if run.phase is Phase.STOP and run.go is None:
                continue  # frozen before GO: the slave has ended, nobody starts its clock
            entered += [Phase.SEND] if run.start(elapsed, now, spread=spread) else []
        else:
            entered += run.freeze(now)
        ranks.append(RANK[run.phase])
        ends.append(inf if run.go is None else run.go + SEND)
    assert ranks == sorted(ranks)
    assert len(entered) == len(set(entered))
    assert ends == sorted(ends, reverse=True)
