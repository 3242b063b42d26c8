"""A view change in its steps: whom it waits for, whom it leaves out, and what it has recorded."""

import pytest
from made_results import fold, result
from made_term import NOW, PLAN, ROSTER, SEND, A, B, C, ordered, synced, term_of, told, wedged

from ringrun.core.master.change import Change
from ringrun.core.master.stages.changing import Changing
from ringrun.core.master.stages.interface import Alter, StandAside
from ringrun.core.master.term import Term
from ringrun.core.messages import Sync, Synced, Trouble, Wedge
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why

LATE = NOW + 0.6
"""The patience of a ring of three is over."""


def begun(term: Term, **change: object) -> Changing:
    """The stage, in attempt 1."""
    made = Change(cause="test", attempt=1, **change)  # type: ignore[arg-type]
    return Changing(term, NOW, made, NOW)


def wedge(stage: Changing, held: dict[SlaveId, int], now: float = NOW) -> object:
    """These have answered the wedge; what the stage makes of it."""
    for node, count in held.items():
        stage.receive(node, wedged(1, count), now)
    return stage.tick(now)


def again(then: object) -> Change:
    """It begins again, from the wedge."""
    assert isinstance(then, Alter)
    return then.change


def test_the_wedge_waits_for_all_that_live_and_then_sync_goes_to_all() -> None:
    """Also to those that hold everything: they answer with their fold."""
    term = term_of()
    stage = begun(term)
    wedge(stage, {A: 3, B: 5})
    stage.repeat(NOW)
    assert told(term, Wedge) == [C]
    wedge(stage, {C: 4})
    assert told(term, Sync) == [A, B, C]
    assert (stage.change.cut, stage.change.donor) == (5, ROSTER[1])


def test_the_dead_are_not_waited_for() -> None:
    """The supervisor saw their end."""
    term = term_of(dead=(C,))
    wedge(begun(term), {A: 3, B: 5})
    assert told(term, Sync) == [A, B]


def test_the_silent_are_waited_for_and_then_left_out() -> None:
    """By the patience of this ring."""
    term = term_of()
    stage = begun(term)
    wedge(stage, {A: 3, B: 5})
    assert told(term, Sync) == []
    stage.tick(LATE)
    assert told(term, Sync) == [A, B]


def test_an_answer_of_another_attempt_or_view_does_not_count() -> None:
    """It speaks of what was held before."""
    stage = begun(term_of())
    stage.receive(A, wedged(2, 3), NOW)
    stage.receive(B, wedged(1, 3, view=2), NOW)
    assert stage.change.wedged == {}


@pytest.mark.parametrize(
    "other",
    [synced(2, fold("xy")), synced(1, fold("xy"), view=2), synced(1, fold("x"))],
    ids=["attempt", "view", "cut"],
)
def test_who_is_synced_for_another_cut_is_not_synced(other: Synced) -> None:
    """It may not hold what the view will begin with (G3)."""
    stage = begun(term_of(dead=(C,)))
    wedge(stage, {A: 2, B: 2})
    stage.receive(A, synced(1, fold("xy")), NOW)
    stage.receive(B, other, NOW)
    assert stage.change.unsynced() == [ROSTER[1]]
    assert stage.wants(NOW) is None


def test_the_record_is_wanted_once_all_are_synced_and_not_before() -> None:
    """G3: whoever is in the view holds the cut."""
    stage = begun(term_of(), without={C})
    wedge(stage, {A: 2, B: 2})
    stage.receive(A, synced(1, fold("xy")), NOW)
    assert stage.wants(NOW) is None
    stage.receive(B, synced(1, fold("xy")), NOW)
    wanted = stage.wants(NOW)
    assert wanted is not None
    assert (wanted.view, wanted.members, wanted.cut) == (2, ROSTER[:2], 2)
    assert (wanted.fold, wanted.phase) == (fold("xy"), Phase.SEND)


def test_folds_that_differ_close_the_run() -> None:
    """G1: the run is not believed any more."""
    stage = begun(term_of(dead=(C,)))
    wedge(stage, {A: 2, B: 2})
    for node, log in ((A, "xy"), (B, "xz")):
        stage.receive(node, synced(1, fold(log)), NOW)
    wanted = stage.wants(NOW)
    assert wanted is not None
    assert (wanted.phase, wanted.closed) == (Phase.STOP, True)
    assert wanted.stop_reason == Reason(Why.DIVERGED, "unequal folds at cut 2 of view 1")


