"""What a log comes to: its count, its exact sum and its digest (docs/protocol.md).

`log.Log` calls this with whole blocks as they are approved, and with the open block when a total
is asked for. It neither holds entries nor knows who approved them. `Totals` and `Snapshot` are
the values that slaves compare at a SYNC and hand to a joiner.
"""

import struct
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from operator import mul

import numpy as np

from ringrun.core.log.entry import BLOCK, Numbers

RUN = struct.Struct("<QIQI")
"""A maximal run of one sender as it is hashed: first index, sender, first k, how many."""

NO_DIGEST = bytes(32)
"""The digest of an empty log, and what the first block's digest goes on from."""

# The place of entry j of a block is split as j = 64a + c, and each u into 32-bit halves. A block
# is then a matrix of 64 rows (a) and 128 columns (the low and the high half of each c), and two
# products give for each half the sums of x, a*x and c*x. Every x is below 2^32 and every sum has
# 4096 terms with weights below 64, so each partial sum is an integer below 2^(32+12+6) = 2^50,
# in whatever order it is added up: doubles hold it exactly.
_SIDE = 64
_BY_ROW = np.stack([np.ones(_SIDE), np.arange(_SIDE, dtype=np.float64)])
_BY_COLUMN = np.zeros((2 * _SIDE, 4))
_BY_COLUMN[0::2, 0] = _BY_COLUMN[1::2, 2] = 1.0
_BY_COLUMN[0::2, 1] = _BY_COLUMN[1::2, 3] = np.arange(_SIDE)
# Below this many entries plain integers are faster.
_FEW = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What two logs of the same entries have in common, whoever folded them and when."""

    count: int
    sum_exact: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An approved log as a joiner gets it: its fold, and the entries of its open block."""

    count: int
    sum_exact: int
    senders: tuple[tuple[int, int], ...]
    """(sender, how many of its entries the log holds), by sender."""
    last_sender: int
    """Of entry `count`; -1 if there is none."""
    digest: bytes
    """The chain's value after the last full block."""
    runs: tuple[tuple[int, int, int, int], ...]
    """(first index, sender, first k, how many) of the open block's entries, in order."""
    numbers: bytes
    """The u of the open block's entries, each `<Q`."""


def block_digest(previous: bytes, runs: bytes | memoryview, numbers: Numbers) -> bytes:
    """The chain's next value: `runs` packed as `RUN`, `numbers` the u of the same entries."""
    chain = sha256(previous)
    chain.update(runs)
    chain.update(numbers.data)
    return chain.digest()


def weighted_sum(before: int, numbers: Numbers) -> int:
    """The exact sum of i*u over at most a block of entries, which follow index `before`.

    Any u below 2^64 and any index will do.
    """
    count = len(numbers)
    if count < _FEW:
        return sum(map(mul, range(before + 1, before + count + 1), numbers.tolist()))
    if count < BLOCK:
        numbers = np.concatenate((numbers, np.zeros(BLOCK - count, dtype=np.uint64)))
    halves = numbers.view(np.uint32).astype(np.float64).reshape(_SIDE, 2 * _SIDE)
    (low, low_c, high, high_c), (low_a, _, high_a, _) = (_BY_ROW @ halves @ _BY_COLUMN).tolist()
    plain = int(low) + (int(high) << 32)
    by_place = (int(low_a) * _SIDE + int(low_c)) + ((int(high_a) * _SIDE + int(high_c)) << 32)
    return (before + 1) * plain + by_place


class Fold:
    """The sum and the digest chain of a growing log's full blocks."""

    __slots__ = ("_fresh", "_recent", "count", "digest", "sum_exact")

    # The journal asks for new digests at every turn of its loop; without a journal nobody does.
    _MOST_FRESH = 1024

    def __init__(
        self, *, keep: int, count: int = 0, sum_exact: int = 0, digest: bytes = NO_DIGEST
    ) -> None:
        assert count % BLOCK == 0, f"only full blocks are folded, got {count} entries"
        self.count = count
        self.sum_exact = sum_exact
        self.digest = digest
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=keep)
        self._fresh: deque[tuple[int, bytes]] = deque(maxlen=self._MOST_FRESH)
        if count:
            self._recent.append((count // BLOCK, digest))

    def add(self, runs: bytes | memoryview, numbers: Numbers) -> None:
        """Fold the next full block."""
        assert len(numbers) == BLOCK, f"a full block has {BLOCK} entries, got {len(numbers)}"
        self.sum_exact += weighted_sum(self.count, numbers)
        self.digest = block_digest(self.digest, runs, numbers)
        self.count += BLOCK
        link = (self.count // BLOCK, self.digest)
        self._recent.append(link)
        self._fresh.append(link)

    def recent(self) -> tuple[tuple[int, bytes], ...]:
        """(block number from 1, chain digest) of the last `keep` full blocks, oldest first."""
        return tuple(self._recent)

    def fresh(self) -> list[tuple[int, bytes]]:
        """The same for the blocks folded since the last call, at most the last 1024."""
        links = list(self._fresh)
        self._fresh.clear()
        return links
