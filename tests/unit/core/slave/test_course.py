"""A slave's way through its phases, and what it says again on it."""

import pytest
from lone import ME, PLAN, close
from made_parts import NOW, Parts
from rings import LEADER

from ringrun.core.messages import Frozen, Leave, ResultSaid, Status
from ringrun.core.notes import Note
from ringrun.core.outputs import Finish
from ringrun.core.phase import Phase

END = NOW + PLAN.send + PLAN.grace


def phases(parts: Parts) -> list[object]:
    """Those that were noted."""
    return [row[0]["phase"] for row in parts.noted(Note.PHASE)]  # type: ignore[index]


def test_every_phase_is_noted_once_and_only_send_counts_frames_and_issues() -> None:
    """G6: by the own clock."""
    parts = Parts().installed()
    model = parts.at.model
    assert model is not None
    assert parts.tally.since == NOW
    seen = [(parts.timeline.phase, parts.tally.counting, model.ring.sending)]
    for now in (NOW + PLAN.send, NOW + PLAN.send, END):
        parts.course.move(now)
        seen.append((parts.timeline.phase, parts.tally.counting, model.ring.sending))
    assert seen == [
        (Phase.SEND, True, True),
        (Phase.GRACE, False, False),
        (Phase.GRACE, False, False),
        (Phase.STOP, False, False),
    ]
    assert phases(parts) == ["GRACE", "STOP"]
    assert parts.at.model is None


def test_both_phases_are_entered_in_order_if_it_was_away_for_both() -> None:
    """None is left out of the journal."""
    parts = Parts().installed()
    parts.course.move(END + 0.1)
    assert phases(parts) == ["GRACE", "STOP"]


def test_what_is_said_again_follows_the_course() -> None:
    """How far it is; that it is frozen; its result, and then nothing else."""
    parts = Parts().installed()
    parts.course.repeat(NOW)
    ((to, status),) = parts.said(Status, Frozen, ResultSaid)
    assert (to, type(status)) == (LEADER, Status)
    parts.course.move(END)
    assert [type(message) for _, message in parts.said(Status, Frozen, ResultSaid)] == [Frozen]
    parts.course.close(close(cut=0), END)
    (finish,) = (each for each in parts.taken() if isinstance(each, Finish))
    parts.course.repeat(END)
    assert parts.said(Status, Frozen, ResultSaid) == []
    parts.course.finish(finish.result, END)
    assert parts.said(Status, Frozen, ResultSaid) == [(LEADER, ResultSaid(result=finish.result))]


def test_what_is_lacking_is_waited_for_from_close_on_however_long_it_is_frozen() -> None:
    """Not from when it froze: most of that wait may be over when CLOSE comes."""
    parts = Parts().installed()
    parts.course.move(END)
    closed = END + 0.75 * PLAN.stop_wait
    parts.course.close(close(cut=5), closed)
    parts.course.close(close(cut=5), closed + 0.5 * PLAN.stop_wait)
    parts.course.move(closed + 0.9 * PLAN.stop_wait)
    assert not [each for each in parts.taken() if isinstance(each, Finish)]
    parts.course.move(closed + PLAN.stop_wait)
    assert [each.result.final for each in parts.taken() if isinstance(each, Finish)] == [False]


@pytest.mark.parametrize(("held", "own"), [(3, 5), (5, 3)])
def test_the_result_says_how_much_was_issued_as_far_as_this_slave_knows(
    held: int, own: int
) -> None:
    """G8: what it holds of others, or what it issued itself and does not yet hold in order."""
    parts = Parts().installed()
    assert parts.at.log is not None
    parts.at.log.append(1, 1, bytes(8 * held))
    parts.tally.issued = own
    parts.course.close(close(cut=0), NOW)
    assert [each.result.issued for each in parts.taken() if isinstance(each, Finish)] == [5]


def test_it_is_said_again_four_times_a_second() -> None:
    """However often it is asked."""
    parts = Parts().installed()
    for step in range(64):
        parts.course.repeat_if_due(NOW + step / 64)
    assert len(parts.said(Status)) == 4


def test_who_was_told_to_end_says_so_and_ends_with_a_view_without_it() -> None:
    """A slave that was not told to end takes no notice of such a view."""
    parts = Parts().installed()
    parts.course.left_out(NOW)
    assert parts.timeline.phase is Phase.SEND
    parts.course.leave(NOW)
    assert [type(message) for _, message in parts.said(Leave, ResultSaid)] == [Leave]
    parts.course.left_out(NOW)
    (finish,) = (each for each in parts.taken() if isinstance(each, Finish))
    assert (finish.result.node, finish.result.final) == (ME, False)
    assert parts.timeline.phase is Phase.STOP


def test_by_the_closing_cut_all_that_is_held_up_to_it_counts() -> None:
    """No more than that, and it is noted as approved in the view that was closed (G8)."""
    parts = Parts().installed()
    log = parts.at.log
    assert log is not None
    log.append(1, 1, bytes(8 * 5))
    parts.course.close(close(cut=3), NOW)
    assert parts.noted(Note.APPROVED) == [(1, 3, 2)]
    (finish,) = (each for each in parts.taken() if isinstance(each, Finish))
    assert (finish.result.final, finish.result.count) == (True, 3)


def test_a_second_close_makes_no_second_result() -> None:
    """Nothing counts after the first (G6)."""
    parts = Parts().installed()
    parts.course.move(END)
    parts.course.close(close(cut=0), END)
    assert [each for each in parts.taken() if isinstance(each, Finish)]
    parts.course.close(close(cut=0, view=7), END)
    assert not [each for each in parts.taken() if isinstance(each, Finish)]
