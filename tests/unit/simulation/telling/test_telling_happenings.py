"""Notes, writes and orders in words (simulation.telling.happenings)."""

from typing import Any

import pytest

from ringrun.core.node import SlaveId
from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Member, Record
from ringrun.simulation.telling.happenings import note, order, write

A = Member(ordinal=0, incarnation=1, host="h", port=1)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((Note.ISSUED, 2, 4, 0, 7, 1, b""), "issues entry 4, its draw 7, in view 2"),
        ((Note.ISSUED, 2, 4, 0, 7, 2, b""), "issues entries 4 to 5, its draws 7 to 8, in view 2"),
        ((Note.APPROVED, 2, 40, 0), "approves to 40 in view 2 (all members hold it)"),
        ((Note.APPROVED, 2, 40, 1), "approves to 40 in view 2 (the cut)"),
        ((Note.APPROVED, 2, 40, 2), "approves to 40 in view 2 (the closing cut)"),
        ((Note.BASE, {"count": 6}), "begins with a donor's fold of 6"),
        ((Note.PHASE, {"phase": "GRACE"}), "is in GRACE"),
        (
            (Note.VIEW, {"number": 2, "members": [[0, 1], [1, 2]], "cut": 4}),
            "is in view 2 [s0-1 s1-2] after 4",
        ),
        (
            (Note.WEDGED, {"view": 1, "held": 4, "approved": 3, "attempt": 2}),
            "stops in view 1 for good: holds 4, approved 3 (attempt 2)",
        ),
    ],
)
def test_a_note_says_which_view_and_up_to_which_index(given: tuple[Any, ...], text: str) -> None:
    assert note(given) == text


@pytest.mark.parametrize(
    ("outcome", "value", "text"),
    [
        (Outcome.SAVED, {"complete": True}, "writes report 3"),
        (Outcome.CONFLICT, None, "writes no report, since 3 is there"),
        (
            Outcome.SAVED,
            Record(epoch=2, holder="m0-1", view=1, members=(A,), cut=4, phase=Phase.SEND),
            "writes record 3: epoch 2 of m0-1, SEND, view 1 [s0-1] after 4",
        ),
        (
            Outcome.CONFLICT,
            Record(epoch=2, closed=True, phase=Phase.STOP, stop_reason=Reason(Why.ABORTED)),
            "writes no record, since 3 is there: epoch 2 of nobody, STOP, no view yet, closed, "
            "Aborted",
        ),
        (
            Outcome.SAVED,
            Record(epoch=2, closed=False, phase=Phase.STOP),
            "writes record 3: epoch 2 of nobody, STOP, no view yet, not closed",
        ),
    ],
)
def test_a_write_says_what_is_there_then(outcome: Outcome, value: Any, text: str) -> None:
    assert write(outcome, 3, value) == text


def test_orders_say_who_has_no_address_yet_and_who_is_dead() -> None:
    new = Member(ordinal=1, incarnation=2, host="", port=0)
    orders = Orders(
        version=4,
        phase=Phase.STOP,
        stop_reason=Reason(Why.ABORTED),
        roster=(A, new),
        dead=(SlaveId(1, 1),),
        masters=("m0-1",),
    )
    told = "orders STOP (Aborted): roster [s0-1 s1-2?] dead [s1-1] masters [m0-1]"
    assert order(orders) == told
    assert order(Orders(roster=(A,))) == "orders START: roster [s0-1] masters []"
