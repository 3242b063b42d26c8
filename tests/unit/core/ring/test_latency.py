"""The histogram of durations: bounded error, bounded memory, merging loses nothing."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.ring.latency import Histogram

# A bucket is a 32nd of an octave wide and answers with its middle.
ERROR = 2 ** (1 / 64)
durations = st.lists(st.floats(1e-8, 1e3), min_size=1, max_size=60)


def filled(values: list[float]) -> Histogram:
    """One that counted these."""
    made = Histogram()
    for value in values:
        made.add(value)
    return made


@given(durations, st.floats(0.01, 1.0))
def test_a_quantile_is_off_by_less_than_one_bucket(values: list[float], share: float) -> None:
    """Within 1.1 % of the value that sorting gives."""
    wanted = share * len(values)
    exact = next(value for rank, value in enumerate(sorted(values), 1) if rank >= wanted - 1e-9)
    got = filled(values).quantile(share)
    assert exact / ERROR * (1 - 1e-9) <= got <= exact * ERROR * (1 + 1e-9)


@given(durations, durations)
def test_merging_is_counting_both(one: list[float], other: list[float]) -> None:
    """In either order, and through the sparse form that a result carries."""
    merged = Histogram(filled(one).buckets())
    merged.merge(filled(other).buckets())
    assert merged.buckets() == filled(one + other).buckets()
    assert merged.buckets() == filled(other + one).buckets()


@given(durations)
def test_the_largest_is_exact(values: list[float]) -> None:
    """The maximum is no bucket."""
    assert filled(values).largest == max(values)


def test_an_empty_histogram_has_no_quantile() -> None:
    """Zero, as for a slave that never sent."""
    assert Histogram().quantile(0.99) == 0.0
    assert Histogram().buckets() == ()


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-12])
def test_what_no_clock_can_measure_is_counted_lowest(seconds: float) -> None:
    """A clock that stood still must not end a run."""
    assert filled([seconds]).buckets() == ((0, 1),)


def test_memory_hangs_on_the_spread_alone() -> None:
    """A hundred thousand durations between 10 us and 10 ms take at most ten octaves of buckets."""
    random = Random(1)
    buckets = filled([10 ** random.uniform(-5, -2) for _ in range(100_000)]).buckets()
    assert len(buckets) <= 10 * 32
    assert sum(count for _, count in buckets) == 100_000
