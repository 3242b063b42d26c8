"""The memory of a log: what is held where, at block ends and at the wrap (core.log.blocks)."""

import random

import numpy as np
import pytest
from plain_log import CAPACITY, Plain, numbers_of

from ringrun.core.log.blocks import Blocks, bytes_of
from ringrun.core.log.entry import BLOCK


def filled(count: int, capacity: int = CAPACITY) -> tuple[Blocks, Plain]:
    """So many entries of sender 2 in one batch, and the same as a plain list."""
    blocks, plain = Blocks(capacity, 0), Plain()
    numbers = numbers_of(random.Random(count), count)
    blocks.append(2, plain.add(2, numbers), numbers)
    return blocks, plain


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (BLOCK, 1), (BLOCK + 1, 2), (0, 1)])
def test_there_is_room_for_whole_blocks(asked: int, given: int) -> None:
    """At least what was asked for, and one block where nothing was."""
    blocks = Blocks(asked, 0)
    assert (blocks.capacity, blocks.room()) == (given * BLOCK, given * BLOCK)


def test_a_memory_without_entries_has_none_to_be_read() -> None:
    """What lies below the floor came folded, and is nobody's to read."""
    blocks = Blocks(BLOCK, 3 * BLOCK)
    assert (blocks.held, blocks.oldest) == (3 * BLOCK, 3 * BLOCK + 1)
    assert blocks.sent_by(0) == 0
    with pytest.raises(AssertionError, match="not in the ring"):
        blocks.views(3 * BLOCK, 3 * BLOCK)


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_run_goes_on_for_as_long_as_its_senders_k_does(one_by_one: bool) -> None:
    """Another sender, or a gap in k, begins another; it never reaches over the end of a block."""
    blocks = Blocks(CAPACITY, 0)
    batches = [(1, 1, 2), (1, 3, 2), (1, 9, 1), (0, 1, BLOCK - 4)]
    for sender, k, count in batches:
        if one_by_one:
            for at in range(count):
                blocks.append_one(sender, k + at, 7)
        else:
            blocks.append(sender, k, bytes(8 * count))
    runs, _ = blocks.read(1, blocks.held)
    assert runs == [(1, 1, 1, 4), (5, 1, 9, 1), (6, 0, 1, BLOCK - 5), (BLOCK + 1, 0, BLOCK - 4, 1)]


def test_runs_are_cut_to_what_is_read() -> None:
    """In the midst of a run its k goes along."""
    blocks, plain = filled(BLOCK + 100)
    for first, last in [(1, 1), (10, 20), (BLOCK, BLOCK + 1), (BLOCK + 1, BLOCK + 100)]:
        assert blocks.read(first, last) == plain.read(first, last)
    assert blocks.read(10, 20)[0] == [(10, 2, 10, 11)]


def test_several_batches_are_held_as_one_after_the_other() -> None:
    """Their numbers are in one buffer; no batch, no entry."""
    together, single = Blocks(CAPACITY, 0), Blocks(CAPACITY, 0)
    numbers = numbers_of(random.Random(3), 30)
    together.append_batches([(0, 1, 10), (1, 1, 0), (1, 1, 20)], numbers)
    together.append_batches([], b"")
    single.append(0, 1, numbers[:10])
    single.append(1, 1, numbers[10:])
    assert together.read(1, 30) == single.read(1, 30)
    assert [together.sent_by(sender) for sender in (0, 1, 2)] == [10, 20, 0]


def test_batches_whose_numbers_are_too_few_are_our_own_bug() -> None:
    blocks = Blocks(CAPACITY, 0)
    with pytest.raises(AssertionError, match="3 entries, but 16 bytes"):
        blocks.append_batches([(0, 1, 3)], bytes(16))
    assert blocks.held == 0


@pytest.mark.parametrize("given", [bytes(8), bytearray(8), np.zeros(1, dtype=np.uint64)])
def test_numbers_come_in_any_form_and_none_at_all_is_empty(
    given: bytes | bytearray | np.ndarray,
) -> None:
    assert bytes_of(given) == bytes(8)
    assert bytes_of(given[:0]) == b""


def test_what_is_seen_is_the_memory_itself() -> None:
    """One view of it, or two at the wrap."""
    last = 2 * BLOCK
    blocks, plain = filled(last - 3, last)
    assert len(blocks.views(1, last - 3)) == 1
    blocks.limit += BLOCK  # as the log does once a block is folded
    more = numbers_of(random.Random(9), 8)
    blocks.append(2, plain.add(2, more), more)
    assert len(blocks.views(last - 2, last)) == 1
    one, other = blocks.views(last, last + 5)
    assert (len(one), len(other)) == (8, 40)
    assert bytes(one) + bytes(other) == plain.read(last, last + 5)[1]


def test_what_was_overwritten_is_gone_by_whole_blocks() -> None:
    """One entry more than there is room for takes the oldest block, and no other."""
    blocks, plain = filled(2 * BLOCK, 2 * BLOCK)
    blocks.limit += BLOCK
    assert blocks.oldest == 1
    blocks.append_one(2, plain.add(2, numbers_of(random.Random(9), 1)), plain.entries[-1][2])
    assert blocks.oldest == BLOCK + 1
    assert blocks.read(BLOCK + 1, blocks.held) == plain.read(BLOCK + 1, blocks.held)
    with pytest.raises(AssertionError, match=f"entry {BLOCK} is not in the ring"):
        blocks.read(BLOCK, BLOCK)


def test_nothing_that_the_limit_protects_is_overwritten() -> None:
    """Full is full, by one entry, by a batch and by several."""
    blocks, _ = filled(BLOCK, BLOCK)
    before = blocks.read(1, BLOCK)
    with pytest.raises(AssertionError, match="no room"):
        blocks.append_one(0, 1, 7)
    with pytest.raises(AssertionError, match="no room"):
        blocks.append(0, 1, bytes(8))
    with pytest.raises(AssertionError, match="no room"):
        blocks.append_batches([(0, 1, 1)], bytes(8))
    assert blocks.read(1, BLOCK) == before


def test_what_is_neither_held_nor_ahead_cannot_be_seen() -> None:
    blocks, _ = filled(10)
    with pytest.raises(AssertionError, match="neither held nor ahead"):
        blocks.views(10, 11)


def test_a_senders_entries_are_counted() -> None:
    """So that its next k is known."""
    blocks = Blocks(CAPACITY, 0)
    for k in range(1, BLOCK + 1):
        blocks.append_one(0, k, 7)
        blocks.append_one(1, k, 7)
    assert [blocks.sent_by(sender) for sender in range(3)] == [BLOCK, BLOCK, 0]
