"""What is missing of the evidence, and which promises that leaves open."""

from itertools import product

import pytest
from journalled_run import eventful_run

from ringrun.verify.evidence import MASTERS, REPORT, SLAVES, Evidence, nodes_told
from ringrun.verify.promise import Promise
from ringrun.verify.reading.reader import read


def test_a_gap_opens_the_promises_that_it_could_tell_of() -> None:
    """A slave's all but G12, a master's those of the record, the report's its own."""
    opened = {}
    for node in ("s2-1", "m0-1", "report"):
        evidence = Evidence()
        evidence.lacks(node, "it is not there")
        opened[node] = [str(each) for each in Promise if evidence.of(each)]
    assert opened == {
        "s2-1": ["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G11"],
        "m0-1": ["G3", "G6", "G7", "G8", "G12"],
        "report": ["G8", "G11"],
    }


def test_lacking_is_asked_of_a_node_or_of_a_kind() -> None:
    """A finding rests on one journal, or on all of a kind."""
    evidence = Evidence()
    evidence.lacks("s2-1", "gone")
    asked = ("s2-1", "s1-1", SLAVES, MASTERS, REPORT)
    assert [evidence.lacking(each) for each in asked] == [True, False, True, False, False]


def test_a_gap_is_said_once() -> None:
    """Two of one node are two; the same twice is one."""
    evidence = Evidence()
    for what in ("a", "b", "a"):
        evidence.lacks("s0-1", what, " in full")
    assert [gap.text for gap in evidence.of(Promise.DRAIN)] == ["a in full", "b in full"]


@pytest.mark.parametrize(("ended", "lost", "noted"), list(product([True, False], repeat=3)))
def test_a_journal_is_whole_by_its_length_or_by_its_end(
    ended: bool, lost: bool, noted: bool
) -> None:
    """By the noted length alone if there is one; else it ended in order, or its loss is told."""
    run = eventful_run()
    if not ended:
        del run.notes["s0-1"][-1]
    data = run.journals()["s0-1"]
    evidence = Evidence()
    evidence.look_at(
        [read("s0-1", data)],
        {"s0-1": len(data)} if noted else None,
        {"s0-1": len(data)},
        ["s0-1"] if lost else [],
    )
    assert evidence.lacking("s0-1") == (not noted and not ended and not lost)


@pytest.mark.parametrize("change", [-1, 1])
def test_another_length_than_noted_is_a_gap(change: int) -> None:
    """Shorter or longer; a journal of which no length was noted has one only by its end."""
    data = eventful_run().journals()["s0-1"]
    evidence = Evidence()
    evidence.look_at([read("s0-1", data)], {"s0-1": 50}, {"s0-1": 50 + change}, [])
    assert [gap.text for gap in evidence.of(Promise.AGREEMENT)] == [
        "slave 0 (incarnation 1)'s journal is not as long as it was: "
        f"{50 + change} bytes, and 50 when its process had ended"
    ]


def test_whole_evidence_has_no_gaps_of_files() -> None:
    """The simulation's journals are all there is, whatever they look like."""
    evidence = Evidence(whole=True)
    evidence.look_at([read("s0-1", b"")], None, {"s0-1": 0}, [])
    evidence.look_for(["s1-1"], [])
    assert evidence.gaps == {}


def test_only_names_of_nodes_are_looked_for() -> None:
    """A report may name what is none."""
    evidence = Evidence()
    evidence.look_for(["s1-1", "m2-1", "s0-1", "", "view 2", "None"], ["s0-1"])
    assert sorted(evidence.gaps) == ["m2-1", "s1-1"]


def test_a_lost_link_is_no_lost_node() -> None:
    """Its slave lives, and must have an end."""
    report = {
        "slaves": [{"ordinal": 0, "incarnation": 1}],
        "failures": [
            {"kind": "LinkLost", "node": "s1-1"},
            {"kind": "SlaveLost", "node": "s2-1"},
            {"kind": "MasterLost", "node": "m0-1"},
        ],
    }
    assert nodes_told(report) == ({"s0-1", "s2-1", "m0-1"}, {"s2-1", "m0-1"})
    assert nodes_told(None) == (set(), set())
