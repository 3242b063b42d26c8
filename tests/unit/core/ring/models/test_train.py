"""The train by hand: read, loaded, passed on, and approved when it comes back."""

import pytest
from made_model import NOW, Alone, Frame

from ringrun.core.errors import ProtocolError
from ringrun.core.ring.frame import Kind


def test_the_train_goes_to_the_successor_alone_with_all_that_it_carries() -> None:
    """What was read, and then the own."""
    alone = Alone("train", 1)
    alone.gets(0, Kind.TRAIN, (0, 1, 1), turn=1, first=1, ack=1)
    assert alone.issued() == [Frame((2,), Kind.TRAIN, 2, 1, 2, 0, ((0, 1, 1), (1, 1, 1)))]


def test_what_went_full_circle_is_approved_and_taken_off() -> None:
    """G4: everyone has read it."""
    alone = Alone("train", 0)
    alone.kicked()
    assert alone.holds == (1, 0)
    alone.gets(2, Kind.TRAIN, (0, 1, 1), (1, 1, 1), (2, 1, 1), turn=3, first=1, ack=3)
    assert alone.holds == (3, 1)
    (frame,) = alone.issued()
    assert (frame.first, frame.wagons) == (2, ((1, 1, 1), (2, 1, 1), (0, 2, 1)))


def test_a_train_that_comes_again_is_dropped() -> None:
    """By its number."""
    alone = Alone("train", 1)
    alone.gets(0, Kind.TRAIN, (0, 1, 1), turn=1, first=1, ack=1)
    alone.issued()
    alone.gets(0, Kind.TRAIN, (0, 1, 1), turn=1, first=1, ack=1)
    assert (alone.holds, alone.model.due) == ((2, 0), False)


def test_in_grace_an_empty_train_goes_on_for_two_circles_and_is_parked() -> None:
    """G8: by then everyone has approved everything."""
    alone = Alone("train", 0)
    alone.kicked()
    alone.ring.sending = False
    alone.gets(2, Kind.TRAIN, (0, 1, 1), turn=3, first=1, ack=1)
    assert [frame.wagons for frame in alone.issued()] == [()]
    alone.gets(2, Kind.TRAIN, turn=6, first=2, ack=1)
    assert alone.issued() == []
    assert (alone.holds, alone.model.waits_for()) == ((1, 1), ())


def test_what_no_correct_member_sends_is_refused() -> None:
    """From anyone but the parent, of another model, with a gap, torn, or too long."""
    alone = Alone("train", 1)
    with pytest.raises(ProtocolError, match="the train comes from slave 0"):
        alone.gets(2, Kind.TRAIN, turn=1, first=1)
    with pytest.raises(ProtocolError, match="the train comes from slave 0"):
        alone.gets(0, Kind.TURN, turn=1, first=1)
    with pytest.raises(ProtocolError, match="a train from 3 on, but 0 are held"):
        alone.gets(0, Kind.TRAIN, turn=1, first=3)
    with pytest.raises(ProtocolError, match="beyond every window"):
        alone.gets(0, Kind.TRAIN, (0, 1, alone.log.limit + 1), turn=1, first=1)
    alone.gets(0, Kind.TRAIN, (0, 1, 2), turn=1, first=1)
    with pytest.raises(ProtocolError, match="a wagon ends at 3, but 2 are held"):
        alone.gets(0, Kind.TRAIN, (0, 1, 3), turn=4, first=1)
    assert alone.holds == (2, 0)


def test_a_successor_that_comes_back_without_it_gets_the_same_train_again() -> None:
    """Nobody else, and not if it has had it."""
    alone = Alone("train", 1)
    alone.gets(0, Kind.TRAIN, (0, 1, 1), turn=1, first=1, ack=1)
    first = alone.issued()
    alone.model.hello(0, 0, 0, 0, NOW)
    alone.model.hello(2, 2, 0, 2, NOW)
    assert alone.said() == []
    alone.model.hello(2, 0, 0, 1, NOW)
    assert alone.said() == first


def test_only_the_parent_is_waited_for_once_the_train_was_here() -> None:
    """And what it was last seen with is what HELLO says."""
    alone = Alone("train", 1)
    assert alone.model.waits_for() == ()
    alone.gets(0, Kind.TRAIN, turn=1, first=1)
    assert alone.model.waits_for() == ()
    alone.issued()
    assert alone.model.waits_for() == (0,)
    assert (alone.model.turn_from(0), alone.model.turn_from(2)) == (2, 0)
