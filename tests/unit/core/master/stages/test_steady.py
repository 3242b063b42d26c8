"""While the ring runs: what makes a leader change the view, stand aside, or just look on."""

from typing import Any

import pytest
from made_term import GRACE, NOW, PLAN, ROSTER, SEND, A, B, C, ordered, term_of, told

from ringrun.core.master.stages.interface import Alter, StandAside
from ringrun.core.master.stages.steady import Steady
from ringrun.core.master.term import Term
from ringrun.core.messages import Meet, Met, Trouble
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Member, Record

REPLACED = (*ROSTER[:2], Member(ordinal=2, incarnation=2, host="h", port=9))
TWO = SEND.evolve(members=ROSTER[:2], incarnations=(A, B))
QUIET = 2 * PLAN.suspect + 0.75


def alter(then: object) -> Alter:
    """What comes next is a change."""
    assert isinstance(then, Alter)
    return then


def heard_all(term: Term, now: float, *nodes: SlaveId) -> Term:
    """These have said something just now."""
    for node in nodes:
        term.heard(node, now)
    return term


def test_a_ring_that_runs_is_left_alone() -> None:
    """All are heard, and the roster is the view."""
    later = NOW + QUIET
    assert Steady(heard_all(term_of(), later, A, B, C), NOW).tick(later) is None


@pytest.mark.parametrize(
    "orders",
    [{"dead": (C,)}, {"roster": REPLACED}],
    ids=["named dead", "replaced on the roster"],
)
def test_a_member_that_is_gone_is_left_out_at_once(orders: dict[str, Any]) -> None:
    """Nobody waits for its silence."""
    change = alter(Steady(term_of(**orders), NOW).tick(NOW)).change
    assert (change.without, change.closing) == ({C}, False)


def test_a_member_that_was_told_to_end_is_left_out() -> None:
    """It said Leave, and lives."""
    term = term_of()
    stage = Steady(term, NOW)
    assert stage.tick(NOW) is None
    term.leavers.add(B)
    assert alter(stage.tick(NOW)).change.without == {B}


@pytest.mark.parametrize("reason", [None, Reason(Why.ABORTED)])
def test_a_stop_that_is_ordered_closes_for_its_reason(reason: Reason | None) -> None:
    """And is a stop all the same if none was given."""
    change = alter(Steady(term_of(phase=Phase.STOP, stop_reason=reason), NOW).tick(NOW)).change
    assert change.closing
    assert change.stop_reason == (reason or Reason(Why.STOPPED))


def test_grace_is_over_once_all_have_said_so_or_are_gone() -> None:
    """Without a wait for the planned end; and without a stop reason, as it is the planned one."""
    term = term_of(GRACE, dead=(C,))
    term.frozen |= {A}
    stage = Steady(term, NOW)
    assert not alter(stage.tick(NOW)).change.closing
    term.frozen |= {B}
    change = alter(stage.tick(NOW)).change
    assert (change.closing, change.stop_reason) == (True, None)


def test_grace_is_over_by_the_clock_if_nobody_says_so() -> None:
    """A quarter of stopWait after the planned end."""
    term = term_of(GRACE)
    term.clock.learn(0.0, NOW)
    end = NOW + PLAN.send + PLAN.grace + PLAN.stop_wait / 4
    stage = Steady(heard_all(term, end, A, B, C), NOW)
    assert stage.tick(end - 0.01) is None
    assert alter(stage.tick(end)).change.closing


def test_a_complaint_changes_the_view_and_leaves_nobody_out() -> None:
    """The first one of a pair."""
    term = term_of()
    term.suspicion.report(A, C, Trouble.RESET)
    change = alter(Steady(term, NOW).tick(NOW)).change
    assert change.without == set()
    assert change.cause == "slave 0 complains of slave 2: connection reset"


