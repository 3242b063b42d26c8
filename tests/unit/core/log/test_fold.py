"""The exact sum against plain integers, the digest against its definition in docs/protocol.md."""

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.log.entry import BLOCK, Stream
from ringrun.core.log.fold import NO_DIGEST, Fold, block_digest, weighted_sum

EDGES = [1, 2, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**64 - 1]


def plain_sum(before: int, numbers: list[int]) -> int:
    """The sum of i*u by plain integers."""
    return sum((before + place) * number for place, number in enumerate(numbers, 1))


def array(numbers: list[int]) -> np.ndarray:
    """The numbers as a log hands them to the fold."""
    return np.array(numbers, dtype=np.uint64)


@pytest.mark.parametrize("number", EDGES)
@pytest.mark.parametrize("before", [0, 1, 2**40 - BLOCK, 2**62])
@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, BLOCK - 1, BLOCK])
def test_sum_is_exact_at_the_extremes(number: int, before: int, count: int) -> None:
    """No partial sum is rounded, be all numbers the highest and the indices huge."""
    numbers = [number] * count
    assert weighted_sum(before, array(numbers)) == plain_sum(before, numbers)


@given(
    before=st.integers(0, 2**50),
    numbers=st.lists(st.sampled_from(EDGES) | st.integers(0, 2**64 - 1), max_size=400),
    seed=st.integers(0, 2**32),
    full=st.booleans(),
)
def test_sum_is_exact_for_any_numbers(
    before: int, numbers: list[int], seed: int, full: bool
) -> None:
    """The sum of a part or a whole block is the plain integers' sum."""
    if full:
        numbers = numbers + Stream(seed, 0).take(1, BLOCK - len(numbers)).tolist()
    assert weighted_sum(before, array(numbers)) == plain_sum(before, numbers)


def test_each_place_has_its_own_weight() -> None:
    """A single entry anywhere in a block counts with its own index."""
    for place in range(BLOCK):
        numbers = np.zeros(BLOCK, dtype=np.uint64)
        numbers[place] = 2**53
        assert weighted_sum(BLOCK, numbers) == (BLOCK + place + 1) * 2**53


def test_digest_is_the_chain_of_the_design() -> None:
    """SHA-256 over the digest before, the runs as <QIQI and the numbers as <Q."""
    numbers = [5, 2**53, 7]
    runs = struct.pack("<QIQIQIQI", 1, 0, 1, 2, 3, 9, 4, 1)
    expected = hashlib.sha256(bytes(32) + runs + struct.pack("<3Q", *numbers)).digest()
    assert block_digest(NO_DIGEST, runs, array(numbers)) == expected


def test_fold_chains_full_blocks() -> None:
    """Count, sum and digest go on from block to block; the last `keep` links are remembered."""
    stream = Stream(1, 0)
    fold = Fold(keep=2)
    links, total, digest = [], 0, NO_DIGEST
    for block in range(3):
        numbers = stream.take(1 + block * BLOCK, BLOCK)
        runs = struct.pack("<QIQI", 1 + block * BLOCK, 0, 1 + block * BLOCK, BLOCK)
        fold.add(runs, numbers)
        total += plain_sum(block * BLOCK, numbers.tolist())
        digest = hashlib.sha256(digest + runs + numbers.tobytes()).digest()
        links.append((block + 1, digest))
    assert (fold.count, fold.sum_exact, fold.digest) == (3 * BLOCK, total, digest)
    assert fold.recent() == tuple(links[1:])
    assert fold.fresh() == links
    assert fold.fresh() == []


def test_fold_refuses_a_short_block() -> None:
    """Only whole blocks may enter the chain."""
    with pytest.raises(AssertionError, match="full block"):
        Fold(keep=2).add(b"", array([1]))


def test_fold_starts_only_between_blocks() -> None:
    """A fold can go on from a snapshot's last full block, not from inside one."""
    with pytest.raises(AssertionError, match="only full blocks"):
        Fold(keep=2, count=5)
