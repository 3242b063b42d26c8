"""INSTALL at all members, then the kickstart; whatever is in the way is a change."""

import pytest
from made_term import GRACE, NOW, ROSTER, SEND, A, B, C, ordered, said, term_of, told

from ringrun.core.master.stages.installing import Installing
from ringrun.core.master.stages.interface import Alter, Watch
from ringrun.core.master.term import Term
from ringrun.core.messages import Install, Installed, Kick, Kicked
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import Record

VIEW_2 = SEND.evolve(view=2, starter=1)


def answered(term: Term, *nodes: SlaveId) -> Installing:
    """The stage at a tick after these have acknowledged."""
    stage = Installing(term, NOW)
    view = term.record.view
    for node in nodes:
        stage.receive(node, Installed(epoch=3, view=view, wedged=False, elapsed=1.0), NOW)
    return stage


def test_the_kick_goes_to_the_starter_once_all_have_installed() -> None:
    """And the view is watched once it has answered that."""
    term = term_of(VIEW_2)
    stage = answered(term, A, B)
    assert stage.tick(NOW) is None
    assert told(term, Kick) == []
    stage.receive(C, Installed(epoch=3, view=2, wedged=False, elapsed=1.0), NOW)
    assert stage.tick(NOW) is None
    assert told(term, Kick) == [B]
    assert stage.receive(B, Kicked(epoch=3, view=1), NOW) is None
    assert stage.receive(B, Kicked(epoch=3, view=2), NOW) == Watch()


def test_an_answer_of_another_view_does_not_count() -> None:
    """It is repeated to whoever has not answered for this one."""
    term = term_of(VIEW_2)
    stage = answered(term, A)
    stage.receive(B, Installed(epoch=3, view=1, wedged=False, elapsed=1.0), NOW)
    stage.repeat(NOW)
    assert told(term, Install) == [B, C]


def test_in_grace_nobody_is_kicked() -> None:
    """Nobody issues any more."""
    term = term_of(GRACE)
    assert answered(term, A, B, C).tick(NOW) == Watch()
    assert told(term, Kick) == []


@pytest.mark.parametrize(("record", "patience"), [(SEND, 2.515), (VIEW_2, 0.515)])
def test_whoever_does_not_install_in_time_brings_a_change(record: Record, patience: float) -> None:
    """GO, which is view 1, has two seconds more."""
    stage = answered(term_of(record), A, B)
    assert stage.tick(NOW + patience - 0.01) is None
    then = stage.tick(NOW + patience + 0.01)
    assert isinstance(then, Alter)
    assert (then.change.cause, then.change.without) == ("not all installed the view", set())


def test_a_starter_that_does_not_answer_the_kick_brings_a_change() -> None:
    """Its time counts from the kick."""
    stage = answered(term_of(VIEW_2), A, B, C)
    assert stage.tick(NOW + 0.5) is None
    assert stage.tick(NOW + 1.0) is None
    then = stage.tick(NOW + 1.1)
    assert isinstance(then, Alter)
    assert then.change.cause == "no answer to the kickstart"


def test_a_member_that_has_given_the_view_up_brings_a_change() -> None:
    """A wedge is final: it will not take part again."""
    stage = answered(term_of(VIEW_2), A)
    then = stage.receive(C, Installed(epoch=3, view=2, wedged=True, elapsed=1.0), NOW)
    assert isinstance(then, Alter)
    assert then.change.cause == "slave 2 is wedged in view 2"


@pytest.mark.parametrize("leaves", [True, False])
def test_a_member_that_is_gone_is_not_waited_for(leaves: bool) -> None:
    """Only one that lives and was told to end is left out by name: the dead answer no wedge."""
    term = term_of(VIEW_2, dead=() if leaves else (C,))
    if leaves:
        term.leavers.add(C)
    then = answered(term, A, B).tick(NOW)
    assert isinstance(then, Alter)
    assert then.change.without == ({C} if leaves else set())


def test_a_stop_leaves_it_to_the_watch_whatever_is_unanswered() -> None:
    """Which closes at once."""
    term = term_of(VIEW_2)
    stage = answered(term)
    ordered(term, phase=Phase.STOP)
    assert stage.tick(NOW) == Watch()


def test_who_leaves_is_told_of_the_view_without_it() -> None:
    """It waits for that to go."""
    term = term_of(SEND.evolve(view=2, members=ROSTER[:2]))
    term.leavers.add(C)
    Installing(term, NOW).repeat(NOW)
    assert told(term, Install) == [A, B, C]


def test_install_says_how_long_ago_go_was() -> None:
    """G6: who joins, or hears of it late, ends SEND with the others."""
    term = term_of(VIEW_2)
    term.clock.learn(2.0, NOW)
    Installing(term, NOW).repeat(NOW + 1.0)
    assert {message.elapsed for _, message in said(term, Install)} == {3.0}  # type: ignore[union-attr]
