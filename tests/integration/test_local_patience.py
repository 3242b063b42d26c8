"""How long a local run is waited for when leader or slaves do not do their part."""

from dataclasses import replace

import pytest

from ringrun.core.phase import Phase
from ringrun.local.patience import (
    AFTER_END,
    AFTER_STOP,
    ALONE,
    NO_MASTER,
    NO_SLAVE,
    OVERDUE,
    START_SLACK,
    Patience,
)
from ringrun.spec import default_run

SPEC = replace(default_run(), send=2.0, grace=1.0, start_deadline=20.0)


def patience() -> Patience:
    """Of a run that began at 100."""
    return Patience(spec=SPEC, started=100.0)


def test_a_run_that_goes_as_it_should_is_waited_for() -> None:
    """START, SEND, GRACE, STOP, with all alive."""
    waiting = patience()
    for now, phase in ((101.0, Phase.START), (102.0, Phase.SEND), (105.0, Phase.STOP)):
        waiting.see(now, phase, slaves=True)
        assert waiting.hopeless(now, masters_given_up=False) is None
        assert not waiting.start_is_over(now)


def test_start_is_over_when_no_leader_told_so() -> None:
    """A little later than the leader would."""
    waiting = patience()
    waiting.see(119.0, Phase.START, slaves=True)
    assert not waiting.start_is_over(120.0 + START_SLACK)
    assert waiting.start_is_over(120.1 + START_SLACK)


def test_a_record_out_of_reach_is_no_new_start() -> None:
    """What was seen once stays seen: a long run is not stopped for a read that failed."""
    waiting = patience()
    waiting.see(102.0, Phase.SEND, slaves=True)
    waiting.see(900.0, None, slaves=True)
    assert not waiting.start_is_over(900.0)


def test_with_no_slave_left_a_leader_has_a_while_to_report() -> None:
    """A replacement that lives begins the while anew."""
    waiting = patience()
    waiting.see(102.0, Phase.SEND, slaves=False)
    assert waiting.hopeless(102.0 + ALONE, masters_given_up=False) is None
    waiting.see(103.0, Phase.SEND, slaves=True)
    waiting.see(104.0, Phase.SEND, slaves=False)
    assert waiting.hopeless(103.0 + ALONE, masters_given_up=False) is None
    assert waiting.hopeless(104.1 + ALONE, masters_given_up=False) == NO_SLAVE


def test_an_ordered_stop_is_not_waited_for_for_ever() -> None:
    """Its reason is the one that was ordered."""
    waiting = patience()
    waiting.see(102.0, Phase.SEND, slaves=True)
    waiting.stopped_at = 103.0
    assert waiting.hopeless(103.0 + AFTER_STOP, masters_given_up=False) is None
    assert waiting.hopeless(103.1 + AFTER_STOP, masters_given_up=False) == ""


@pytest.mark.parametrize("phase", [Phase.SEND, Phase.GRACE])
def test_without_masters_the_slaves_may_end_by_their_own_clocks(phase: Phase) -> None:
    """Their results are on disk when the last has ended; one that never ends is not waited for."""
    waiting = patience()
    waiting.see(102.0, phase, slaves=True)
    assert waiting.hopeless(104.0, masters_given_up=True) is None
    assert waiting.hopeless(105.1 + ALONE, masters_given_up=True) == NO_MASTER
    waiting.see(105.0, phase, slaves=False)
    assert waiting.hopeless(105.0, masters_given_up=True) == NO_MASTER


def test_without_masters_a_run_that_has_not_begun_never_will() -> None:
    """Slaves that wait in START wait for nobody."""
    waiting = patience()
    waiting.see(101.0, Phase.START, slaves=True)
    assert waiting.hopeless(101.0, masters_given_up=True) == NO_MASTER


def test_a_slave_that_hangs_at_the_end_is_given_up() -> None:
    """Later than the leader gives it up."""
    waiting = patience()
    waiting.see(102.0, Phase.SEND, slaves=True)
    assert waiting.hopeless(105.0 + AFTER_END, masters_given_up=False) is None
    assert waiting.hopeless(105.1 + AFTER_END, masters_given_up=False) == OVERDUE
