"""How the objects of a run are called, and back: from a pod's name to its node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun_operator import names

NUMBERS, STARTS = st.integers(0, 511), st.integers(1, 5000)
NODES = st.builds(SlaveId, NUMBERS, STARTS) | st.builds(MasterId, NUMBERS, STARTS)


@given(
    run=st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True),
    other=st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True),
    node=NODES,
)
def test_a_pods_name_says_which_node_it_is(run: str, other: str, node: NodeId) -> None:
    """Names are read back as they were made, fit into a host name, and belong to one run."""
    name = names.pod_name(run, node)
    assert len(name) <= 63
    assert names.pod_node(run, name) == node
    if other != run and not name.startswith(other):
        assert names.pod_node(other, name) is None


@pytest.mark.parametrize(
    "name", ["demo", "demo-s1", "demo-x1-1", "demo-s1-1-1", "demos1-1", "demo-s01-1", ""]
)
def test_what_is_no_pod_of_the_run_is_not_taken_for_one(name: str) -> None:
    """A name that only begins like one is somebody else's."""
    assert names.pod_node("demo", name) is None


def test_of_a_holder_people_know_the_place() -> None:
    """m0 is who leads, whichever start of it that is."""
    assert names.master_place("m0-12") == "m0"
    assert names.master_place("") == ""
    assert names.master_place("somebody") == "somebody"


def test_an_object_without_our_label_is_of_no_run() -> None:
    """Nor is one whose label is no text."""
    assert names.run_of({"labels": names.labels("demo")}) == "demo"
    assert names.run_of({}) == ""
    assert names.run_of({"labels": {names.RUN_LABEL: 1}}) == ""
