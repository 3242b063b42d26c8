"""The numbers that a slave sends: one seeded stream for each sender (docs/protocol.md, G5).

A slave holds the stream of its own ordinal and takes from it what it issues; the checker and
the tests of others compute the same numbers from the definition, not from here. What happens to
an entry once it is issued is in `log` (held, approved) and `fold` (sum and digest).
"""

import sys

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096
"""Entries of one link of the digest's chain; every buffer of entries is a multiple of it."""

Numbers = NDArray[np.uint64]

# Numbers cross the wire and enter the digest as `<Q` by plain copies of memory.
assert sys.byteorder == "little", "ringrun needs a little-endian machine"

# One call into numpy costs as much as some 300 draws, so that small bursts share a call.
_LEAST_DRAWN = 1024
# Philox makes four numbers for each step of its counter; advance() counts steps.
_STEP = 4
_SHIFT = np.uint64(11)
_ONE = np.uint64(1)


class Stream:
    """The numbers of one sender: draw k = 1, 2, ... gives u in 1..2^53.

    What is drawn and not yet taken waits in one array; a number taken before may be asked for
    again, at any distance (after a view change a sender goes back to what its log holds).
    """

    __slots__ = (
        "_drawn",
        "_drawn_first",
        "_generator",
        "_generator_at",
        "_key",
        "_scalars",
        "_scalars_first",
    )

    def __init__(self, seed: int, sender: int) -> None:
        self._key = np.array([seed, sender], dtype=np.uint64)
        self._generator = np.random.Philox(key=self._key)
        self._generator_at = 1  # draw number of what the generator gives next
        self._drawn: Numbers = np.empty(0, dtype=np.uint64)
        self._drawn_first = 1
        self._scalars: list[int] = []
        self._scalars_first = 1

    def take(self, k: int, count: int) -> Numbers:
        """Numbers k..k+count-1, to be read and not written: they may share memory."""
        start = k - self._drawn_first
        stop = start + count
        if start < 0 or stop > len(self._drawn):
            self._draw(k, max(count, _LEAST_DRAWN))
            start, stop = 0, count
        return self._drawn[start:stop]

    def one(self, k: int) -> int:
        """Number k as a Python integer."""
        at = k - self._scalars_first
        if at < 0 or at >= len(self._scalars):
            self._fill_scalars(k)
            at = 0
        return self._scalars[at]

    def _fill_scalars(self, k: int) -> None:
        start = k - self._drawn_first
        if start < 0 or start >= len(self._drawn):
            self._draw(k, _LEAST_DRAWN)
            start = 0
        self._scalars = self._drawn[start : start + _LEAST_DRAWN].tolist()
        self._scalars_first = k

    def _draw(self, first: int, count: int) -> None:
        """Replace the drawn array by numbers first..first+count-1, reusing what it has of them."""
        start = first - self._drawn_first
        kept = self._drawn[start:] if 0 <= start < len(self._drawn) else self._drawn[:0]
        if len(kept) >= count:
            return
        fresh = self._generate(first + len(kept), count - len(kept))
        self._drawn = np.concatenate((kept, fresh)) if len(kept) else fresh
        self._drawn_first = first

    def _generate(self, first: int, count: int) -> Numbers:
        assert first >= 1, f"draws are numbered from 1, got {first}"
        if first != self._generator_at:
            steps, rest = divmod(first - 1, _STEP)
            self._generator = np.random.Philox(key=self._key)
            self._generator.advance(steps)
            if rest:
                self._generator.random_raw(rest)
        numbers: Numbers = self._generator.random_raw(count)
        self._generator_at = first + count
        numbers >>= _SHIFT
        numbers += _ONE
        return numbers
