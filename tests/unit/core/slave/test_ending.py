"""What a slave answers to CLOSE: the whole table (docs/protocol.md, Ending)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.phase import Phase
from ringrun.core.record import FoldValue, Record
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.core.slave.ending import Answer, answer_to


def closing(*, view: int, cut: int, closed: bool | None) -> Record:
    """A record that says STOP."""
    fold = FoldValue(count=cut)
    return Record(view=view, cut=cut, fold=fold, phase=Phase.STOP, closed=closed)


@pytest.mark.parametrize(
    ("closed", "view", "held", "answer"),
    [
        # Closing view 5 with cut 10: only a slave of view 4 that holds 10 is final.
        (True, 4, 10, Answer.FINAL),
        (True, 4, 11, Answer.FINAL),
        (True, 4, 9, Answer.WAIT),
        (True, 4, 0, Answer.WAIT),
        (True, 3, 10, Answer.PREFIX),
        (True, 3, 9, Answer.PREFIX),
        (True, 5, 10, Answer.PREFIX),
        (True, 6, 10, Answer.PREFIX),
        # Unclosed: never final, whatever is held.
        (False, 5, 10, Answer.PREFIX),
        (False, 4, 10, Answer.PREFIX),
        (False, 5, 9, Answer.PREFIX),
        (None, 4, 10, Answer.PREFIX),
    ],
)
def test_the_answer_to_close(closed: bool | None, view: int, held: int, answer: Answer) -> None:
    """Final for one exactly one view behind that holds the cut; a prefix or a wait for others."""
    assert answer_to(closing(view=5, cut=10, closed=closed), view, held, ALL_RULES) is answer


def test_switched_off_an_older_view_is_taken_for_final() -> None:
    """Without `exactly_view_before`, what view 2 issued again at 10 is approved from view 1."""
    rules = Rules(exactly_view_before=False)
    assert answer_to(closing(view=5, cut=10, closed=True), 3, 10, rules) is Answer.FINAL
    assert answer_to(closing(view=5, cut=10, closed=True), 3, 9, rules) is Answer.WAIT


def test_switched_off_an_unclosed_stop_is_final() -> None:
    """Without `unclosed_not_final`, two slaves of one unclosed run are final at 3 and at 2."""
    rules = Rules(unclosed_not_final=False)
    assert answer_to(closing(view=5, cut=10, closed=False), 5, 3, rules) is Answer.FINAL


@given(st.integers(1, 8), st.integers(0, 20), st.integers(0, 8), st.integers(0, 20), st.booleans())
def test_final_needs_everything_the_record_speaks_of(
    view: int, held: int, recorded: int, cut: int, closed: bool
) -> None:
    """FINAL never comes without a closing cut, out of another view, or below the cut."""
    record = closing(view=recorded, cut=cut, closed=closed)
    final = answer_to(record, view, held, ALL_RULES) is Answer.FINAL
    assert final == (closed and view == recorded - 1 and held >= cut)
