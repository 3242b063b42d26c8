"""SYNC from the slave's side: what is asked for, taken, refused, and served."""

import msgspec
import pytest
from lone import PLAN

from ringrun.core.errors import ProtocolError
from ringrun.core.log.entry import BLOCK
from ringrun.core.log.log import Log
from ringrun.core.messages import Fetch, Fetched, Sync
from ringrun.core.node import SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Output, Send
from ringrun.core.record import Member
from ringrun.core.rules import ALL_RULES
from ringrun.core.slave.joining import Joining, capacity

DONOR = SlaveId(1, 1)


def numbers(first: int, count: int) -> bytes:
    """Those of the entries from this index on: each is a thousand times its index."""
    return b"".join((1000 * index).to_bytes(8, "little") for index in range(first, first + count))


def log_of(count: int, approved: int = 0) -> Log:
    """A log of one sender, slave 1."""
    log = Log(capacity(PLAN) + 64 * BLOCK)
    log.append(1, 1, numbers(1, count))
    log.approve(approved)
    return log


def sync(cut: int) -> Sync:
    """SYNC of view 1 at this cut."""
    donor = Member(ordinal=1, incarnation=1)
    return Sync(epoch=1, holder="m0-1", attempt=2, view=1, cut=cut, donor=donor, plan=PLAN)


def fetched(first: int, count: int) -> Fetched:
    """The donor's answer with these entries."""
    batches = ((first, 1, first, count),)
    return Fetched(epoch=1, attempt=2, view=1, batches=batches, numbers=numbers(first, count))


def fetch(first: int, last: int, *, snapshot: bool = False) -> Fetch:
    """Ask a donor."""
    return Fetch(epoch=1, attempt=2, view=1, first=first, last=last, snapshot=snapshot)


@pytest.mark.parametrize(
    ("first", "count", "held"),
    [(4, 3, 6), (1, 6, 6), (2, 2, 3), (5, 2, 3)],
    ids=["what follows", "what overlaps", "what is held", "what leaves a gap"],
)
def test_only_what_follows_on_what_is_held_is_taken(first: int, count: int, held: int) -> None:
    """And noted: the rest is held already, or comes again."""
    journal: list[tuple[object, ...]] = []
    joining = Joining(sync(6), joiner=False)
    log = joining.take(log_of(3), fetched(first, count), PLAN, journal, ALL_RULES)
    assert log is not None
    assert log.held == held
    assert log.totals(held) == log_of(6).totals(held)
    taken = [(Note.SYNCED, 1, 4, 1, 4, 3, numbers(4, 3))] if held == 6 else []
    assert journal == taken


@pytest.mark.parametrize(
    "wrong",
    [
        fetched(4, 4),
        msgspec.structs.replace(fetched(4, 3), numbers=numbers(4, 2)),
        msgspec.structs.replace(fetched(4, 3), batches=((4, 1, 0, 3),)),
        msgspec.structs.replace(fetched(4, 3), batches=((0, 1, 4, 3),)),
    ],
    ids=["beyond the cut", "too few numbers", "a draw 0", "an index 0"],
)
def test_what_no_donor_sends_is_refused_whole(wrong: Fetched) -> None:
    """Nothing of it is taken."""
    log = log_of(3)
    with pytest.raises(ProtocolError):
        Joining(sync(6), joiner=False).take(log, wrong, PLAN, None, ALL_RULES)
    assert log.held == 3


@pytest.mark.parametrize(
    "changed",
    [{"epoch": 2}, {"attempt": 1}, {"view": 2}],
)
def test_an_answer_to_another_sync_is_not_expected(changed: dict[str, int]) -> None:
    """Nor one of another slave than the donor."""
    joining = Joining(sync(6), joiner=False)
    answer = fetched(4, 3)
    assert joining.expects(DONOR, answer, ALL_RULES)
    assert not joining.expects(SlaveId(1, 2), answer, ALL_RULES)
    assert not joining.expects(DONOR, msgspec.structs.replace(answer, **changed), ALL_RULES)


def test_what_is_lacking_is_asked_for_unless_it_is_coming_in() -> None:
    """Asked again only when nothing has come since the last time."""
    outputs: list[Output] = []
    joining = Joining(sync(6), joiner=False)
    for held in (3, 3, 4, 4, 6):
        joining.ask(log_of(held), outputs)
    asked = [(4, 6), (4, 6), (5, 6)]
    assert outputs == [Send(DONOR, fetch(first, last)) for first, last in asked]


def test_a_survivor_is_served_what_it_asks_for_and_the_donor_holds() -> None:
    """In pieces of sixteen blocks, so that heartbeats are never far behind."""
    held = 20 * BLOCK
    pieces = list(Joining.serve(log_of(held), fetch(BLOCK + 1, held + 9)))
    assert [piece.batches[0][0] for piece in pieces] == [BLOCK + 1, 17 * BLOCK + 1]
    assert [len(piece.numbers) // 8 for piece in pieces] == [16 * BLOCK, 3 * BLOCK]
    assert b"".join(piece.numbers for piece in pieces) == numbers(BLOCK + 1, 19 * BLOCK)
    assert [piece.base for piece in pieces] == [None, None]


def test_a_joiner_comes_to_the_same_log_by_the_fold_and_the_entries_above_it() -> None:
    """The fold of what is approved comes first, and once."""
    donor = log_of(2 * BLOCK + 9, approved=BLOCK + 5)
    joining = Joining(sync(donor.held), joiner=True)
    pieces = list(Joining.serve(donor, fetch(1, donor.held, snapshot=True)))
    assert [piece.base is not None for piece in pieces] == [True]
    assert pieces[0].batches[0][0] == BLOCK + 6
    log = joining.take(None, pieces[0], PLAN, None, ALL_RULES)
    assert log is not None
    assert (log.approved, log.held) == (BLOCK + 5, donor.held)
    assert log.totals(donor.held) == donor.totals(donor.held)


def test_a_fold_beyond_the_cut_is_refused() -> None:
    """A joiner would have approved what nobody agreed on."""
    donor = log_of(9, approved=7)
    (piece,) = Joining.serve(donor, fetch(1, 6, snapshot=True))
    with pytest.raises(ProtocolError, match="a fold of 7 entries for a cut of 6"):
        Joining(sync(6), joiner=True).take(None, piece, PLAN, None, ALL_RULES)


def test_what_is_folded_away_cannot_be_served() -> None:
    """No correct survivor lacks it: it was approved, so that all held it."""
    donor = log_of(40 * BLOCK, approved=40 * BLOCK)
    donor.fold()
    donor.append(1, 40 * BLOCK + 1, numbers(1, donor.capacity))
    with pytest.raises(ProtocolError, match="entry 1 is asked for"):
        list(Joining.serve(donor, fetch(1, 9)))