def test_a_survivor_that_is_silent_in_sync_gets_another_donor_before_it_is_left_out() -> None:
    """It may be the donor that it cannot reach."""
    for tried, without in ((0, set()), (1, {C})):
        stage = begun(term_of(), tried=tried)
        wedge(stage, {A: 2, B: 2, C: 0})
        for node in (A, B):
            stage.receive(node, synced(1, fold("xy")), NOW)
        assert stage.tick(NOW) is None
        change = again(stage.tick(LATE))
        assert change.without == without
        assert bool(change.tried) is not bool(without)


def test_a_survivor_that_dies_in_sync_makes_it_begin_again_though_it_was_synced() -> None:
    """A view with a dead member in it would not run."""
    term = term_of()
    stage = begun(term)
    wedge(stage, {A: 0, B: 0, C: 0})
    stage.receive(A, synced(1, fold("")), NOW)
    assert stage.tick(NOW) is None
    ordered(term, dead=(A,))
    assert again(stage.tick(NOW)).without == set()


def test_a_joiner_that_is_silent_is_left_out_and_nothing_begins_again() -> None:
    """The ring goes on without it."""
    stage = begun(term_of(SEND.evolve(members=ROSTER[:2])), joiners=ROSTER[2:])
    wedge(stage, {A: 0, B: 0})
    for node in (A, B):
        stage.receive(node, synced(1, fold("")), NOW)
    assert stage.wants(NOW) is None
    assert stage.tick(LATE) is None
    wanted = stage.wants(LATE)
    assert wanted is not None
    assert wanted.members == ROSTER[:2]


def test_joiners_are_dropped_when_send_is_over() -> None:
    """By another attempt: they may have been synced in this one."""
    term = term_of(SEND.evolve(members=ROSTER[:2]))
    term.clock.learn(0.0, NOW)
    change = again(begun(term, joiners=ROSTER[2:]).tick(NOW + PLAN.send))
    assert change.joiners == ()


def test_a_stop_makes_this_change_the_last_one() -> None:
    """From the wedge on; once."""
    term = term_of()
    stage = begun(term)
    ordered(term, phase=Phase.STOP, stop_reason=Reason(Why.ABORTED))
    change = again(stage.tick(NOW))
    assert (change.closing, change.stop_reason) == (True, Reason(Why.ABORTED))
    change.attempt = 2
    assert Changing(term, NOW, change, NOW).tick(NOW) is None


def test_a_second_complaint_of_the_same_pair_loses_one_of_the_two() -> None:
    """Though both answer."""
    term = term_of()
    for _ in range(2):
        term.suspicion.answered(NOW)
        term.suspicion.report(A, C, Trouble.SILENT)
    stage = begun(term)
    wedge(stage, {A: 0, B: 0, C: 0})
    assert stage.left_out() == {C}
    assert told(term, Sync) == [A, B]


@pytest.mark.parametrize(
    ("answered", "stood_aside", "aside"),
    [((A,), False, True), ((A,), True, False), ((A, B), False, False)],
)
def test_who_reaches_less_than_half_stands_aside_once(
    answered: tuple[SlaveId, ...], *, stood_aside: bool, aside: bool
) -> None:
    """If there is a standby that has not tried yet."""
    stage = begun(term_of(stood_aside=stood_aside))
    wedge(stage, dict.fromkeys(answered, 0))
    assert stage.tick(LATE) == (StandAside() if aside else None)


def test_a_view_whose_members_are_all_dead_is_closed_without_a_cut() -> None:
    """Nobody can say what was approved."""
    term = term_of(dead=(A, B, C))
    stage = begun(term)
    assert stage.tick(NOW) is None
    wanted = stage.wants(NOW)
    assert wanted == SEND.evolve(
        phase=Phase.STOP,
        closed=False,
        stop_reason=Reason(Why.NO_SURVIVOR),
        send_members=ROSTER,
    )


def test_while_anyone_may_still_answer_nothing_is_recorded() -> None:
    """Silence is no proof of death, until the results are overdue."""
    term = term_of()
    term.clock.learn(0.0, NOW)
    stage = begun(term)
    stage.tick(LATE)
    assert stage.wants(LATE) is None
    overdue = NOW + PLAN.send + PLAN.grace + PLAN.result_wait
    stage.tick(overdue)
    assert stage.wants(overdue) is not None


