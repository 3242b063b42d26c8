"""Fields at odd places of a journal, taken as arrays."""

import pytest

from ringrun.verify.reading.columns import NO_APPROVALS, NO_ENTRIES, field_at


def test_a_field_is_taken_at_any_byte() -> None:
    """Indexed by where the record begins, with the field's distance from there given once."""
    data = bytes(range(40))
    taken = field_at(memoryview(data), "<u4", 3)[[0, 5, 33]]
    assert taken.tolist() == [int.from_bytes(data[at + 3 : at + 7], "little") for at in (0, 5, 33)]


@pytest.mark.parametrize("size", range(12))
def test_what_is_too_short_has_no_field(size: int) -> None:
    """Not even a part of one."""
    assert len(field_at(memoryview(bytes(size)), "<u8", 3)) == max(0, size - 10)


def test_nothing_has_no_length() -> None:
    """A master's journal has neither entries nor approvals."""
    assert (len(NO_ENTRIES), len(NO_APPROVALS)) == (0, 0)
