"""The streams against the definition in docs/protocol.md, drawn number by number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.log.entry import Stream

SEEDS = st.integers(0, 2**63 - 1)
LONGEST = 6000


def defined(seed: int, sender: int, count: int) -> list[int]:
    """The first numbers of a stream, one call for each."""
    generator = np.random.Philox(key=[seed, sender])
    return [(int(generator.random_raw()) >> 11) + 1 for _ in range(count)]


KNOWN = defined(7, 3, LONGEST)


@given(seed=SEEDS, sender=st.integers(0, 511))
def test_stream_is_the_seeded_one(seed: int, sender: int) -> None:
    """A stream gives the outputs of Philox(key=[seed, sender]) in order, from 1 to 2^53 (G5)."""
    numbers = Stream(seed, sender).take(1, 20)
    assert numbers.dtype == np.uint64
    assert numbers.tolist() == defined(seed, sender, 20)
    assert all(1 <= number <= 2**53 for number in numbers.tolist())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "one", "on"]),
            st.integers(1, LONGEST - 2000),
            st.integers(1, 2000),
        ),
        max_size=30,
    )
)
def test_any_order_of_asking_gives_the_same_numbers(asked: list[tuple[str, int, int]]) -> None:
    """Jumps forth and back, and scalars between arrays, change no number."""
    stream = Stream(7, 3)
    next_k = 1
    for what, k, count in asked:
        if what == "one":
            assert stream.one(k) == KNOWN[k - 1]
            next_k = k + 1
        else:
            first = min(next_k, LONGEST - count) if what == "on" else k
            assert stream.take(first, count).tolist() == KNOWN[first - 1 : first - 1 + count]
            next_k = first + count


def test_scalars_in_sequence_are_the_stream() -> None:
    """One number at a time, past every refill, is the same stream, as Python integers."""
    stream = Stream(7, 3)
    numbers = [stream.one(k) for k in range(1, LONGEST + 1)]
    assert numbers == KNOWN
    assert type(numbers[0]) is int


def test_numbers_taken_earlier_stay_as_they_were() -> None:
    """What was taken keeps its values when the stream goes on drawing."""
    stream = Stream(7, 3)
    first = stream.take(1, 100)
    for k in range(101, 5000, 100):
        stream.take(k, 100)
    assert first.tolist() == KNOWN[:100]


def test_two_senders_have_different_streams() -> None:
    """The sender is part of the key."""
    assert Stream(7, 3).take(1, 8).tolist() != Stream(7, 4).take(1, 8).tolist()


def test_a_far_jump_lands_on_its_number() -> None:
    """Random access costs no draws in between, and keeps to the definition of advance()."""
    far = 4 * 2**40 + 3
    generator = np.random.Philox(key=[7, 3])
    generator.advance((far - 1) // 4)
    expected = [(int(raw) >> 11) + 1 for raw in generator.random_raw(10)[(far - 1) % 4 :]]
    assert Stream(7, 3).take(far, len(expected)).tolist() == expected


def test_draws_are_numbered_from_one() -> None:
    """There is no number 0."""
    with pytest.raises(AssertionError, match="numbered from 1"):
        Stream(7, 3).take(0, 1)