def test_an_early_stop_that_nobody_answers_is_recorded_without_a_cut() -> None:
    """Five seconds after it was ordered: whoever ordered it will not wait for the planned end."""
    stop = Reason(Why.ABORTED)
    stage = begun(term_of(), closing=True, stop_reason=stop)
    for now in (LATE, NOW + 5.0):
        stage.tick(now)
        assert stage.wants(now) is None
    stage.tick(NOW + 5.7)
    wanted = stage.wants(NOW + 5.7)
    assert wanted is not None
    assert (wanted.closed, wanted.stop_reason, wanted.view) == (False, stop, 1)


def test_what_was_not_written_is_wedged_again() -> None:
    """The answers may be old by now; before there is anything to write, nothing begins again."""
    stage = begun(term_of(dead=(C,)))
    assert stage.not_written(NOW) is None
    wedge(stage, {A: 0, B: 0})
    assert stage.not_written(NOW) is None
    for node in (A, B):
        stage.receive(node, synced(1, fold("")), NOW)
    assert again(stage.not_written(NOW)).attempt == 0


@pytest.mark.parametrize("reason", [Reason(Why.ABORTED), None])
def test_an_abort_that_nobody_answers_is_recorded_without_a_cut(reason: Reason | None) -> None:
    """After five seconds, however often it began again; the planned end waits for the results."""
    stage = begun(term_of(), closing=True, stop_reason=reason)
    wanted = []
    for step in range(1, 11):
        now = NOW + 0.6 * step
        assert stage.tick(now) is None
        wanted.append(stage.wants(now))
    assert wanted[:8] == [None] * 8
    assert wanted[9] == (
        SEND.evolve(phase=Phase.STOP, closed=False, stop_reason=reason, send_members=ROSTER)
        if reason
        else None
    )


def test_what_begins_again_goes_on_counting_from_when_it_first_began() -> None:
    """Otherwise an abort could begin anew for ever."""
    stage = Changing(term_of(phase=Phase.STOP), NOW + 3.0, Change(cause="test"), NOW)
    then = stage.tick(NOW + 3.0)
    assert isinstance(then, Alter)
    assert then.began == NOW


def test_a_closing_change_goes_on_with_whoever_answers() -> None:
    """It stands aside for nobody, and leaves nobody out for bad links."""
    term = term_of(stood_aside=False)
    for _ in range(2):
        term.suspicion.answered(NOW)
        term.suspicion.report(A, B, Trouble.SILENT)
    stage = begun(term, closing=True)
    wedge(stage, {A: 0})
    assert stage.tick(LATE) is None
    assert told(term, Sync) == [A]
    stage = begun(term, closing=True)
    wedge(stage, {A: 0, B: 0, C: 0})
    assert (stage.left_out(), told(term, Sync)) == (set(), [A, B, C])


def test_if_all_that_answer_were_left_out_all_are_asked_again() -> None:
    """But for those that were told to end; if only they answer, the others are waited for."""
    term = term_of()
    term.leavers.add(B)
    assert again(wedge(begun(term, without={A, B, C}), {A: 0}, LATE)).without == {B}
    assert wedge(begun(term, without={B}), {B: 0}, LATE) is None


def test_if_all_are_gone_and_one_has_given_its_result_the_verdict_is_by_the_results() -> None:
    """The stop is unclosed, and has no reason of its own."""
    term = term_of(dead=(A, B))
    term.collected.add(result(2, ""))
    stage = begun(term)
    assert stage.tick(NOW) is None
    wanted = stage.wants(NOW)
    assert wanted is not None
    assert (wanted.closed, wanted.stop_reason) == (False, None)


def test_folds_that_differ_close_the_run_though_a_joiner_was_left_out_after_they_came() -> None:
    """G1: its silence came last."""
    stage = begun(term_of(SEND.evolve(members=ROSTER[:2])), joiners=ROSTER[2:])
    wedge(stage, {A: 2, B: 2})
    for node, log in ((A, "xy"), (B, "xz")):
        stage.receive(node, synced(1, fold(log)), NOW)
    assert stage.wants(NOW) is None
    stage.tick(LATE)
    wanted = stage.wants(LATE)
    assert wanted is not None
    assert wanted.stop_reason == Reason(Why.DIVERGED, "unequal folds at cut 2 of view 1")


def test_sync_is_waited_for_as_long_as_the_wedge_was() -> None:
    """From when it is said."""
    stage = begun(term_of())
    wedge(stage, {A: 2, B: 2})
    stage.tick(LATE)
    assert stage.tick(LATE + 0.4) is None
    assert isinstance(stage.tick(LATE + 0.6), Alter)
