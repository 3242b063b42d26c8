"""Where a journal's records begin, in both versions, and how far they can be trusted."""

from struct import Struct

import pytest

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note
from ringrun.verify.reading.records import place_of, scan

HEADER = Struct("<IBd")
OLD = b"RINGRUN-JOURNAL 1\n"


def new_journal(count: int) -> tuple[bytes, list[int]]:
    """A journal of version 2 with so many approvals, and where each begins."""
    encoder, data, places = Encoder(), MAGIC, []
    for up_to in range(count):
        places.append(len(data))
        data += encoder.encode([(Note.APPROVED, 1, up_to, 0)], 1.0)
    return data, places


@pytest.mark.parametrize("count", [0, 1, 5])
def test_whole_records_are_all_found(count: int) -> None:
    """With nothing to complain of."""
    data, places = new_journal(count)
    records = scan(memoryview(data))
    assert (records.version, records.places.tolist(), records.damage) == (2, places, "")
    assert list(records.kinds) == [Note.APPROVED] * count


def test_version_1_has_no_checks() -> None:
    """Its records lie one behind the other, and a change within one is not seen."""
    data = OLD + (HEADER.pack(3, 5, 1.0) + b"abc") * 3
    assert scan(memoryview(data)).places.tolist() == [18, 34, 50]
    assert scan(memoryview(data[:-1])).damage == "is cut at byte 50 (record 3)"
    changed = data[:-1] + b"x"
    assert scan(memoryview(changed)).damage == ""


@pytest.mark.parametrize("left", range(1, 17))
def test_the_rest_of_a_record_is_damage(left: int) -> None:
    """Whether it was cut off or its length changed cannot be told."""
    data, places = new_journal(3)
    records = scan(memoryview(data[: places[2] + left]))
    assert records.places.tolist() == places[:2]
    assert records.damage == (f"is cut or damaged at byte {places[2]} (record 3)")


def test_a_length_that_reaches_too_far_is_damage() -> None:
    """As far as the end, or beyond all that there could be."""
    data, places = new_journal(3)
    for length in (60, 2**32 - 1):
        spoilt = data[: places[1]] + length.to_bytes(4, "little") + data[places[1] + 4 :]
        records = scan(memoryview(spoilt))
        assert records.places.tolist() == places[:1]
        assert f"byte {places[1]} (record 2)" in records.damage


def test_one_byte_never_makes_one_version_of_another() -> None:
    """Their first lines differ in more than one place."""
    assert sum(one != two for one, two in zip(OLD, MAGIC, strict=True)) > 1


def test_places_are_told_as_people_count() -> None:
    """The first record is number 1."""
    assert place_of(0, 18) == "byte 18 (record 1)"
    assert place_of(1233, 56789) == "byte 56,789 (record 1,234)"