def test_one_silent_member_changes_the_view() -> None:
    """It has the time of two suspicions and a half second."""
    term = term_of()
    stage = Steady(term, NOW)
    assert stage.tick(NOW + QUIET - 0.5) is None
    heard_all(term, NOW + QUIET, A, B)
    assert alter(stage.tick(NOW + QUIET)).change.cause == "nothing heard from slave 2"


@pytest.mark.parametrize("stood_aside", [True, False])
def test_if_all_are_silent_it_may_be_the_master_that_is_cut_off(stood_aside: bool) -> None:
    """It lets a standby try, once; nothing is gained by wedging slaves that it cannot reach."""
    then = Steady(term_of(stood_aside=stood_aside), NOW).tick(NOW + QUIET)
    assert then == (None if stood_aside else StandAside())


def test_a_joiner_is_admitted_once_all_links_work_both_ways() -> None:
    """MEET goes to it and to the members; the ring is not stopped for it before that."""
    term = term_of(TWO)
    stage = Steady(term, NOW)
    assert stage.tick(NOW) is None
    assert told(term, Meet) == [C, A, B]
    for node, links in ((C, (A, B)), (A, (C,))):
        stage.receive(node, Met(epoch=3, attempt=1, links=links), NOW)
        assert stage.tick(NOW) is None
    stage.receive(B, Met(epoch=3, attempt=1, links=(C,)), NOW)
    assert alter(stage.tick(NOW)).change.joiners == (ROSTER[2],)


def test_a_joiner_without_links_is_held_back_for_longer_each_time() -> None:
    """So that MEET is not said for ever without a pause."""
    term = term_of(TWO)
    stage = Steady(term, NOW)
    stage.tick(NOW)
    late = NOW + 2 * PLAN.suspect + 0.1
    heard_all(term, late, A, B)
    assert stage.tick(late) is None
    assert term.held_back[C] == (late + 0.2, 0.4)
    term.outputs.clear()
    for after, introduced in ((0.1, []), (0.25, [C, A, B])):
        heard_all(term, late + after, A, B)
        assert stage.tick(late + after) is None
        assert told(term, Meet) == introduced


def test_a_joiner_that_has_its_links_does_not_wait_for_one_that_has_none() -> None:
    """But for the time that both are given; an answer to an earlier MEET proves nothing."""
    term = term_of(SEND.evolve(members=ROSTER[:1], incarnations=(A,)))
    stage = Steady(term, NOW)
    stage.tick(NOW)
    late = NOW + 2 * PLAN.suspect + 0.1
    for node, links in ((A, (B, C)), (B, (A, C)), (C, (A, B))):
        attempt = 0 if node == C else 1
        stage.receive(node, Met(epoch=3, attempt=attempt, links=links), NOW)
    assert stage.tick(NOW) is None
    heard_all(term, late, A)
    assert alter(stage.tick(late)).change.joiners == (ROSTER[1],)


@pytest.mark.parametrize(
    ("record", "orders"),
    [
        (TWO, {"dead": (C,)}),
        (TWO, {"roster": (*ROSTER[:2], Member(ordinal=2, incarnation=1))}),
        (TWO.evolve(incarnations=(A, B, C)), {}),
        (TWO.evolve(phase=Phase.GRACE), {}),
    ],
    ids=["dead", "no address yet", "not a new incarnation", "SEND is over"],
)
def test_who_may_not_join_is_not_introduced(record: Record, orders: dict[str, Any]) -> None:
    """G12: an ordinal comes back under a new incarnation alone, and in SEND alone."""
    term = term_of(record, **orders)
    assert Steady(term, NOW).tick(NOW) is None
    assert told(term, Meet) == []


def test_new_orders_are_looked_at_before_the_next_look_is_due() -> None:
    """Every message comes by here; only news makes it look at each member again."""
    term = term_of()
    stage = Steady(term, NOW)
    assert stage.tick(NOW) is None
    ordered(term, dead=(A,))
    assert alter(stage.tick(NOW)).change.without == {A}
