"""STOP: who is told to close, when the report is complete, and when all is done."""

from dataclasses import replace

import msgspec
import pytest
from made_results import result
from made_term import NOW, PLAN, ROSTER, STOP, A, B, C, term_of, told

from ringrun.core.master.stages.closing import Closing
from ringrun.core.master.stages.interface import Done
from ringrun.core.master.term import Term
from ringrun.core.messages import Close, Stored
from ringrun.core.node import SlaveId
from ringrun.core.reason import Reason, Why


def with_results(*ordinals: int, dead: tuple[SlaveId, ...] = ()) -> Term:
    """A run that is closed, with the results of these."""
    term = term_of(STOP, dead=dead)
    for ordinal in ordinals:
        term.collected.add(result(ordinal, ""))
    return term


def test_close_is_said_to_all_whose_result_is_lacking() -> None:
    """Until it comes."""
    term = with_results(1)
    Closing(term, NOW).repeat(NOW)
    assert told(term, Close) == [A, C]


def test_close_is_said_also_to_who_was_left_out_at_last_and_to_who_never_came_in() -> None:
    """The verdict asks for the one (G11); the other would wait for a view that never comes."""
    joiner = msgspec.structs.replace(ROSTER[2], incarnation=2)
    term = term_of(STOP.evolve(members=ROSTER[:1]), roster=(ROSTER[0], joiner))
    term.up.add(joiner.node)
    Closing(term, NOW).repeat(NOW)
    assert told(term, Close) == [A, B, C, joiner.node]


def test_stored_is_said_for_what_is_kept_outside_alone() -> None:
    """A result in memory would be lost with this master."""
    term = with_results(0, 1)
    term.collected.stored.add(B)
    Closing(term, NOW).repeat(NOW)
    assert told(term, Stored) == [B]


@pytest.mark.parametrize(
    ("ordinals", "dead", "complete"),
    [((0, 1), (), False), ((0, 1), (C,), True), ((0, 1, 2), (), True)],
    ids=["one may still come", "the other is dead", "all are there"],
)
def test_the_report_waits_for_every_result_that_can_still_come(
    ordinals: tuple[int, ...], dead: tuple[SlaveId, ...], *, complete: bool
) -> None:
    """The dead tell nothing."""
    stage = Closing(with_results(*ordinals, dead=dead), NOW)
    assert (stage.report(NOW) is not None) is complete


def test_in_the_end_the_silent_count_as_dead() -> None:
    """resultWait after STOP, if that was before the planned end."""
    stage = Closing(with_results(0), NOW)
    assert stage.report(NOW + PLAN.result_wait - 0.01) is None
    document = stage.report(NOW + PLAN.result_wait)
    assert document is not None
    assert document["complete"] is True


def test_after_the_active_deadline_nobody_is_waited_for() -> None:
    """It counts from when this master began."""
    term = with_results(0)
    term.spec = replace(term.spec, active_deadline=4.0)
    stage = Closing(term, NOW)
    assert stage.report(NOW + 3.9) is None
    assert stage.report(NOW + 4.0) is not None


@pytest.mark.parametrize(("began", "seconds"), [(0.5, 0.5), (None, 8.0)])
def test_send_lasted_until_the_stop_was_recorded(began: float | None, seconds: float) -> None:
    """Not until the report is made; where nobody knows of a GO, it is taken for whole."""
    term = term_of(STOP.evolve(stop_reason=Reason(Why.INTERRUPTED)), dead=(A, B, C))
    term.spec = replace(term.spec, send=PLAN.send)
    if began is not None:
        term.clock.learn(began, NOW)
    document = Closing(term, NOW).report(NOW + 1.25)
    assert document is not None
    assert document["sendSeconds"] == seconds


def test_all_is_done_once_nobody_is_linked_any_more_or_after_a_while() -> None:
    """A slave that is told Stored ends, and its link with it; a hung one is not waited for."""
    term = with_results(0, 1, 2, dead=(A,))
    stage = Closing(term, NOW)
    assert stage.tick(NOW) is None
    term.collected.complete = True
    assert stage.tick(NOW) is None
    assert stage.tick(NOW + 5.1) == Done()
    term.up.intersection_update({A})
    assert Closing(term, NOW).tick(NOW) == Done()
