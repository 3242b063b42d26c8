"""The numbers, the exact sum and the digest, computed from their definitions (docs/protocol.md).

By other means than the slaves use, so that a mistake there is not made here again: the stream is
entered at the generator's counter, sums are taken of halves of the numbers by plain products.
"""

from hashlib import sha256
from itertools import pairwise

import numpy as np

from ringrun.verify.reading.columns import Integers, Numbers

BLOCK = 4096
NO_DIGEST = bytes(32)

# What is drawn at once at least: small journals ask for few numbers of each sender, often. Whoever
# goes on where it ended gets twice as many, up to the most.
_LEAST = 256
_MOST_AHEAD = 1 << 16
_RUN = np.dtype([("first", "<u8"), ("sender", "<u4"), ("k", "<u8"), ("count", "<u4")])
_PLACE = np.arange(BLOCK, dtype=np.uint64)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


class Streams:
    """The seeded streams of all senders of one run."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn: dict[int, tuple[int, Numbers]] = {}

    def take(self, sender: int, k: int, count: int) -> Numbers:
        """The numbers k to k+count-1 of a sender; to be read only."""
        first, drawn = self._drawn.get(sender, (1, _NONE))
        start = k - first
        if start < 0 or start + count > len(drawn):
            ahead = min(2 * len(drawn), _MOST_AHEAD) if 0 <= start <= len(drawn) else _LEAST
            drawn = self._draw(sender, k, max(count, ahead, _LEAST))
            self._drawn[sender] = (k, drawn)
            start = 0
        return drawn[start : start + count]

    def gather(self, sender: int, ks: Integers) -> Numbers:
        """The numbers of these draws of a sender, in their order; to be read only."""
        if not len(ks):
            return _NONE
        low, high = int(ks.min()), int(ks.max())
        if high - low < 4 * len(ks) + BLOCK:
            drawn = self.take(sender, low, high - low + 1)
            return drawn if len(ks) == len(drawn) and (ks[1:] > ks[:-1]).all() else drawn[ks - low]
        # Far apart: one stretch after the other.
        bounds = [0, *(np.flatnonzero(ks[1:] != ks[:-1] + 1) + 1).tolist(), len(ks)]
        parts = [
            self.take(sender, int(ks[begin]), end - begin).copy() for begin, end in pairwise(bounds)
        ]
        return np.concatenate(parts)

    def _draw(self, sender: int, k: int, count: int) -> Numbers:
        # Philox makes four numbers for each value of its counter, beginning with counter 1 for
        # the first four; the generator counts on before it draws.
        steps, skip = divmod(k - 1, 4)
        key = np.array([self._seed, sender], dtype=np.uint64)
        raw = np.random.Philox(counter=steps, key=key).random_raw(count + skip)
        return (raw[skip:] >> np.uint64(11)) + np.uint64(1)


_NONE: Numbers = np.empty(0, dtype=np.uint64)


def packed_runs(first: int, senders: Integers, ks: Integers) -> tuple[Integers, memoryview]:
    """The maximal runs of consecutive entries that begin at index `first`, cut at each block's end.

    Answers where each run begins (a position, from 0) and the runs as they are hashed, 24 bytes
    each.
    """
    begins = np.empty(len(senders), dtype=bool)
    begins[0] = True
    begins[1:] = (senders[1:] != senders[:-1]) | (ks[1:] != ks[:-1] + 1)
    begins[(1 - first) % BLOCK :: BLOCK] = True
    starts = np.flatnonzero(begins)
    runs = np.empty(len(starts), dtype=_RUN)
    runs["first"] = starts + first
    runs["sender"] = senders[starts]
    runs["k"] = ks[starts]
    runs["count"][:-1] = starts[1:] - starts[:-1]
    runs["count"][-1] = len(senders) - starts[-1]
    return starts, runs.view(np.uint8).data


def link(previous: bytes, runs: memoryview, numbers: Numbers) -> bytes:
    """The next value of the digest's chain."""
    chain = sha256(previous)
    chain.update(runs)
    chain.update(numbers.data)
    return chain.digest()


def fold_blocks(
    first: int, senders: Integers, ks: Integers, numbers: Numbers, digest: bytes
) -> tuple[list[bytes], list[int]]:
    """The chain's value after each of these full blocks, and the sum of i*u in each."""
    blocks = len(numbers) // BLOCK
    starts, runs = packed_runs(first, senders, ks)
    ends = np.searchsorted(starts, np.arange(1, blocks + 1) * BLOCK).tolist()
    numbers = np.ascontiguousarray(numbers)
    digests = []
    before = 0
    for block, end in enumerate(ends):
        begin = block * BLOCK
        digest = link(
            digest,
            runs[before * _RUN.itemsize : end * _RUN.itemsize],
            numbers[begin : begin + BLOCK],
        )
        digests.append(digest)
        before = end
    table = numbers.reshape(blocks, BLOCK)
    # Below 2^32 each half: a block's plain sum is below 2^44, its weighted one below 2^56.
    low, high = table & _LOW, table >> _HALF
    sums = [
        (first + block * BLOCK) * (a + (b << 32)) + c + (d << 32)
        for block, (a, b, c, d) in enumerate(
            zip(
                low.sum(axis=1).tolist(),
                high.sum(axis=1).tolist(),
                (low @ _PLACE).tolist(),
                (high @ _PLACE).tolist(),
                strict=True,
            )
        )
    ]
    return digests, sums


def fold_rest(
    first: int, senders: Integers, ks: Integers, numbers: Numbers, digest: bytes
) -> tuple[bytes, int]:
    """The same for the last, shorter block; nothing changes if it is empty."""
    if not len(numbers):
        return digest, 0
    numbers = np.ascontiguousarray(numbers)
    _, runs = packed_runs(first, senders, ks)
    total = sum(index * u for index, u in enumerate(numbers.tolist(), first))
    return link(digest, runs, numbers), total
