"""What a log promises, one claim at a time; `test_log_steps` tries the steps at random."""

import random
import struct
import tracemalloc

import numpy as np
import pytest
from plain_log import CAPACITY, Plain, numbers_of

from ringrun.core.log.entry import BLOCK
from ringrun.core.log.fold import Snapshot, Totals
from ringrun.core.log.log import Log


def test_empty_log_has_the_zero_digest() -> None:
    """Nothing held: count 0, sum 0, 32 zero bytes, and a snapshot from which one can start."""
    log = Log(CAPACITY)
    assert log.totals() == Totals(count=0, sum_exact=0, digest=bytes(32))
    snapshot = log.snapshot()
    assert snapshot == Snapshot(
        count=0, sum_exact=0, senders=(), last_sender=-1, digest=bytes(32), runs=(), numbers=b""
    )
    assert Log(CAPACITY, snapshot).totals() == log.totals()


def lockstep(log: Log, first: int, last: int, senders: int = 4) -> None:
    """Entries first..last, one at a time, each sender in turn; u is the index."""
    for index in range(first, last + 1):
        log.append_one((index - 1) % senders, (index - 1) // senders + 1, index)


def test_digest_does_not_depend_on_batching() -> None:
    """The same entries as one batch, as halves and one by one have the same totals."""
    numbers = numbers_of(random.Random(1), 3 * BLOCK)
    whole, halves, single = Log(CAPACITY), Log(CAPACITY), Log(CAPACITY)
    whole.append(2, 1, numbers)
    halves.append(2, 1, numbers[:5000])
    halves.append_batches([(2, 5001, 1), (2, 5002, len(numbers) - 5001)], numbers[5000:])
    for k, u in enumerate(numbers.tolist(), 1):
        single.append_one(2, k, u)
    for log in (whole, halves, single):
        log.approve(log.held)
    halves.fold(2)
    assert whole.totals() == halves.totals() == single.totals()
    assert whole.read(1, whole.held) == single.read(1, single.held)


def test_dropped_entries_are_replaced_by_other_content() -> None:
    """After a cut the same indices may hold something else, and only that counts (G3)."""
    log, other = Log(CAPACITY), Log(CAPACITY)
    lockstep(log, 1, BLOCK + 10)
    lockstep(log, BLOCK + 11, 2 * BLOCK)
    log.approve(BLOCK + 10)
    log.drop_above(BLOCK + 10)
    lockstep(other, 1, BLOCK + 10)
    for each in (log, other):
        assert each.sent_by(1) == (BLOCK + 10 - 1) // 4 + 1
        each.append(9, 1, np.arange(1, 5000, dtype=np.uint64))
        each.approve(each.held)
    assert log.totals() == other.totals()
    assert log.read(log.approved - 100, log.held) == other.read(log.approved - 100, log.held)


def test_drop_to_the_end_of_a_folded_block_that_left_the_ring() -> None:
    """A cut at the fold, whose block was overwritten, goes on with a fresh block."""
    log, other = Log(2 * BLOCK), Log(2 * BLOCK)
    lockstep(log, 1, 2 * BLOCK)
    log.approve(BLOCK)
    log.fold()
    lockstep(log, 2 * BLOCK + 1, 3 * BLOCK)
    assert log.room() == 0
    log.drop_above(BLOCK)
    assert log.oldest == BLOCK + 1
    assert log.sender_at(BLOCK) == (BLOCK - 1) % 4
    lockstep(other, 1, BLOCK)
    for each in (log, other):
        lockstep(each, BLOCK + 1, BLOCK + 700)
        each.approve(each.held)
    assert log.totals() == other.totals()


def test_nothing_approved_can_be_dropped() -> None:
    """A cut below the approved index is a bug of the caller (G1)."""
    log = Log(CAPACITY)
    lockstep(log, 1, 10)
    log.approve(5)
    with pytest.raises(AssertionError, match="5 entries are approved"):
        log.drop_above(4)
    log.drop_above(5)
    assert log.held == 5


def test_approval_never_goes_back_nor_past_what_is_held() -> None:
    """approved <= up_to <= held."""
    log = Log(CAPACITY)
    lockstep(log, 1, 10)
    log.approve(5)
    for wrong in (4, 11):
        with pytest.raises(AssertionError, match=r"within 5\.\.10"):
            log.approve(wrong)


def test_offer_keeps_what_is_ahead_until_the_gap_closes() -> None:
    """An entry ahead is not held; it is once everything before it has come."""
    log = Log(CAPACITY)
    assert not log.offer(3, 1, 1, np.array([30, 40], dtype=np.uint64))
    assert not log.offer(2, 0, 2, np.array([20], dtype=np.uint64))
    assert (log.held, log.sent_by(1)) == (0, 0)
    assert log.offer(1, 0, 1, np.array([10], dtype=np.uint64))
    assert (log.held, log.sent_by(1)) == (4, 2)
    assert log.read(1, 4) == ([(1, 0, 1, 2), (3, 1, 1, 2)], struct.pack("<4Q", 10, 20, 30, 40))


def test_numbers_are_lent_without_a_copy() -> None:
    """Held or ahead, across the wrap too: the views are the ring's own memory."""
    log = Log(2 * BLOCK)
    log.append(0, 1, np.arange(1, 2 * BLOCK - 9, dtype=np.uint64))
    log.approve(log.held)
    log.fold()
    first = log.held + 1
    numbers = np.arange(100, 120, dtype=np.uint64)
    assert not log.offer(first + 1, 1, 1, numbers)
    assert b"".join(log.views(first + 1, first + 20)) == numbers.tobytes()
    assert [len(view) for view in log.views(first + 1, first + 20)] == [9 * 8, 11 * 8]
    lent = log.views(first, first)
    log.append_one(0, first, 77)
    assert bytes(lent[0]) == struct.pack("<Q", 77)


def test_what_is_not_in_the_ring_cannot_be_read() -> None:
    """Overwritten and not yet written entries are refused, never made up (G5)."""
    log = Log(2 * BLOCK)
    lockstep(log, 1, 2 * BLOCK)
    log.approve(2 * BLOCK)
    log.fold()
    lockstep(log, 2 * BLOCK + 1, 2 * BLOCK + 1)
    assert log.oldest == BLOCK + 1
    for ask in (log.views, log.read):
        with pytest.raises(AssertionError, match="not in the ring"):
            ask(BLOCK, BLOCK + 1)
    with pytest.raises(AssertionError, match="neither held nor ahead"):
        log.views(log.held, log.held + 1)
    with pytest.raises(AssertionError, match="not in the ring"):
        log.sender_at(log.held + 1)


def test_offer_never_replaces() -> None:
    """What is held or ahead stays as it came first; only what is new of an offer is taken."""
    log = Log(CAPACITY)
    log.append(0, 1, np.array([1, 2], dtype=np.uint64))
    log.offer(4, 1, 1, np.array([4], dtype=np.uint64))
    assert not log.offer(1, 5, 1, np.array([99, 99], dtype=np.uint64))
    assert not log.offer(4, 5, 1, np.array([99], dtype=np.uint64))
    assert log.offer(2, 5, 1, np.array([99, 3, 99, 5], dtype=np.uint64))
    assert log.held == 5
    assert log.read(1, 5) == (
        [(1, 0, 1, 2), (3, 5, 2, 1), (4, 1, 1, 1), (5, 5, 4, 1)],
        struct.pack("<5Q", 1, 2, 3, 4, 5),
    )


def test_what_is_ahead_is_forgotten_by_a_cut() -> None:
    """After drop_ahead or drop_above an index that was ahead may come with other content."""
    for forget in (Log.drop_ahead, lambda log: log.drop_above(1)):
        log = Log(CAPACITY)
        log.append_one(0, 1, 10)
        log.offer(3, 1, 1, np.array([30], dtype=np.uint64))
        forget(log)
        log.offer(2, 0, 2, np.array([20], dtype=np.uint64))
        assert log.held == 2
        log.offer(3, 2, 1, np.array([31], dtype=np.uint64))
        assert log.read(1, 3) == (
            [(1, 0, 1, 2), (3, 2, 1, 1)],
            struct.pack("<3Q", 10, 20, 31),
        )


def test_unfolded_entries_are_never_overwritten() -> None:
    """A full ring refuses more, whatever way it comes."""
    log = Log(BLOCK)
    lockstep(log, 1, BLOCK)
    log.approve(BLOCK - 1)
    assert (log.room(), log.limit) == (0, BLOCK)
    more = np.array([1], dtype=np.uint64)
    for refused in (
        lambda: log.append(0, 1, more),
        lambda: log.append_one(0, 1, 1),
        lambda: log.append_batches([(0, 1, 1)], more),
        lambda: log.offer(BLOCK + 2, 0, 1, more),
    ):
        with pytest.raises(AssertionError, match="no room"):
            refused()
    assert log.held == BLOCK


def test_a_late_fold_happens_when_room_is_needed() -> None:
    """Folding cannot fall behind the ring: an append folds what it must, and no more."""
    log = Log(2 * BLOCK)
    lockstep(log, 1, 2 * BLOCK)
    log.approve(2 * BLOCK)
    log.append_one(0, 1, 1)
    assert log.folded == BLOCK


def test_batches_must_match_their_numbers() -> None:
    """The counts of a train's batches are exactly the numbers that came with them."""
    with pytest.raises(AssertionError, match="3 entries, but 16 bytes"):
        Log(CAPACITY).append_batches([(0, 1, 1), (1, 1, 2)], bytes(16))


def test_checkpoints_are_the_digests_of_full_blocks() -> None:
    """Each full block's digest comes once to the journal, and stays for the result."""
    log, plain = Log(CAPACITY), Plain()
    for _ in range(8):
        numbers = numbers_of(random.Random(1), BLOCK)
        log.append(0, plain.add(0, numbers), numbers)
        log.approve(log.held)
        log.fold()
    expected = [(block, plain.totals(block * BLOCK).digest) for block in range(1, 9)]
    assert log.checkpoints() == expected
    assert log.checkpoints() == []
    assert log.recent_digests() == tuple((block * BLOCK, digest) for block, digest in expected[2:])


def test_last_sixteen_cuts_are_remembered() -> None:
    """Of many cuts the last sixteen keep their digests; the same cut twice is one."""
    log, plain = Log(CAPACITY), Plain()
    for cut in range(1, 21):
        numbers = numbers_of(random.Random(cut), 1)
        log.append(0, plain.add(0, numbers), numbers)
        log.approve(cut)
        log.add_cut(cut)
        log.add_cut(cut)
    expected = tuple((cut, plain.totals(cut).digest) for cut in range(5, 21))
    assert log.recent_cuts() == expected


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_joiner_knows_what_the_donor_knew(count: int) -> None:
    """From a snapshot: the same totals, the same next k, the same last sender, at any point."""
    donor = Log(CAPACITY)
    lockstep(donor, 1, count)
    donor.approve(count)
    joiner = Log(CAPACITY, donor.snapshot())
    assert joiner.sender_at(count) == donor.sender_at(count) == (count - 1) % 4
    for log in (donor, joiner):
        assert [log.sent_by(sender) for sender in range(4)] == [
            len(range(sender, count, 4)) for sender in range(4)
        ]
        lockstep(log, count + 1, count + 2 * BLOCK)
        log.approve(log.held)
    assert donor.totals() == joiner.totals()
    assert donor.snapshot() == joiner.snapshot()


def test_snapshot_leaves_out_what_is_not_approved() -> None:
    """Only approved entries travel in a fold: those above may be dropped at the next cut."""
    log, approved_only = Log(CAPACITY), Log(CAPACITY)
    log.append(0, 1, np.arange(1, 101, dtype=np.uint64))
    log.append(1, 1, np.arange(1, 101, dtype=np.uint64))
    log.approve(50)
    approved_only.append(0, 1, np.arange(1, 51, dtype=np.uint64))
    approved_only.approve(50)
    assert log.snapshot() == approved_only.snapshot()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"numbers": bytes(7)}, "must carry 10 numbers"),
        ({"numbers": bytes(8)}, "must carry 10 numbers"),
        ({"count": 5}, "must carry 5 numbers"),
        ({"runs": ()}, "the runs end at 0"),
        ({"runs": ((1, 0, 1, 11),)}, "run 1..11"),
        ({"runs": ((2, 0, 1, 9),)}, "run 2..10"),
    ],
)
def test_contradictory_snapshot_is_refused(change: dict[str, object], says: str) -> None:
    """Parts of a snapshot that do not fit each other make no log."""
    log = Log(CAPACITY)
    log.append(0, 1, bytes(80))
    log.approve(10)
    fields = {name: getattr(log.snapshot(), name) for name in Snapshot.__slots__}
    with pytest.raises(ValueError, match=says):
        Log(CAPACITY, Snapshot(**{**fields, **change}))


def test_memory_does_not_grow_with_the_run() -> None:
    """Once the ring has gone round, a lockstep log allocates nothing that stays."""
    log = Log(2 * BLOCK)
    at = 0

    def go_on(count: int) -> None:
        nonlocal at
        for _ in range(count):
            at += 1
            log.append_one(at % 4, (at - 1) // 4 + 1, at)
            log.approve(at)
            if at % 1000 == 0:
                log.fold()
                log.offer(at + 3, 1, 1, b"12345678")
                log.drop_ahead()
                log.add_cut(at)

    go_on(18 * BLOCK)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        go_on(6 * BLOCK)
        log.checkpoints()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 10_000
