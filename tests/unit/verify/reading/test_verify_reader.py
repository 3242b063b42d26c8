"""What is a journal, and what of it can be trusted."""

from struct import Struct
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.journal_bytes import MAGIC, WITHHELD, Encoder
from ringrun.core.notes import Note
from ringrun.verify.reading.reader import Kind, read

HEADER = Struct("<IBd")


def record(kind: int, payload: bytes) -> bytes:
    """One record as the format has it, without its check."""
    return HEADER.pack(len(payload), kind, 0.0) + payload


def checked(*records: bytes, magic: bytes = MAGIC) -> bytes:
    """A journal of these records, each with the right check."""
    data, check = magic, crc32(magic)
    for each in records:
        check = crc32(each, check)
        data += each + check.to_bytes(4, "little")
    return data


META = record(Note.META, b'{"seed":1}')


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        (b"", "is empty"),
        (b"something else", "is damaged at byte 0: it does not begin as a journal does"),
        (MAGIC[:7], "is cut at byte 7"),
        (MAGIC.replace(b"2", b"3") + META, "is damaged at byte 0: it does not begin as a journal"),
    ],
)
def test_what_is_no_journal_says_so(data: bytes, damage: str) -> None:
    """Nothing of it is used, and it accuses nobody."""
    journal = read("s0-1", data)
    assert journal.damage.startswith(damage)
    assert (journal.version, journal.meta, journal.documents) == (0, {}, ())


@pytest.mark.parametrize(
    ("misfit", "reason"),
    [
        (record(0x63, b"x"), "there is no kind 99"),
        (record(Note.VIEW, b"{]"), "malformed"),
        (record(Note.VIEW, b"[]"), "not an object"),
        (record(Note.VIEW, b"{}"), "missing required field `number`"),
        (record(Note.BASE, b"{}"), "missing required field `count`"),
        (record(Note.PHASE, b"{}"), "missing required field `phase`"),
        (record(Note.PHASE, b'{"phase":"LATER"}'), "Invalid enum value"),
        (record(Note.META, b'{"seed":18446744073709551616}'), "does not fit in 64 bits"),
        (record(Note.CHECKPOINT, b"xx"), "requires a buffer of 40 bytes"),
        (record(Note.APPROVED, b"xx"), "an approval does not have 13 bytes"),
        (record(Note.HELD, b"xx"), "not as long as its count says"),
        (record(Note.HELD, bytes(28)), "not as long as its count says"),
        (record(Note.HELD | WITHHELD, bytes(31)), "not as long as its count says"),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_a_record_that_no_node_wrote_is_damage(misfit: bytes, reason: str, version: int) -> None:
    """In both versions what lies before it is read, and nothing behind it."""
    approved = record(Note.APPROVED, bytes(13))
    if version == 1:
        data = b"RINGRUN-JOURNAL 1\n" + META + approved + misfit + approved
        place = 18 + len(META + approved)
        reason = reason if misfit[4] < WITHHELD else "there is no kind"
    else:
        data = checked(META, approved, misfit, approved)
        place = 18 + len(META + approved) + 8
    journal = read("s0-1", data)
    assert journal.damage.startswith(f"is damaged at byte {place} (record 3): ")
    assert reason in journal.damage
    assert (journal.version, journal.meta) == (version, {"seed": 1})
    assert len(journal.approvals) == 1


@pytest.mark.parametrize("at", range(18, 100))
def test_a_byte_that_changed_is_found_at_its_record(at: int) -> None:
    """From version 2 on; and what comes behind it is not trusted either."""
    records = [META, *(record(Note.APPROVED, bytes([n] * 13)) for n in range(3))]
    data = bytearray(checked(*records))
    data[at] ^= 0x10
    starts = [18 + sum(len(each) + 4 for each in records[:n]) for n in range(4)]
    hit = max(n for n in range(4) if starts[n] <= at)
    journal = read("s0-1", bytes(data))
    assert f"byte {starts[hit]} (record {hit + 1})" in journal.damage
    assert len(journal.approvals) == max(0, hit - 1)


def test_an_orderly_end_is_the_last_record() -> None:
    """Whoever wrote on after it, or was cut behind it, did not end there."""
    end = record(Note.END, b'{"code":0}')
    assert read("s0-1", checked(META, end)).ended
    assert not read("s0-1", checked(META)).ended
    assert not read("s0-1", checked(META, end, record(Note.PHASE, b'{"phase":"SEND"}'))).ended
    assert not read("s0-1", checked(META, end) + b"x").ended


def test_a_journal_is_read_as_columns() -> None:
    """Entries, approvals, checkpoints and documents, each with its place in the journal."""
    data = MAGIC + Encoder().encode(
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
    assert journal.damage == ""
    assert not journal.ended
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
    encoder = Encoder()
    records = [encoder.encode([(Note.APPROVED, 1, up_to, 0)], 1.0) for up_to in range(1, 7)]
    whole = MAGIC + b"".join(records)
    data = whole[:cut]
    journal = read("s0-1", data)
    count = max(0, len(data) - len(MAGIC)) // len(records[0])
    assert journal.approvals.up_to.tolist() == list(range(1, count + 1))
    assert bool(journal.damage) == (len(data) != len(MAGIC) + count * len(records[0]))
