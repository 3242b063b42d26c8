"""START: nobody is left out; MEET, then SYNC, then `prepared` is recorded, then view 1."""

import pytest
from made_term import NOW, PLAN, ROSTER, START, A, B, C, ordered, synced, term_of, told

from ringrun.core.master.stages.preparing import Preparing
from ringrun.core.master.term import Term
from ringrun.core.messages import Meet, Met, Sync
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import FoldValue, Member

OTHERS = {A: (B, C), B: (A, C), C: (A, B)}


def begun(term: Term) -> Preparing:
    """The stage at its first tick."""
    stage = Preparing(term, NOW)
    stage.tick(NOW)
    return stage


def meet_all(stage: Preparing) -> None:
    """All prove their links."""
    for node, links in OTHERS.items():
        stage.receive(node, Met(epoch=3, attempt=1, links=links), NOW)


def sync_all(stage: Preparing, *nodes: SlaveId) -> None:
    """These are synced."""
    for node in nodes:
        stage.receive(node, synced(1, FoldValue(), view=0), NOW)


def test_nothing_is_said_before_the_roster_is_complete() -> None:
    """Some have no address yet."""
    term = term_of(START, complete=False)
    begun(term)
    assert told(term, Meet) == []


def test_sync_is_said_once_all_have_proved_all_links_and_only_then() -> None:
    """MEET is repeated to whoever lacks a link."""
    term = term_of(START)
    stage = begun(term)
    assert told(term, Meet) == [A, B, C]
    for node, links in ((A, (B, C)), (B, (A, C)), (C, (A,))):
        stage.receive(node, Met(epoch=3, attempt=1, links=links), NOW)
    stage.repeat(NOW)
    assert told(term, Meet) == [C]
    stage.receive(C, Met(epoch=3, attempt=1, links=(A, B)), NOW)
    assert told(term, Sync) == [A, B, C]


def test_a_new_roster_begins_again_and_old_answers_no_longer_count() -> None:
    """Another incarnation has proved nothing."""
    term = term_of(START)
    stage = begun(term)
    term.up.add(SlaveId(2, 2))
    ordered(term, roster=(*ROSTER[:2], Member(ordinal=2, incarnation=2, host="h", port=9)))
    stage.tick(NOW)
    told(term, Meet)
    meet_all(stage)
    stage.repeat(NOW)
    assert told(term, Meet) == [A, B, SlaveId(2, 2)]


def test_all_are_recorded_as_prepared_before_view_1_is() -> None:
    """View 1 waits for the order to SEND as well."""
    term = term_of(START, phase=Phase.START)
    stage = begun(term)
    meet_all(stage)
    sync_all(stage, A, B)
    assert stage.wants(NOW) is None
    sync_all(stage, C)
    prepared = stage.wants(NOW)
    assert prepared == START.evolve(prepared=(A, B, C), plan=PLAN)
    term.record = prepared
    assert stage.wants(NOW) is None
    ordered(term, phase=Phase.SEND)
    wanted = stage.wants(NOW)
    assert wanted is not None
    assert (wanted.view, wanted.members, wanted.phase) == (1, ROSTER, Phase.SEND)
    assert (wanted.starter, wanted.incarnations) == (0, (A, B, C))


def test_who_was_prepared_and_is_no_longer_on_the_roster_is_struck_out() -> None:
    """Before anything else is recorded."""
    term = term_of(START.evolve(prepared=(A, B, SlaveId(2, 9))))
    wanted = begun(term).wants(NOW)
    assert wanted == term.record.evolve(prepared=())


@pytest.mark.parametrize(
    ("orders", "later", "reason"),
    [
        ({"phase": Phase.STOP}, 0.0, Reason(Why.STOPPED)),
        ({"phase": Phase.STOP, "stop_reason": Reason(Why.ABORTED)}, 0.0, Reason(Why.ABORTED)),
        ({}, 32.0, Reason(Why.START_DEADLINE, "slaves not prepared: 2")),
    ],
    ids=["stopped", "aborted", "too late"],
)
def test_a_run_that_never_started_is_stopped_unclosed(
    orders: dict[str, object], later: float, reason: Reason
) -> None:
    """There is no view to close."""
    stage = begun(term_of(START, **orders))
    sync_all(stage, A, B)
    wanted = stage.wants(NOW + later)
    assert wanted == START.evolve(phase=Phase.STOP, closed=False, stop_reason=reason)
