"""The journal's bytes, read back here by the format alone (docs/journal.md)."""

import json
from struct import Struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.journal_bytes import encode
from ringrun.core.notes import Note

HEADER = Struct("<IBd")
ENTRIES = Struct("<IQIQI")
VIEWS = st.integers(0, 2**32 - 1)
INDICES = st.integers(1, 2**63)
NUMBERS = st.lists(st.integers(1, 2**53), min_size=1, max_size=50)


def records_of(data: bytes) -> list[tuple[int, float, bytes]]:
    """Kind, time and payload of every record; the last one must be whole."""
    records = []
    at = 0
    while at < len(data):
        length, kind, time = HEADER.unpack_from(data, at)
        at += HEADER.size
        assert at + length <= len(data)
        records.append((kind, time, data[at : at + length]))
        at += length
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
    [(kind, time, payload)] = records_of(encode([(Note.HELD, 3, 9, 1, 4, 1, numbers)], 2.5))
    assert (kind, time) == (Note.HELD, 2.5)
    assert payload == ENTRIES.pack(3, 9, 1, 4, 1) + (77).to_bytes(8, "little")


@given(view=VIEWS, first=INDICES, sender=VIEWS, k=INDICES, numbers=NUMBERS)
def test_a_batch_keeps_its_numbers(
    view: int, first: int, sender: int, k: int, numbers: list[int]
) -> None:
    """Whatever the values, a batch reads back as it was noted."""
    array = np.array(numbers, dtype=np.uint64)
    note = (Note.ISSUED, view, first, sender, k, len(numbers), array)
    [(kind, _, payload)] = records_of(encode([note], 0.0))
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
    records = records_of(encode(notes, 1.0))
    assert [kind for kind, _, _ in records] == [Note.PHASE, Note.APPROVED, Note.CHECKPOINT, 8]
    assert json.loads(records[0][2]) == document
    assert records[1][2] == Struct("<IQB").pack(2, 40, 1)
    assert records[2][2] == Struct("<Q32s").pack(7, b"d" * 32)


def test_numbers_that_do_not_fit_their_count_are_our_own_bug() -> None:
    """A batch that lies about its length would make all that follows unreadable."""
    with pytest.raises(AssertionError, match="16 bytes of numbers for 3 entries"):
        encode([(Note.HELD, 1, 1, 0, 1, 3, bytes(16))], 0.0)
