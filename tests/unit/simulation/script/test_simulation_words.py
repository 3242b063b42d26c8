"""Names and patterns of scenarios (simulation.script.words)."""

import pytest

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.simulation.script.words import matches, name_of, node_of, renamed, words_of


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (SlaveId(0, 1), "A"),
        (SlaveId(2, 2), "C2"),
        (MasterId(0, 1), "L"),
        (MasterId(1, 3), "M3"),
    ],
)
def test_a_name_means_one_node(node: NodeId, name: str) -> None:
    assert name_of(node) == name
    assert node_of(name) == node


def test_a_line_is_renamed_wherever_a_node_stands() -> None:
    """The sender of a wagon is a slave as well; what only looks like one is left."""
    assert renamed("s1-1 <- m0-2 DATA [s2 k=4 x1]") == "B <- L2 DATA [C k=4 x1]"
    assert renamed("phase=s1 tens-1") == "phase=s1 tens-1"
    assert renamed("entry 4 (s2's draw 2), which s0 sent") == "entry 4 (C's draw 2), which A sent"


def test_a_pattern_is_words_in_order() -> None:
    line = "A > B DATA view=1 turn=2 [C k=1 x1, A k=2 x1]"
    assert matches(words_of("A B [C k=1]"), line)
    assert matches(words_of("DATA turn=2"), line)
    assert not matches(words_of("B A DATA"), line)
    assert not matches(words_of("DAT"), line)
