"""What is a journal, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.journal_bytes import MAGIC, encode
from ringrun.core.notes import Note
from ringrun.verify import UnreadableError, check
from ringrun.verify.reading.reader import Kind, read


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"something else", "does not begin with its magic line"),
        (MAGIC + b"\x01\x00\x00\x00\x63" + bytes(8) + b"x", "there is no kind 99"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"{]", "record 0 at byte 18"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"[]", "not an object"),
        (MAGIC + b"\x02\x00\x00\x00\x05" + bytes(8) + b"xx", "an approval does not have 13"),
        (MAGIC + b"\x02\x00\x00\x00\x02" + bytes(8) + b"xx", "entries is too short"),
        (MAGIC + b"\x1c\x00\x00\x00\x02" + bytes(36), "not as long as its count says"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"{}", "a VIEW record lacks"),
        (MAGIC + b"\x02\x00\x00\x00\x07" + bytes(8) + b"{}", "a BASE record is not"),
        (MAGIC + b"\x02\x00\x00\x00\x09" + bytes(8) + b"{}", "a PHASE record lacks phase"),
    ],
)
def test_what_is_no_journal_is_refused(data: bytes, reason: str) -> None:
    """Bytes that no node of ours wrote are an error of their own, never a broken promise."""
    with pytest.raises(UnreadableError, match=reason):
        check({"s0-1": data}, None, same_clock=True)


def test_a_journal_is_read_as_columns() -> None:
    """Entries, approvals, checkpoints and documents, each with its place in the journal."""
    data = MAGIC + encode(
        [
            (Note.META, {"clock": "boot"}),
            (Note.ISSUED, 1, 1, 0, 1, 1, 11),
            (Note.HELD, 1, 2, 3, 1, 2, np.array([22, 33], dtype=np.uint64)),
            (Note.APPROVED, 1, 3, 0),
            (Note.CHECKPOINT, 1, bytes(range(32))),
            (Note.PHASE, {"phase": "SEND"}),
        ],
        2.5,
    )
    journal = read("s0-1", data)
    entries, approvals = journal.entries, journal.approvals
    assert journal.clock == "boot"
    assert not journal.cut_off
    assert entries.kind.tolist() == [Kind.ISSUED, Kind.HELD]
    assert entries.place.tolist() == [1, 2]
    assert entries.first.tolist() == [1, 2]
    assert entries.sender.tolist() == [0, 3]
    assert entries.count.tolist() == [1, 2]
    assert entries.time.tolist() == [2.5, 2.5]
    at = [*entries.at.tolist(), entries.at[1] + 8]
    assert journal.numbers[at].tolist() == [11, 22, 33]
    assert (approvals.place.tolist(), approvals.up_to.tolist()) == ([3], [3])
    assert journal.checkpoints == ((1, bytes(range(32))),)
    assert [(document.place, document.kind) for document in journal.documents] == [
        (0, Kind.META),
        (5, Kind.PHASE),
    ]
    assert journal.of(Kind.PHASE)[0].values == {"phase": "SEND"}


@given(cut=st.integers(0, 200))
def test_what_is_cut_off_is_read_up_to_its_last_whole_record(cut: int) -> None:
    """At whatever byte: no error, and nothing of the torn record."""
    records = [encode([(Note.APPROVED, 1, up_to, 0)], 1.0) for up_to in range(1, 7)]
    whole = MAGIC + b"".join(records)
    data = whole[:cut]
    journal = read("s0-1", data)
    count = max(0, len(data) - len(MAGIC)) // len(records[0])
    assert journal.approvals.up_to.tolist() == list(range(1, count + 1))
    assert journal.cut_off == (len(data) != len(MAGIC) + count * len(records[0]))
