"""Random steps done to a log and to a plain list: they must stay the same (G1, G2)."""

import random
from collections import Counter

import numpy as np
import pytest
from plain_log import CAPACITY, Plain, numbers_of

from ringrun.core.log.entry import BLOCK
from ringrun.core.log.log import Log


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
    for sender in range(5):
        assert log.sent_by(sender) == counted[sender]


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


@pytest.mark.parametrize("seed", range(3))
def test_log_of_one_block_is_the_list(seed: int) -> None:
    """The smallest ring works, block after block."""
    draw = random.Random(seed)
    log, plain = Log(1), Plain()
    assert log.capacity == BLOCK
    for _ in range(25):
        log = act(draw, log, plain)
        if not log.room():
            plain.approved = log.held
            log.approve(log.held)
            log.fold()
        assert_same(log, plain, draw.randint(plain.approved, len(plain.entries)))
