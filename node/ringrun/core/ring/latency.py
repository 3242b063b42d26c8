"""A histogram of durations of fixed size: buckets of a 32nd of an octave, so 2.2 % wide.

Slaves fill one each, the leader merges them for the report.
"""

from collections import defaultdict
from collections.abc import Iterable
from math import log2

_STEPS = 32
_FLOOR = 1e-9


class Histogram:
    """Counts durations in seconds; memory depends on their spread alone."""

    __slots__ = ("_buckets", "largest")

    def __init__(self, buckets: Iterable[tuple[int, int]] = ()) -> None:
        self._buckets: defaultdict[int, int] = defaultdict(int, buckets)
        self.largest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._buckets[int(log2(max(_FLOOR, seconds) * 1e9) * _STEPS)] += 1
        if seconds > self.largest:
            self.largest = seconds

    def merge(self, buckets: Iterable[tuple[int, int]]) -> None:
        """Count what another histogram counted."""
        for bucket, count in buckets:
            self._buckets[bucket] += count

    def buckets(self) -> tuple[tuple[int, int], ...]:
        """(bucket, count), ascending."""
        return tuple(sorted(self._buckets.items()))

    def quantile(self, share: float) -> float:
        """The middle of the bucket in which this share of all durations is reached; 0 if empty."""
        wanted = share * sum(self._buckets.values())
        seen = 0
        for bucket, count in self.buckets():
            seen += count
            if seen >= wanted:
                return float(2.0 ** ((bucket + 0.5) / _STEPS) * 1e-9)
        return 0.0
