"""A log's meaning as a plain list of entries that does everything the slow way.

`test_log` and `test_log_steps` compare the log with it; it shares nothing with the log.
"""

import hashlib
import random
import struct
from dataclasses import dataclass, field

import numpy as np

from ringrun.core.log.entry import BLOCK
from ringrun.core.log.fold import Totals

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


def numbers_of(draw: random.Random, count: int) -> np.ndarray:
    """Random numbers of the whole range, the highest among them."""
    generator = np.random.default_rng(draw.getrandbits(32))
    numbers = generator.integers(1, 2**53, size=count, dtype=np.uint64, endpoint=True)
    numbers[:1] = 2**53
    return numbers
