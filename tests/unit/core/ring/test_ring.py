"""A slave's part in one view: its neighbours, its stream, what it counts and notes (ring.ring)."""

from typing import Any

import pytest

from ringrun.core.log.entry import BLOCK, Stream
from ringrun.core.log.log import Log
from ringrun.core.notes import Note
from ringrun.core.ring.ring import Ring, Tally
from ringrun.core.rules import ALL_RULES


def ring_of(**given: Any) -> Ring:
    """Slave 1 of 0, 1, 2 in view 4, but for what is given."""
    parts: dict[str, Any] = {
        "view": 4,
        "members": (0, 1, 2),
        "me": 1,
        "log": Log(2 * BLOCK),
        "stream": Stream(7, 1),
        "burst": 1,
        "window": 4,
        "frames": [],
        "notes": [],
        "tally": Tally(),
        "rules": ALL_RULES,
    }
    return Ring(**parts | given)


@pytest.mark.parametrize(
    ("members", "me", "parent", "successor", "peers"),
    [
        ((0, 1, 2, 3), 1, 0, 2, (2, 3, 0)),
        ((0, 1, 2, 3), 0, 3, 1, (1, 2, 3)),
        ((0, 1, 2, 3), 3, 2, 0, (0, 1, 2)),
        # The order of the ring is that of the view, whatever the ordinals are.
        ((5, 2, 9), 2, 5, 9, (9, 5)),
        ((4, 7), 4, 7, 7, (7,)),
        ((6,), 6, 6, 6, ()),
    ],
)
def test_neighbours_are_those_of_the_view_and_the_successor_is_told_first(
    members: tuple[int, ...], me: int, parent: int, successor: int, peers: tuple[int, ...]
) -> None:
    """A ring closes, down to one who is its own neighbour."""
    ring = ring_of(members=members, me=me)
    assert (ring.parent, ring.successor, ring.peers) == (parent, successor, peers)


def test_who_is_not_in_the_view_has_no_ring() -> None:
    with pytest.raises(ValueError, match="not in"):
        ring_of(me=3)


def test_the_own_numbers_go_on_where_the_log_has_them() -> None:
    """What a cut dropped is drawn again: the log says what was sent, not memory (G5)."""
    log = Log(2 * BLOCK)
    log.append(1, 1, Stream(7, 1).take(1, 3))
    log.append(0, 1, bytes(8))
    ring = ring_of(log=log)
    assert ring.k == 4
    k, numbers = ring.draw(5, 2, 64.0)
    assert (k, ring.k) == (4, 6)
    assert numbers.tolist() == Stream(7, 1).take(4, 2).tolist()


def test_a_draw_is_noted_and_counted_before_it_is_sent() -> None:
    """`issued` is the last index, by which a result says how far the slave came."""
    ring = ring_of()
    _, numbers = ring.draw(10, 3, 64.0)
    assert ring.tally.issued == 12
    assert ring.frames == []
    assert ring.notes == [(Note.ISSUED, 4, 10, 1, 1, 3, numbers)]


def test_a_frame_counts_once_for_each_who_gets_it_and_only_in_send() -> None:
    ring = ring_of()
    ring.send((2, 0), b"head", b"numbers")
    assert (ring.frames, ring.tally.sent) == ([((2, 0), (b"head", b"numbers"))], 0)
    ring.tally.counting = True
    ring.send((2, 0), b"head")
    ring.send((2,), b"head")
    assert ring.tally.sent == 3


def test_what_others_sent_is_noted_as_held_and_what_is_ones_own_is_not() -> None:
    """It was noted when it was issued."""
    ring = ring_of()
    ring.log.append(0, 1, b"a" * 8)
    ring.held_from(0)
    assert ring.notes is not None
    ring.notes.clear()
    ring.log.append(1, 1, b"b" * 8)
    ring.log.append(2, 1, b"c" * 8 + b"d" * 8)
    ring.held_from(1)
    assert ring.notes == [(Note.HELD, 4, 3, 2, 1, 2, b"c" * 8 + b"d" * 8)]
    ring.held_from(4)
    assert len(ring.notes) == 1


def test_without_a_journal_nothing_is_noted() -> None:
    ring = ring_of(notes=None)
    ring.draw(1, 1, 64.0)
    ring.log.append(0, 1, bytes(8))
    ring.held_from(0)
    ring.approve(1, 65.0)
    assert ring.notes is None
    assert ring.log.approved == 1


def test_own_batches_are_timed_from_their_draw_to_their_approval() -> None:
    """One that is not approved whole is still under way."""
    ring = ring_of()
    for first, now in [(1, 64.0), (3, 65.0)]:
        k, numbers = ring.draw(first, 2, now)
        ring.log.append(1, k, numbers)
    ring.approve(1, 66.0)
    assert ring.tally.latency.buckets() == ()
    ring.approve(3, 66.0)
    assert (ring.tally.latency.largest, ring.timed) == (2.0, [(4, 65.0)])
    ring.approve(4, 70.0)
    assert (ring.tally.latency.largest, ring.timed) == (5.0, [])
    assert ring.notes is not None
    assert ring.notes[-1] == (Note.APPROVED, 4, 4, 0)


def test_the_longest_gap_between_approvals_is_kept_and_only_of_send() -> None:
    ring = ring_of()
    ring.log.append(0, 1, bytes(5 * 8))
    ring.approve(1, 100.0)
    assert ring.tally.gap == 0.0
    ring.tally.counting, ring.tally.since = True, 101.0
    for up_to, now in [(2, 101.5), (3, 104.5), (4, 105.0)]:
        ring.approve(up_to, now)
    assert (ring.tally.gap, ring.tally.since) == (3.0, 105.0)


def test_a_log_with_little_room_is_folded_before_room_is_said_to_be_gone() -> None:
    """Only approved blocks can be: with none, little room is little room."""
    ring = ring_of(burst=2, window=4)
    ring.log.append(0, 1, bytes(8 * (2 * BLOCK - 5)))
    assert ring.room() == 5
    ring.approve(BLOCK, 64.0)
    assert ring.room() == 5 + BLOCK
    assert ring.log.folded == BLOCK


def test_a_log_with_room_enough_is_not_folded_here() -> None:
    """Folding takes its time, and is done when nothing else is to do."""
    ring = ring_of(burst=2, window=4)
    ring.log.append(0, 1, bytes(8 * (2 * BLOCK - 6)))
    ring.approve(BLOCK, 64.0)
    assert (ring.room(), ring.log.folded) == (6, 0)
