"""The journal's bytes, read back here by the format alone (docs/journal.md)."""

import json
import os
from pathlib import Path
from struct import Struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.notes import Note
from ringrun.runtime.journal import MAGIC, Journal, clock_name, encode, file_name

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


def test_a_file_holds_what_was_written_at_once(tmp_path: Path) -> None:
    """Nothing waits in a buffer: a kill after `write` cannot hide the notes."""
    path = tmp_path / file_name("s0-1")
    assert path.name == "s0-1.journal"
    journal = Journal(path, {"node": "s0-1"})
    journal.write([(Note.APPROVED, 1, 5, 0), (Note.APPROVED, 1, 6, 0)], 3.0)
    data = path.read_bytes()
    journal.close()
    journal.close()
    assert data.startswith(MAGIC)
    (meta, _, document), *rest = records_of(data[len(MAGIC) :])
    assert meta == Note.META
    assert json.loads(document) == {"node": "s0-1"}
    assert [time for _, time, _ in rest] == [3.0, 3.0]


def test_a_journal_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    """It is the evidence of another run."""
    path = tmp_path / "s0-1.journal"
    path.write_bytes(b"evidence")
    with pytest.raises(FileExistsError):
        Journal(path, {})
    assert path.read_bytes() == b"evidence"


def test_a_disk_that_takes_nothing_is_reported() -> None:
    """What follows from notes that are not kept must not leave, so the error is the caller's."""
    journal = Journal.__new__(Journal)
    journal._descriptor = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OSError, match="No space left"):
        journal.write([(Note.APPROVED, 1, 5, 0)], 0.0)
    journal.close()


def test_the_clock_has_one_name_for_all_processes_of_a_boot() -> None:
    """Two readings agree, so that journals of one machine are compared in time."""
    assert clock_name() == clock_name()
