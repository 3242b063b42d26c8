"""Identity: names are read in one place, and a slave is never taken for a master (core.node)."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.node import MasterId, NodeId, SlaveId, parse

NUMBERS = st.integers(0, 10**9 - 1)
STARTS = st.integers(1, 10**9 - 1)
NODES = st.builds(SlaveId, NUMBERS, STARTS) | st.builds(MasterId, NUMBERS, STARTS)


@given(node=NODES)
def test_a_name_is_read_back_as_the_node_it_names(node: NodeId) -> None:
    """Slave or master."""
    assert parse(str(node)) == node


@pytest.mark.parametrize(
    "name", ["", "s", "m0", "s1-0", "s01-1", "s-1-1", "x0-1", "s0-1 ", "s0-1-1", "s1-1e9", "S0-1"]
)
def test_other_names_are_no_node_s(name: str) -> None:
    """Neither nearly right ones nor those that `int` would take."""
    assert parse(name) is None
    assert MasterId.parse(name) is None


def test_a_slave_s_name_is_no_master_s() -> None:
    """Where a master is wanted."""
    assert MasterId.parse("s0-1") is None
    assert MasterId.parse("m3-2") == MasterId(3, 2)


def test_a_slave_and_a_master_of_the_same_numbers_are_two() -> None:
    """Also as members of one set, where links are kept."""
    assert SlaveId(0, 1) != MasterId(0, 1)
    assert len({SlaveId(0, 1), MasterId(0, 1)}) == 2


def test_a_slave_travels_as_an_array_of_two_numbers() -> None:
    """As in journals and orders that were written before."""
    assert msgspec.json.encode(SlaveId(2, 3)) == b"[2,3]"
    assert msgspec.json.decode(b"[2,3]", type=SlaveId) == SlaveId(2, 3)
