"""The journal's bytes, read back here by the format alone (docs/journal.md)."""

import json
from struct import Struct
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.journal_bytes import LEAST_WITHHELD, MAGIC, WITHHELD, Encoder
from ringrun.core.log.entry import Stream
from ringrun.core.notes import Note

HEADER = Struct("<IBd")
CHECK = Struct("<I")
ENTRIES = Struct("<IQIQI")
VIEWS = st.integers(0, 2**32 - 1)
INDICES = st.integers(1, 2**63)
NUMBERS = st.lists(st.integers(1, 2**53), min_size=1, max_size=50)


def records_of(data: bytes) -> list[tuple[int, float, bytes]]:
    """Kind, time and payload of every record; the last one must be whole."""
    records = []
    at, check = 0, crc32(MAGIC)
    while at < len(data):
        length, kind, time = HEADER.unpack_from(data, at)
        end = at + HEADER.size + length
        assert end + CHECK.size <= len(data)
        check = crc32(data[at:end], check)
        assert CHECK.unpack_from(data, end) == (check,)
        records.append((kind, time, data[at + HEADER.size : end]))
        at = end + CHECK.size
    return records


@pytest.mark.parametrize("form", ["int", "bytes", "memoryview", "array"])
def test_one_entry_has_the_same_bytes_in_every_form(form: str) -> None:
    """The core may hand over one number as an integer or as a buffer."""
    array = np.array([77], dtype=np.uint64)
    numbers: Any = {
        "int": 77,
        "bytes": array.tobytes(),
        "memoryview": memoryview(array.tobytes()),
        "array": array,
    }[form]
    [(kind, time, payload)] = records_of(
        Encoder().encode([(Note.HELD, 3, 9, 1, 4, 1, numbers)], 2.5)
    )
    assert (kind, time) == (Note.HELD, 2.5)
    assert payload == ENTRIES.pack(3, 9, 1, 4, 1) + (77).to_bytes(8, "little")


@given(view=VIEWS, first=INDICES, sender=VIEWS, k=INDICES, numbers=NUMBERS)
def test_a_batch_keeps_its_numbers(
    view: int, first: int, sender: int, k: int, numbers: list[int]
) -> None:
    """Whatever the values, a batch reads back as it was noted."""
    array = np.array(numbers, dtype=np.uint64)
    note = (Note.ISSUED, view, first, sender, k, len(numbers), array)
    [(kind, _, payload)] = records_of(Encoder().encode([note], 0.0))
    assert kind == Note.ISSUED
    assert ENTRIES.unpack_from(payload) == (view, first, sender, k, len(numbers))
    assert payload[ENTRIES.size :] == array.tobytes()


def test_every_kind_has_its_payload() -> None:
    """Approvals and checkpoints are packed, all else is JSON; the order of the notes is kept."""
    document = {"phase": "SEND", "elapsed": None}
    notes: list[tuple[Any, ...]] = [
        (Note.PHASE, document),
        (Note.APPROVED, 2, 40, 1),
        (Note.CHECKPOINT, 7, b"d" * 32),
        (Note.WEDGED, {"view": 1}),
    ]
    records = records_of(Encoder().encode(notes, 1.0))
    assert [kind for kind, _, _ in records] == [Note.PHASE, Note.APPROVED, Note.CHECKPOINT, 8]
    assert json.loads(records[0][2]) == document
    assert records[1][2] == Struct("<IQB").pack(2, 40, 1)
    assert records[2][2] == Struct("<Q32s").pack(7, b"d" * 32)


def test_numbers_that_do_not_fit_their_count_are_our_own_bug() -> None:
    """A batch that lies about its length would make all that follows unreadable."""
    with pytest.raises(AssertionError, match="16 bytes of numbers for 3 entries"):
        Encoder().encode([(Note.HELD, 1, 1, 0, 1, 3, bytes(16))], 0.0)


@given(
    seed=st.integers(0, 2**64 - 1),
    sender=st.integers(0, 511),
    k=st.integers(1, 2**40),
    count=st.integers(LEAST_WITHHELD, 300),
)
def test_long_batches_leave_to_the_seed_what_it_gives(
    seed: int, sender: int, k: int, count: int
) -> None:
    """In the place of the numbers is their CRC-32, so that what was there can still be told."""
    numbers = Stream(seed, sender).take(k, count)
    note = (Note.HELD, 1, 5, sender, k, count, numbers)
    [(kind, _, payload)] = records_of(Encoder(seed).encode([note], 0.0))
    assert kind == Note.HELD | WITHHELD
    assert payload == ENTRIES.pack(1, 5, sender, k, count) + CHECK.pack(crc32(numbers.tobytes()))


@pytest.mark.parametrize("spoilt", ["one number", "another draw", "no seed", "short"])
def test_numbers_that_the_seed_does_not_give_are_written_out(spoilt: str) -> None:
    """A wrong number must be seen as it was; and few numbers are not worth a look at the seed."""
    count = LEAST_WITHHELD - 1 if spoilt == "short" else LEAST_WITHHELD
    numbers = Stream(3, 1).take(9, count).copy()
    if spoilt == "one number":
        numbers[-1] ^= np.uint64(1)
    note = (Note.ISSUED, 1, 5, 1, 10 if spoilt == "another draw" else 9, count, numbers)
    encoder = Encoder(None if spoilt == "no seed" else 3)
    [(kind, _, payload)] = records_of(encoder.encode([note], 0.0))
    assert kind == Note.ISSUED
    assert payload[ENTRIES.size :] == numbers.tobytes()


def test_a_lost_doubled_or_moved_record_shows() -> None:
    """Every record's check covers all that is before it, so their order is a part of it."""
    encoder = Encoder()
    one, two, three = (encoder.encode([(Note.APPROVED, 1, at, 0)], 1.0) for at in (1, 2, 3))
    assert len(records_of(one + two + three)) == 3
    for spoilt in (one + three, one + one + two, two + one, one + two + two):
        with pytest.raises(AssertionError):
            records_of(spoilt)
