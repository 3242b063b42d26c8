"""Lockstep by hand: MESSAGE to all, CONFIRM by all, APPROVE to all, and the successor goes on."""

import pytest
from made_model import NOW, Alone, Frame

from ringrun.core.errors import ProtocolError
from ringrun.core.ring.frame import Kind


def message(index: int, sender: int, to: tuple[int, ...]) -> Frame:
    """The first message of a sender."""
    return Frame(to, Kind.MESSAGE, index, index, index, index - 1, ((sender, 1, 1),))


def test_a_message_is_approved_when_the_last_has_confirmed_it() -> None:
    """G4: not before, and a confirmation that comes twice is one."""
    alone = Alone("lockstep", 0)
    assert alone.kicked() == [message(1, 0, (1, 2))]
    for _ in range(2):
        assert alone.gets(1, Kind.CONFIRM, first=2, ack=1) == []
    assert (alone.holds, alone.model.waits_for()) == ((1, 0), (2,))
    (approve,) = alone.gets(2, Kind.CONFIRM, first=2, ack=1)
    assert (approve.to, approve.kind, approve.approved) == ((1, 2), Kind.APPROVE, 1)
    assert alone.holds == (1, 1)


@pytest.mark.parametrize(("me", "due"), [(1, True), (2, False)])
def test_an_approval_is_the_turn_of_its_senders_successor(me: int, *, due: bool) -> None:
    """The message itself is not: it is held, and said to be held."""
    alone = Alone("lockstep", me)
    (confirm,) = alone.gets(0, Kind.MESSAGE, (0, 1, 1), turn=1, first=1, ack=1)
    assert (confirm.to, confirm.kind, confirm.ack) == ((0,), Kind.CONFIRM, 1)
    assert (alone.holds, alone.model.due) == ((1, 0), False)
    alone.gets(0, Kind.APPROVE, first=2, ack=1, approved=1)
    assert (alone.holds, alone.model.due) == ((1, 1), due)


def test_in_grace_the_turn_ends_here() -> None:
    """G8: nobody originates."""
    alone = Alone("lockstep", 0)
    alone.ring.sending = False
    assert alone.kicked() == []


def test_a_message_that_comes_again_is_confirmed_again_and_held_once() -> None:
    """The first confirmation may be lost."""
    alone = Alone("lockstep", 1)
    for _ in range(2):
        assert len(alone.gets(0, Kind.MESSAGE, (0, 1, 1), turn=1, first=1, ack=1)) == 1
    assert alone.holds == (1, 0)


def test_a_message_after_a_gap_is_not_confirmed() -> None:
    """Both come again."""
    alone = Alone("lockstep", 1)
    assert alone.gets(0, Kind.MESSAGE, (0, 2, 1), turn=2, first=2, ack=2) == []
    assert alone.gets(0, Kind.APPROVE, first=3, ack=2, approved=2) == []
    assert alone.holds == (0, 0)


def test_what_no_correct_member_sends_is_refused() -> None:
    """In the name of another, while the own is under way, or of another model."""
    alone = Alone("lockstep", 1)
    with pytest.raises(ProtocolError, match="slave 0 sent a message of slave 2"):
        alone.gets(0, Kind.MESSAGE, (2, 1, 1), turn=1, first=1)
    with pytest.raises(ProtocolError, match="no frames of kind"):
        alone.gets(0, Kind.TURN)
    alone.kicked()
    with pytest.raises(ProtocolError, match="before 1 was approved"):
        alone.gets(0, Kind.MESSAGE, (0, 1, 1), turn=2, first=2)


def test_a_peer_that_comes_back_gets_what_it_lacks() -> None:
    """The message, or the approval of it; or its word counts as the confirmation."""
    alone = Alone("lockstep", 0)
    alone.kicked()
    alone.model.hello(1, 0, 0, 0, NOW)
    assert alone.said() == [message(1, 0, (1,))]
    alone.gets(1, Kind.CONFIRM, first=2, ack=1)
    alone.model.hello(2, 1, 0, 0, NOW)
    assert [frame.kind for frame in alone.said()] == [Kind.APPROVE]
    alone.model.hello(1, 1, 0, 0, NOW)
    assert [(frame.to, frame.kind) for frame in alone.said()] == [((1,), Kind.APPROVE)]
    alone.model.hello(1, 1, 1, 0, NOW)
    assert alone.said() == []
