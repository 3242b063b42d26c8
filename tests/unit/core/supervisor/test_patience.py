"""When a run is given up, and with what words: one set of rules for every supervisor."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.supervisor.patience import (
    AFTER_END,
    AFTER_STOP,
    ALONE,
    BY_HAND,
    CLUSTER,
    LOCAL,
    Bounds,
    Run,
    Times,
    given_up,
    is_late,
    next_limit,
)
from ringrun.spec import RunSpec

SPEC = RunSpec.from_document({"startDeadlineSeconds": 60}, name="demo")
PLAN = SPEC.send + SPEC.grace
LATE = Reason(Why.START_DEADLINE, "x")
SENDING = Run(
    times=Times(started=1000.0, send_seen=1010.0),
    stop_reason=None,
    slaves_live=True,
    masters_run=True,
    masters_given_up=False,
    last_words="exit code 1",
)


def run(**changes: Any) -> Run:
    """A run in SEND with these changes; those of its times among them."""
    names = ("send_seen", "alone", "stop_ordered")
    times = {key: changes.pop(key) for key in names if key in changes}
    return replace(SENDING, times=replace(SENDING.times, **times), **changes)


@pytest.mark.parametrize("bounds", [CLUSTER, LOCAL])
@pytest.mark.parametrize(
    ("changes", "after", "reason"),
    [
        ({}, 0.0, None),
        ({"record_lost": "gone"}, 0.0, Reason(Why.RECORD_LOST, "gone")),
        ({"masters_given_up": True}, 0.0, None),
        (
            {"masters_given_up": True, "slaves_live": False},
            0.0,
            Reason(Why.NO_MASTER, "exit code 1"),
        ),
        (
            {"masters_given_up": True, "send_seen": None},
            0.0,
            Reason(Why.NO_MASTER, "exit code 1"),
        ),
        ({"alone": 1010.0}, ALONE - 0.1, None),
        ({"alone": 1010.0}, ALONE, Reason(Why.NO_SLAVE)),
        ({"stop_ordered": 1010.0, "stop_reason": Reason(Why.ABORTED)}, AFTER_STOP - 0.1, None),
        (
            {"stop_ordered": 1010.0, "stop_reason": Reason(Why.ABORTED)},
            AFTER_STOP,
            Reason(Why.ABORTED),
        ),
        ({"stop_ordered": 1010.0}, AFTER_STOP, Reason(Why.NO_MASTER)),
        ({"stop_reason": LATE, "send_seen": None}, 0.0, None),
        ({"stop_reason": LATE, "send_seen": None, "masters_run": False}, 0.0, LATE),
        (
            {"stop_reason": Reason(Why.ABORTED), "send_seen": None, "masters_run": False},
            0.0,
            Reason(Why.ABORTED, "exit code 1"),
        ),
        ({"stop_reason": Reason(Why.ABORTED), "masters_run": False}, 0.0, None),
        ({}, PLAN + AFTER_END - 0.1, None),
        ({}, PLAN + AFTER_END, Reason(Why.OVERDUE)),
    ],
)
def test_a_run_is_given_up_for_one_of_these_reasons(
    changes: dict[str, Any], after: float, reason: Reason | None, bounds: Bounds
) -> None:
    """And for none of them a moment too early; in a cluster as in a local run."""
    assert given_up(SPEC, run(**dict(changes)), 1010.0 + after, bounds) == reason


def test_slaves_without_any_master_are_waited_for_while_their_results_cannot_be_read() -> None:
    """On a machine of one's own they lie on disk; in a cluster a container must have ended."""
    orphans = run(masters_given_up=True)
    soon = 1010.0 + PLAN + ALONE
    assert given_up(SPEC, orphans, soon - 0.1, LOCAL) is None
    assert given_up(SPEC, orphans, soon, LOCAL) == Reason(Why.NO_MASTER, "exit code 1")
    assert given_up(SPEC, orphans, soon + 100.0, CLUSTER) is None
    late = 1010.0 + PLAN + AFTER_END
    assert given_up(SPEC, orphans, late, CLUSTER) == Reason(Why.NO_MASTER, "exit code 1")


def test_by_hand_somebody_waits_for_the_end() -> None:
    """Five seconds after Ctrl-C; and not for as long as slaves of a cluster wait for a leader."""
    stopped = run(stop_ordered=1010.0, stop_reason=Reason(Why.INTERRUPTED))
    assert given_up(SPEC, stopped, 1014.9, BY_HAND) is None
    assert given_up(SPEC, stopped, 1015.0, BY_HAND) == Reason(Why.INTERRUPTED)
    late = 1010.0 + PLAN + BY_HAND.after_end
    assert given_up(SPEC, run(), late - 0.1, BY_HAND) is None
    assert given_up(SPEC, run(), late, BY_HAND) == Reason(Why.OVERDUE)


