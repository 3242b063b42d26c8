"""A log's folds against their definition."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from journalled_run import fold_of, runs_of

from ringrun.verify.reading.log import CHUNK, NO_BASE, Batches, Log
from ringrun.verify.reading.numbers import BLOCK, Streams


def log_of(entries: list[tuple[int, int, int]]) -> Log:
    """A log with these entries, in the batches in which they would be journalled."""
    numbers = np.array([u for _, _, u in entries], dtype="<u8")
    bytewise = np.ndarray((len(entries) * 8 - 7,), "<u8", numbers.tobytes(), 0, (1,))
    columns = np.array(runs_of(entries, 1), dtype=np.int64).T
    batches = Batches(
        first=columns[0],
        sender=columns[1],
        k=columns[2],
        count=columns[3],
        at=(columns[0] - 1) * 8,
        withheld=np.zeros(columns.shape[1], dtype=np.bool_),
        numbers=bytewise,
        streams=Streams(0),
    )
    return Log("s0-1", NO_BASE, batches, len(entries))


@settings(max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 700), min_size=1, max_size=30),
    random=st.randoms(use_true_random=False),
)
def test_folds_are_those_of_the_definition(lengths: list[int], random: Any) -> None:
    """Sum and digest at the end and at any place within, over several blocks."""
    entries: list[tuple[int, int, int]] = []
    ks = [0, 0, 0]
    for length in lengths:
        sender = random.randrange(3)
        for _ in range(length):
            ks[sender] += 1
            entries.append((sender, ks[sender], random.getrandbits(64)))
    log = log_of(entries)
    for count in {len(entries), random.randrange(len(entries)) + 1, len(entries) // 4096 * 4096}:
        total, digest, _ = fold_of(entries[:count])
        assert log.fold(count) == (total, digest)


@settings(max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=30),
    random=st.randoms(use_true_random=False),
)
def test_numbers_that_are_withheld_are_those_of_the_seed(lengths: list[int], random: Any) -> None:
    """Whichever batches are, the entries are the same; also of a part of the log."""
    streams = Streams(5)
    entries: list[tuple[int, int, int]] = []
    ks = [0, 0, 0]
    for length in lengths:
        sender = random.randrange(3)
        for u in streams.take(sender, ks[sender] + 1, length).tolist():
            ks[sender] += 1
            entries.append((sender, ks[sender], u))
    whole = log_of(entries).batches
    withheld = np.array([random.random() < 0.6 for _ in range(len(whole))])
    numbers = whole.numbers.copy()
    for at, count in zip(whole.at[withheld], whole.count[withheld], strict=True):
        numbers[at : at + 8 * count] = 0
    batches = replace(whole, withheld=withheld, streams=streams, numbers=numbers)
    first = random.randrange(len(entries)) + 1
    last = random.randrange(first, len(entries) + 1)
    for begin, end in ((1, len(entries)), (first, last)):
        some = batches.between(begin, end).spread()
        assert [some.at(at) for at in range(len(some))] == entries[begin - 1 : end]


def test_folding_tells_how_far_it_is() -> None:
    """Chunk by chunk, up to the last full block; and it is folded then, once."""
    streams, count = Streams(5), 2 * CHUNK + BLOCK + 7
    batches = Batches(
        first=np.array([1]),
        sender=np.array([3]),
        k=np.array([1]),
        count=np.array([count]),
        at=np.array([0]),
        withheld=np.array([True]),
        numbers=np.empty(0, dtype=np.uint64),
        streams=streams,
    )
    told: list[int] = []
    log = Log("s3-1", NO_BASE, batches, count)
    log.fold_all(told.append)
    assert told == [CHUNK, 2 * CHUNK, 2 * CHUNK + BLOCK]
    log.fold_all(told.append)
    assert len(told) == 3
    assert log.fold(count) == Log("s3-1", NO_BASE, batches, count).fold(count)
