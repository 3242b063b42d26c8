"""A leader follows its stages and the record, and says nothing more once it leads no more."""

from itertools import product

import msgspec
import pytest
from made_results import result
from made_term import (
    GRACE,
    NOW,
    ROSTER,
    SEND,
    START,
    STOP,
    A,
    B,
    C,
    ordered,
    said,
    term_of,
    told,
    wedged,
)

from ringrun.core.master.leading import End, Leading
from ringrun.core.master.stages import AFTER
from ringrun.core.master.stages.changing import Changing
from ringrun.core.master.stages.closing import Closing
from ringrun.core.master.stages.installing import Installing
from ringrun.core.master.stages.steady import Steady
from ringrun.core.master.term import Term
from ringrun.core.messages import (
    Close,
    Control,
    Install,
    Installed,
    Kicked,
    Meet,
    Refused,
    ResultSaid,
    Stored,
    Sync,
    Trouble,
    Wedge,
)
from ringrun.core.outputs import Send
from ringrun.core.phase import Phase
from ringrun.core.record import Record

PAIRS = set(product(AFTER, AFTER))


def running(term: Term) -> Leading:
    """View 1 is installed and kicked."""
    lead = Leading(term, NOW)
    for node in (A, B, C):
        lead.receive(node, Installed(epoch=3, view=1, wedged=False, elapsed=0.0), NOW)
    lead.tick(NOW)
    lead.receive(A, Kicked(epoch=3, view=1), NOW)
    term.outputs.clear()
    return lead


@pytest.mark.parametrize(
    ("record", "command"),
    [(START, Meet), (SEND, Install), (GRACE, Install), (STOP, Close)],
)
def test_a_leadership_goes_on_from_the_record(record: Record, command: type[Control]) -> None:
    """What is recorded is installed again: the leader before may have told nobody."""
    term = term_of(record)
    Leading(term, NOW).tick(NOW)
    assert told(term, command) == [A, B, C]


def test_the_stages_that_may_follow_are_those_of_the_protocol() -> None:
    """Nothing leads back to START or out of STOP, and what is recorded always leads on."""
    allowed = {(before, after) for before in AFTER for after in AFTER[before]}
    recorded = {(before, after) for before, after in PAIRS if after in (Installing, Closing)}
    recorded -= {(Closing, Installing), (Closing, Closing)}
    changes = {(before, Changing) for before in (Installing, Steady, Changing)}
    assert allowed == recorded | changes | {(Installing, Steady)}


def test_a_stage_that_may_not_follow_is_our_own_bug() -> None:
    """It crashes instead of going on: after STOP no view is installed."""
    lead = Leading(term_of(STOP), NOW)
    with pytest.raises(AssertionError, match="from Closing to Installing"):
        lead.saved(SEND.evolve(view=9), NOW)


@pytest.mark.parametrize(
    ("refused", "ends"),
    [
        (Refused(epoch=4, holder="m1-1"), True),
        (Refused(epoch=3, holder="m1-1"), True),
        (Refused(epoch=3, holder="m0-1"), False),
        (Refused(epoch=2, holder="m1-1"), False),
    ],
    ids=["a higher epoch", "a second holder", "itself", "a lower epoch"],
)
def test_a_leader_that_is_refused_for_another_ends(refused: Refused, *, ends: bool) -> None:
    """G7: one epoch has one leader; what a slave said long ago proves nothing."""
    end = running(term_of()).receive(A, refused, NOW)
    assert end == (End(why=f"{A} obeys m1-1") if ends else None)


def test_a_leader_that_stands_aside_says_nothing_more() -> None:
    """Not even what was due to be said again."""
    term = term_of(stood_aside=False)
    lead = running(term)
    term.suspicion.report(A, C, Trouble.SILENT)
    lead.tick(NOW)
    lead.receive(A, wedged(1), NOW)
    end = None
    for _ in range(9):
        assert end is None
        assert told(term, Wedge)
        end = lead.tick(lead.deadline)
        if end is not None:
            break
    assert end == End(why="it reaches less than half of the view", aside=True)
    assert term.outputs == []