@pytest.mark.parametrize(
    ("begun", "now", "late"), [(False, 1059.9, False), (False, 1060.0, True), (True, 1060.0, False)]
)
def test_only_a_run_that_has_not_begun_is_late(begun: bool, now: float, late: bool) -> None:
    """From its deadline on; where a leader can name the silent slaves, a little later."""
    times = Times(started=1000.0, send_seen=1010.0 if begun else None)
    assert is_late(SPEC, times, now) == late
    assert not is_late(SPEC, times, now, LOCAL)
    assert is_late(SPEC, times, now + LOCAL.start_slack, LOCAL) == late


def test_times_begin_when_a_thing_is_seen_and_end_when_it_is_no_more() -> None:
    """But SEND, once seen, stays: the record may be out of reach later."""
    times = Times(started=0.0).seen(5.0, phase=Phase.SEND, slaves_live=False, stopped=False)
    assert times == Times(started=0.0, send_seen=5.0, alone=5.0)
    times = times.seen(6.0, phase=None, slaves_live=False, stopped=True)
    assert times == Times(started=0.0, send_seen=5.0, alone=5.0, stop_ordered=6.0)
    times = times.seen(7.0, phase=Phase.SEND, slaves_live=True, stopped=True)
    assert times == Times(started=0.0, send_seen=5.0, stop_ordered=6.0)


def test_only_a_ring_that_began_is_alone_and_not_while_slaves_are_started() -> None:
    """In START those that died are replaced; a replacement may be on its way later, too."""
    times = Times(started=0.0)
    assert times.seen(5.0, phase=Phase.START, slaves_live=False, stopped=False).alone is None
    assert times.seen(5.0, phase=None, slaves_live=False, stopped=False).alone is None
    sending = times.seen(5.0, phase=Phase.SEND, slaves_live=False, starting=True, stopped=False)
    assert (sending.begun, sending.alone) == (True, None)


def test_the_next_limit_is_the_first_that_is_to_come() -> None:
    """One that has passed is not waited for again."""
    times = replace(SENDING.times, alone=1010.0, stop_ordered=1012.0)
    assert next_limit(SPEC, times, 1012.0) == 1010.0 + ALONE
    assert next_limit(SPEC, times, 1010.0 + ALONE) == 1012.0 + AFTER_STOP
    assert next_limit(SPEC, times, 1e9) == math.inf
    assert next_limit(SPEC, Times(started=1000.0), 1000.0) == 1060.0


MAYBE = st.none() | st.floats(1000, 1400)
RUNS = st.builds(
    Run,
    times=st.builds(
        Times, started=st.just(1000.0), send_seen=MAYBE, alone=MAYBE, stop_ordered=MAYBE
    ),
    stop_reason=st.none() | st.sampled_from([LATE, Reason(Why.ABORTED)]),
    slaves_live=st.booleans(),
    masters_run=st.booleans(),
    masters_given_up=st.booleans(),
    last_words=st.just("x"),
)


@given(
    found=RUNS,
    now=st.floats(1000, 2000),
    part=st.floats(0, 1, exclude_max=True),
    bounds=st.sampled_from([CLUSTER, LOCAL, BY_HAND]),
)
def test_before_the_next_limit_time_alone_changes_nothing(
    found: Run, now: float, part: float, bounds: Bounds
) -> None:
    """So whoever sleeps until then misses nothing."""
    limit = next_limit(SPEC, found.times, now, bounds)
    then = now + part * (min(limit, now + 1e4) - now)
    if not now <= then < limit:
        return
    assert given_up(SPEC, found, then, bounds) == given_up(SPEC, found, now, bounds)
    late = is_late(SPEC, found.times, now, bounds)
    assert is_late(SPEC, found.times, then, bounds) == late


@given(found=RUNS, bounds=st.sampled_from([CLUSTER, LOCAL, BY_HAND]))
def test_a_run_that_has_begun_is_never_waited_for_for_ever(found: Run, bounds: Bounds) -> None:
    """Nor is one that was ordered to stop, or that lost its masters before it began."""
    times = found.times
    hung = times.send_seen is None and times.stop_ordered is None and times.alone is None
    if hung and not found.masters_given_up:
        return
    assert given_up(SPEC, found, 1400.0 + PLAN + AFTER_END, bounds) is not None


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        (Times(started=5.0), None),
        (Times(started=5.0, send_seen=6.0), 4.0),
        (Times(started=5.0, send_seen=6.0, stop_ordered=7.5), 1.5),
    ],
)
def test_send_was_seen_from_its_beginning_to_the_order_to_stop(
    times: Times, seconds: float | None
) -> None:
    """Or until now; of one that never began there is no length."""
    assert times.sent_for(10.0) == seconds
