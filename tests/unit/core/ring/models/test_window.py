"""Turns under a window by hand: each triggers the next, and all work the approval out."""

import pytest
from made_model import NOW, Alone, Frame

from ringrun.core.errors import ProtocolError
from ringrun.core.ring.frame import Kind


def turn_of(alone: Alone, src: int, turn: int, ack: int) -> list[Frame]:
    """A turn with one entry, whose index is its turn's number."""
    k = (turn - 1) // 3 + 1
    return alone.gets(src, Kind.TURN, (src, k, 1), turn=turn, first=turn, ack=ack)


def test_a_turn_triggers_the_successors_without_any_approval() -> None:
    """And nobody else's."""
    for me, due in ((1, True), (2, False)):
        alone = Alone("window", me)
        turn_of(alone, 0, 1, 1)
        assert (alone.holds, alone.model.due) == ((1, 0), due)


def test_a_turn_goes_to_all_with_what_is_held() -> None:
    """The successor first: it is the one that goes on."""
    alone = Alone("window", 1)
    turn_of(alone, 0, 1, 1)
    assert alone.issued() == [Frame((2, 0), Kind.TURN, 2, 2, 2, 0, ((1, 1, 1),))]


def test_approved_is_what_all_have_said_they_hold() -> None:
    """G4: the lowest of them, and never more than is held here."""
    alone = Alone("window", 0)
    alone.kicked()
    turn_of(alone, 1, 2, 2)
    assert alone.holds == (2, 0)
    turn_of(alone, 2, 3, 3)
    assert alone.holds == (3, 2)


def test_nothing_is_approved_that_is_not_held_here() -> None:
    """The others may hold what has not come here yet."""
    alone = Alone("window", 0)
    alone.kicked()
    for peer in (1, 2):
        alone.model.hello(peer, 3, 0, 0, NOW)
    assert alone.holds == (1, 1)


def test_a_closed_window_lets_an_empty_turn_go_on() -> None:
    """Four are issued and not approved; the confirmations must go round all the same."""
    alone = Alone("window", 0)
    alone.kicked()
    turn_of(alone, 1, 2, 0)
    turn_of(alone, 2, 3, 0)
    assert [frame.wagons for frame in alone.issued()] == [((0, 2, 1),)]
    alone.gets(1, Kind.TURN, turn=5, first=5, ack=0)
    alone.gets(2, Kind.TURN, turn=6, first=5, ack=0)
    assert [frame.wagons for frame in alone.issued()] == [()]
    assert alone.holds == (4, 0)


def test_a_turn_waits_for_an_earlier_one_that_is_still_on_its_way() -> None:
    """Then what it confirms is complete; and it is the late one that is waited for."""
    alone = Alone("window", 2)
    turn_of(alone, 1, 2, 1)
    assert alone.issued() == []
    assert alone.model.waits_for() == (0,)
    turn_of(alone, 0, 1, 1)
    assert [frame.ack for frame in alone.issued()] == [3]


def test_in_grace_turns_are_empty_and_end_once_all_know_all() -> None:
    """G8."""
    alone = Alone("window", 0)
    alone.kicked()
    alone.ring.sending = False
    for turn, ack, wagons in ((2, 0, [()]), (5, 1, [])):
        alone.gets(1, Kind.TURN, turn=turn, first=2, ack=ack)
        alone.gets(2, Kind.TURN, turn=turn + 1, first=2, ack=1)
        assert [frame.wagons for frame in alone.issued()] == wagons
    assert (alone.holds, alone.model.waits_for()) == ((1, 1), ())


def test_what_no_correct_member_sends_is_refused() -> None:
    """In the name of another, of another model, beyond every window, or going back."""
    alone = Alone("window", 1)
    with pytest.raises(ProtocolError, match="slave 0 sent a turn of slave 2"):
        alone.gets(0, Kind.TURN, (2, 1, 1), turn=1, first=1)
    with pytest.raises(ProtocolError, match="no frames of kind"):
        alone.gets(0, Kind.TRAIN)
    with pytest.raises(ProtocolError, match="beyond every window"):
        alone.gets(0, Kind.TURN, (0, 1, 1), turn=1, first=alone.log.limit + 1)
    turn_of(alone, 0, 1, 1)
    with pytest.raises(ProtocolError, match="goes on at 1, but 1 are held"):
        alone.gets(0, Kind.TURN, turn=4, first=1)


def test_a_peer_that_comes_back_gets_the_turns_that_it_lacks() -> None:
    """And its word counts as its confirmation, for this slave alone."""
    alone = Alone("window", 0)
    alone.kicked()
    alone.model.hello(1, 0, 0, 0, NOW)
    assert [(frame.to, frame.first) for frame in alone.said()] == [((1,), 1)]
    alone.model.hello(1, 1, 0, 1, NOW)
    assert (alone.said(), alone.holds) == ([], (1, 0))
    alone.model.hello(2, 1, 0, 1, NOW)
    assert alone.holds == (1, 1)
