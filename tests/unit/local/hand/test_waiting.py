"""For how long a master by hand waits, and what it then orders."""

from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.supervisor.patience import BY_HAND
from ringrun.local.hand.waiting import Waiting
from ringrun.spec import default_run

SPEC = default_run([])
INTERRUPTED = Reason(Why.INTERRUPTED)


def test_after_ctrl_c_not_for_long_and_after_a_second_not_at_all() -> None:
    """Whether or not the orders have the STOP already."""
    waiting = Waiting(SPEC, 0.0)
    assert waiting.given_up(Phase.SEND, None, 1.0) is None
    waiting.interrupt(1)
    assert (waiting.stop, waiting.interrupted) == (INTERRUPTED, True)
    assert waiting.given_up(Phase.SEND, None, 2.0) is None
    assert waiting.given_up(Phase.SEND, INTERRUPTED, 1.9 + BY_HAND.after_stop) is None
    assert waiting.given_up(Phase.STOP, INTERRUPTED, 2.0 + BY_HAND.after_stop) == INTERRUPTED
    again = Waiting(SPEC, 0.0)
    again.interrupt(2)
    assert again.given_up(Phase.START, None, 1.0) == INTERRUPTED


def test_a_start_that_hangs_is_stopped_and_then_given_up() -> None:
    """The leader has a second to say it first, as it can name the slaves."""
    waiting = Waiting(SPEC, 10.0)
    late = 10.0 + SPEC.start_deadline + BY_HAND.start_slack
    looks = [(waiting.given_up(Phase.START, None, at), waiting.stop) for at in (late - 0.1, late)]
    too_late = Reason(Why.START_DEADLINE)
    assert looks == [(None, None), (None, too_late)]
    assert not waiting.interrupted
    over = late + BY_HAND.after_stop
    assert waiting.given_up(Phase.START, too_late, over) == too_late


def test_a_report_that_does_not_come_is_not_waited_for_for_ever() -> None:
    """Slaves may hang, and nobody need be there to press Ctrl-C."""
    waiting = Waiting(SPEC, 0.0)
    assert waiting.given_up(Phase.SEND, None, 1.0) is None
    over = 1.0 + SPEC.send + SPEC.grace + BY_HAND.after_end
    assert waiting.given_up(Phase.SEND, None, over - 0.1) is None
    assert waiting.given_up(Phase.SEND, None, over) == Reason(Why.OVERDUE)


def test_when_nobody_reads_its_lines_the_run_is_stopped() -> None:
    """Unless it is stopped for something else; it is no interrupt, and the report is waited for."""
    waiting = Waiting(SPEC, 0.0)
    waiting.reader_gone()
    assert waiting.unread
    assert not waiting.interrupted
    assert waiting.stop == Reason(Why.INTERRUPTED, "whoever read its lines has gone")
    assert waiting.given_up(Phase.SEND, None, 1.0) is None
    other = Waiting(SPEC, 0.0)
    other.interrupt(1)
    other.reader_gone()
    assert other.stop == INTERRUPTED


def test_how_long_send_lasted_is_known_to_who_waited() -> None:
    waiting = Waiting(SPEC, 0.0)
    assert waiting.sent_for(1.0) is None
    waiting.given_up(Phase.SEND, None, 2.0)
    assert waiting.sent_for(3.5) == 1.5