def test_a_leader_that_is_done_goes_on_until_its_lease_is_freed() -> None:
    """Slaves may still ask whether their results are stored."""
    term = term_of(STOP)
    lead = Leading(term, NOW)
    for ordinal in range(3):
        lead.receive(ROSTER[ordinal].node, ResultSaid(result=result(ordinal, "")), NOW)
    term.collected.complete = True
    term.up -= {A, B}
    ordered(term, dead=(C,))
    term.outputs.clear()
    assert lead.tick(NOW + 1.0) == End(why="all is done", done=True)
    lead.receive(C, ResultSaid(result=result(2, "")), NOW + 1.0)
    assert told(term, Stored) == [C]


def test_results_that_the_supervisor_found_are_taken_from_the_orders() -> None:
    """Those that were there before this master led, and those that come later (G10)."""
    term = term_of(results=(result(0, "a"),))
    lead = running(term)
    assert set(term.collected.results) == {A}
    lead.orders_changed(msgspec.structs.replace(term.orders, results=(result(1, "a"),)))
    assert set(term.collected.results) == {A, B}


def test_a_result_told_in_the_name_of_another_is_not_taken() -> None:
    """G9: a slave speaks for itself."""
    term = term_of(STOP)
    Leading(term, NOW).receive(A, ResultSaid(result=result(1, "")), NOW)
    assert term.collected.results == {}


def test_an_answer_of_another_epoch_reaches_no_stage() -> None:
    """Attempts are numbered anew in every epoch."""
    term = term_of()
    lead = running(term)
    ordered(term, dead=(C,))
    lead.tick(NOW)
    for epoch in (2, 4):
        lead.receive(A, msgspec.structs.replace(wedged(1), epoch=epoch), NOW)
    assert told(term, Wedge) == [A, B]
    lead.repeat(NOW)
    assert told(term, Wedge) == [A, B]
    lead.receive(A, wedged(1), NOW)
    lead.repeat(NOW)
    assert told(term, Wedge) == [B]


def test_a_change_gets_an_attempt_that_no_change_before_it_had() -> None:
    """Answers are matched by it."""
    term = term_of()
    lead = running(term)
    attempts = []
    for orders in ({"dead": (C,)}, {"phase": Phase.STOP}):
        ordered(term, **orders)
        lead.tick(NOW)
        attempts.append({wedge.attempt for _, wedge in said(term, Wedge)})  # type: ignore[union-attr]
    assert attempts == [{1}, {2}]


def test_grace_is_recorded_with_the_members_once_send_is_over() -> None:
    """Whatever the stage; those are the ones that the verdict is about (G10)."""
    term = term_of()
    lead = running(term)
    assert lead.wants(NOW + 7.9) is None
    wanted = lead.wants(NOW + 8.1)
    assert wanted == SEND.evolve(phase=Phase.GRACE, send_members=ROSTER)


def test_a_view_that_is_read_as_recorded_is_installed() -> None:
    """A write of its own that nobody answered for: it goes on from what it sees."""
    term = term_of()
    lead = running(term)
    view_2 = SEND.evolve(view=2, members=ROSTER[:2])
    assert lead.saw(view_2, NOW) is None
    assert [(node, message.record.view) for node, message in said(term, Install)] == [  # type: ignore[union-attr]
        (A, 2),
        (B, 2),
    ]


def test_after_an_absence_nobody_counts_as_silent() -> None:
    """It was this master that did not listen."""
    term = term_of(stood_aside=False)
    lead = running(term)
    while lead.deadline < NOW + 4.0:
        for node in (A, B, C):
            term.heard(node, lead.deadline)
        assert lead.tick(lead.deadline) is None
    assert lead.tick(NOW + 7.0) is None
    assert not [each for each in term.outputs if isinstance(each, Send)]


def test_after_an_absence_a_change_waits_anew_for_those_that_have_not_answered() -> None:
    """Their answers may be unread; left out, they could never come back (G12)."""
    term = term_of()
    lead = running(term)
    ordered(term, dead=(C,))
    lead.tick(NOW)
    lead.receive(A, wedged(1), NOW)
    lead.tick(NOW + 9.0)
    assert told(term, Sync) == []
    lead.receive(B, wedged(1), NOW + 9.0)
    lead.tick(NOW + 9.0)
    assert told(term, Sync) == [A, B]
