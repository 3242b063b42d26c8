"""The checker's arithmetic against the core's, which does it by other means."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from journalled_run import draw

from ringrun.core.log.entry import Stream
from ringrun.core.log.fold import weighted_sum
from ringrun.verify.reading.numbers import Streams, fold_rest


@given(
    seed=st.integers(0, 2**63 - 1),
    sender=st.integers(0, 511),
    asked=st.lists(st.tuples(st.integers(1, 900), st.integers(1, 300)), max_size=6),
)
def test_streams_are_those_of_the_core(
    seed: int, sender: int, asked: list[tuple[int, int]]
) -> None:
    """In whatever order pieces are asked for."""
    ours, theirs = Streams(seed), Stream(seed, sender)
    for k, count in [(1, 1), *asked]:
        assert ours.take(sender, k, count).tolist() == theirs.take(k, count).tolist()
    assert int(ours.take(sender, 1, 1)[0]) == draw(seed, sender, 1)


@given(
    before=st.integers(0, 2**40),
    numbers=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=300),
)
def test_sums_are_those_of_the_core(before: int, numbers: list[int]) -> None:
    """The exact sum of a piece, wherever it begins."""
    array = np.array(numbers, dtype=np.uint64)
    senders, ks = np.zeros(len(numbers), dtype=np.int64), np.arange(len(numbers)) + 1
    _, total = fold_rest(before + 1, senders, ks, array, bytes(32))
    assert total == weighted_sum(before, array)
