"""The binary form of data frames: nothing that does not fit is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.errors import ProtocolError
from ringrun.core.ring.frame import HEADER, MAX_INDEX, ONE, WAGON, Kind, wagons_of

wagons = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(1, MAX_INDEX - 1), st.integers(1, 5)),
    max_size=5,
)


def frame_of(table: list[tuple[int, int, int]], numbers: bytes) -> memoryview:
    """A frame with these wagons."""
    head = HEADER.pack(Kind.TRAIN, len(table), 1, 2, 3, 4, 5)
    return memoryview(head + b"".join(WAGON.pack(*wagon) for wagon in table) + numbers)


@given(wagons)
def test_wagons_come_back_as_they_were_packed(table: list[tuple[int, int, int]]) -> None:
    """With the numbers behind them, and how many those are."""
    total = sum(length for _, _, length in table)
    numbers = bytes(range(8)) * total
    assert wagons_of(frame_of(table, numbers), len(table)) == (table, numbers, total)


@given(wagons, st.integers(-9, 9).filter(bool))
def test_a_frame_of_another_length_is_refused(table: list[tuple[int, int, int]], off: int) -> None:
    """Too short by a byte or too long by one."""
    total = sum(length for _, _, length in table)
    frame = frame_of(table, bytes(8 * total + 16))
    size = len(frame) - 16 + off
    with pytest.raises(ProtocolError, match="need"):
        wagons_of(frame[: min(size, len(frame))], len(table))


@pytest.mark.parametrize("wagon", [(0, 1, 0), (0, 0, 1), (0, MAX_INDEX, 1), (0, 2**64 - 1, 1)])
def test_an_absurd_wagon_is_refused(wagon: tuple[int, int, int]) -> None:
    """No entries, draw 0, or a draw that no run can reach."""
    with pytest.raises(ProtocolError):
        wagons_of(frame_of([wagon], bytes(8 * wagon[2])), 1)


def test_more_wagons_than_bytes_are_refused() -> None:
    """The header may claim 65,535 of them."""
    with pytest.raises(ProtocolError, match="65535 wagons"):
        wagons_of(frame_of([(0, 1, 1)], bytes(8)), 65535)


def test_the_short_form_of_one_entry_is_the_general_form() -> None:
    """Lockstep packs a message at once; anyone may read it wagon by wagon."""
    frame = memoryview(ONE.pack(Kind.MESSAGE, 1, 2, 3, 4, 5, 6, 7, 8, 1, 9))
    assert HEADER.unpack_from(frame) == (Kind.MESSAGE, 1, 2, 3, 4, 5, 6)
    table, numbers, total = wagons_of(frame, 1)
    assert (table, bytes(numbers), total) == ([(7, 8, 1)], (9).to_bytes(8, "little"), 1)
