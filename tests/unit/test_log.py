"""The log against a plain list of entries that does everything the slow way."""

import hashlib
import random
import struct
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest

from ringrun.core.entry import BLOCK
from ringrun.core.fold import Snapshot, Totals
from ringrun.core.log import Log

CAPACITY = 4 * BLOCK

Entry = tuple[int, int, int]
"""(sender, k, u)."""


def runs_of(entries: list[Entry], first: int) -> list[tuple[int, int, int, int]]:
    """The maximal runs of consecutive entries, the first of which has index `first`."""
    runs: list[list[int]] = []
    for index, (sender, k, _) in enumerate(entries, first):
        if runs and runs[-1][1] == sender and runs[-1][2] + runs[-1][3] == k:
            runs[-1][3] += 1
        else:
            runs.append([index, sender, k, 1])
    return [(first, sender, k, count) for first, sender, k, count in runs]


def blocks_of(first: int, last: int) -> list[tuple[int, int]]:
    """first..last cut at the ends of blocks."""
    stops = [*range(-(-first // BLOCK) * BLOCK, last, BLOCK), last]
    firsts = [first, *(stop + 1 for stop in stops[:-1])]
    return list(zip(firsts, stops, strict=True))


@dataclass
class Plain:
    """What a log means: a list of entries and how many of them are approved."""

    entries: list[Entry] = field(default_factory=list)
    approved: int = 0

    def next_k(self, sender: int) -> int:
        return 1 + sum(entry[0] == sender for entry in self.entries)

    def add(self, sender: int, numbers: np.ndarray) -> int:
        """Append, and return the first k."""
        k = self.next_k(sender)
        self.entries += [(sender, k + at, u) for at, u in enumerate(numbers.tolist())]
        return k

    def totals(self, count: int) -> Totals:
        digest = bytes(32)
        for first, last in blocks_of(1, count) if count else []:
            block = self.entries[first - 1 : last]
            hashed = digest
            for run in runs_of(block, first):
                hashed += struct.pack("<QIQI", *run)
            hashed += b"".join(struct.pack("<Q", u) for _, _, u in block)
            digest = hashlib.sha256(hashed).digest()
        total = sum(i * u for i, (_, _, u) in enumerate(self.entries[:count], 1))
        return Totals(count=count, sum_exact=total, digest=digest)

    def read(self, first: int, last: int) -> tuple[list[tuple[int, int, int, int]], bytes]:
        runs = []
        for begin, stop in blocks_of(first, last):
            runs += runs_of(self.entries[begin - 1 : stop], begin)
        return runs, b"".join(struct.pack("<Q", u) for _, _, u in self.entries[first - 1 : last])


def assert_same(log: Log, plain: Plain, at: int) -> None:
    """Everything that can be asked of the log is what the list says; `at` is a held index."""
    held = len(plain.entries)
    assert (log.held, log.approved) == (held, plain.approved)
    assert log.folded % BLOCK == 0
    assert log.folded <= log.approved
    assert log.room() == log.folded + log.capacity - held >= 0
    assert log.totals() == plain.totals(plain.approved)
    assert log.totals(max(at, log.folded)) == plain.totals(max(at, log.folded))
    assert log.sender_at(0) == -1
    readable = max(at, log.oldest)
    if readable <= held:
        assert log.read(readable, held) == plain.read(readable, held)
        assert log.sender_at(readable) == plain.entries[readable - 1][0]
    counted = Counter(sender for sender, _, _ in plain.entries)
    counted_up_to = Counter(sender for sender, _, _ in plain.entries[: readable - 1])
    for sender in range(5):
        assert log.sent_by(sender) == counted[sender]
        assert log.sent_by(sender, readable - 1) == counted_up_to[sender]


def numbers_of(draw: random.Random, count: int) -> np.ndarray:
    """Random numbers of the whole range, the highest among them."""
    generator = np.random.default_rng(draw.getrandbits(32))
    numbers = generator.integers(1, 2**53, size=count, dtype=np.uint64, endpoint=True)
    numbers[:1] = 2**53
    return numbers


def given_as(draw: random.Random, numbers: np.ndarray) -> np.ndarray | bytes | memoryview:
    """Numbers in one of the forms that a log takes."""
    return draw.choice([numbers, numbers.tobytes(), memoryview(numbers.tobytes())])


def size_of(draw: random.Random, room: int) -> int:
    """How many entries a step takes: few, many, or about a block."""
    return min(room, draw.choice([1, 1, 2, 3, 17, 64, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 5000]))


def act(draw: random.Random, log: Log, plain: Plain) -> Log:
    """One random step, done to both; returns the log to go on with."""
    sender = draw.randrange(5)
    what = draw.choice(["append", "one", "batches", "offer", "approve", "drop", "fold", "join"])
    if what in {"append", "one", "batches", "offer"} and log.approved - log.folded >= BLOCK:
        log.fold(1)
    if what == "append":
        numbers = numbers_of(draw, size_of(draw, log.room()))
        log.append(sender, plain.add(sender, numbers), given_as(draw, numbers))
    elif what == "one":
        for _ in range(min(log.room(), draw.choice([1, 2, 20]))):
            sender = draw.choice([sender, draw.randrange(5)])
            numbers = numbers_of(draw, 1)
            log.append_one(sender, plain.add(sender, numbers), int(numbers[0]))
    elif what == "batches":
        batches, parts, room = [], [numbers_of(draw, 0)], log.room()
        for _ in range(draw.randrange(6)):
            parts.append(numbers_of(draw, size_of(draw, room)))
            room -= len(parts[-1])
            sender = draw.randrange(5)
            batches.append((sender, plain.add(sender, parts[-1]), len(parts[-1])))
        log.append_batches(batches, given_as(draw, np.concatenate(parts)))
    elif what == "offer":
        offer_shuffled(draw, log, plain)
    elif what == "approve":
        plain.approved = draw.randint(plain.approved, len(plain.entries))
        log.approve(plain.approved)
    elif what == "drop":
        cut = draw.randint(plain.approved, len(plain.entries))
        log.drop_above(cut)
        del plain.entries[cut:]
    elif what == "fold":
        most = draw.randrange(3)
        full = (log.approved - log.folded) // BLOCK
        assert log.fold(most) == min(most, full)
    else:
        return joined(log)
    return log


def offer_shuffled(draw: random.Random, log: Log, plain: Plain) -> None:
    """Offer a stretch in random order, some of it twice or cut otherwise, until all is held."""
    offers, room = [], log.room()
    for _ in range(draw.randrange(1, 7)):
        numbers = numbers_of(draw, size_of(draw, room))
        if not len(numbers):
            break
        room -= len(numbers)
        sender = draw.randrange(5)
        index = len(plain.entries) + 1
        k = plain.add(sender, numbers)
        offers.append((index, sender, k, numbers))
        part = draw.randrange(len(numbers))
        offers.append((index + part, sender, k + part, numbers[part:]))
        offers.append((index, sender, k, numbers[: part + 1]))
    draw.shuffle(offers)
    for index, sender, k, numbers in offers:
        before = log.held
        grew = log.offer(index, sender, k, given_as(draw, numbers))
        assert grew == (log.held > before)
        assert not log.offer(index, sender, k, numbers + np.uint64(1)), "a second offer is ignored"
    assert log.held == len(plain.entries)


def joined(log: Log) -> Log:
    """A log made from the snapshot of another and the entries above it."""
    snapshot = log.snapshot()
    joiner = Log(log.capacity, snapshot)
    if log.held > log.approved:
        runs, numbers = log.read(log.approved + 1, log.held)
        joiner.append_batches([run[1:] for run in runs], numbers)
    assert joiner.snapshot() == snapshot
    assert joiner.recent_digests() == log.recent_digests()[-1:]
    return joiner


@pytest.mark.parametrize("seed", range(30))
def test_log_is_the_list_after_any_steps(seed: int) -> None:
    """Any batching, order of arrival, approval, cut, folding and hand-over give the same log."""
    draw = random.Random(seed)
    log, plain = Log(CAPACITY), Plain()
    for _ in range(25):
        log = act(draw, log, plain)
        assert_same(log, plain, draw.randint(plain.approved, len(plain.entries)))


@pytest.mark.parametrize("seed", range(5))
def test_log_of_one_block_is_the_list(seed: int) -> None:
    """The smallest ring works, block after block."""
    draw = random.Random(seed)
    log, plain = Log(1), Plain()
    assert log.capacity == BLOCK
    for _ in range(40):
        log = act(draw, log, plain)
        if not log.room():
            plain.approved = log.held
            log.approve(log.held)
            log.fold()
        assert_same(log, plain, draw.randint(plain.approved, len(plain.entries)))


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
        log.append_one(0, 2, 20)
        assert log.held == 2
        log.append_one(2, 1, 31)
        assert log.read(1, 3)[1] == struct.pack("<3Q", 10, 20, 31)


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
    joiner = joined(donor)
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
