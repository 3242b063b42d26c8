"""The record as a value: its versions, who is in it, what the journal keeps (core.record)."""

import json

import pytest

from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import ZERO_DIGEST, FoldValue, Member, Record

MEMBERS = (
    Member(ordinal=0, incarnation=2, host="10.0.0.1", port=7000),
    Member(ordinal=3, incarnation=1, host="10.0.0.4", port=7000),
)


def test_a_change_is_the_next_version_and_leaves_the_old_one_as_it_was() -> None:
    """A store takes the version that follows its own, and no other."""
    before = Record(version=4, epoch=1, holder="m0-1")
    after = before.evolve(holder="", epoch=2)
    assert (after.version, after.epoch, after.holder) == (5, 2, "")
    assert before == Record(version=4, epoch=1, holder="m0-1")


def test_the_same_under_another_version_differs_in_nothing_else() -> None:
    record = Record(version=4, view=2, members=MEMBERS)
    assert record.at(9) == Record(version=9, view=2, members=MEMBERS)


def test_a_field_that_there_is_not_is_our_own_bug() -> None:
    with pytest.raises(TypeError, match="colour"):
        Record().evolve(colour="red")


def test_a_member_is_this_incarnation_and_no_other() -> None:
    """One that was replaced is in no view any more (G12)."""
    record = Record(members=MEMBERS)
    assert record.holds(SlaveId(0, 2))
    assert not record.holds(SlaveId(0, 1))
    assert not record.holds(SlaveId(0, 3))
    assert not record.holds(SlaveId(1, 1))
    assert not Record().holds(SlaveId(0, 1))


def test_the_last_admitted_incarnation_outlives_the_membership() -> None:
    """So that none comes twice (G12); 0 is of an ordinal that no view ever had."""
    record = Record(members=MEMBERS[:1], incarnations=(SlaveId(0, 2), SlaveId(3, 1)))
    assert [record.admitted(ordinal) for ordinal in (0, 1, 3)] == [2, 0, 1]


def test_the_journal_keeps_what_a_checker_can_compare() -> None:
    """Plain values in the words of JSON; addresses, times and the plan are nobody's proof."""
    record = Record(
        version=7,
        epoch=3,
        holder="m1-1",
        renewed=12.5,
        view=2,
        members=MEMBERS,
        cut=40,
        fold=FoldValue(count=40, sum_exact="820", digest="ab" * 32),
        phase=Phase.STOP,
        prepared=(SlaveId(0, 1),),
        send_members=MEMBERS[:1],
        closed=False,
        stop_reason=Reason(Why.ABORTED),
    )
    document = record.as_document()
    assert json.loads(json.dumps(document)) == {
        "version": 7,
        "epoch": 3,
        "holder": "m1-1",
        "view": 2,
        "members": [[0, 2], [3, 1]],
        "cut": 40,
        "count": 40,
        "sumExact": "820",
        "digest": "ab" * 32,
        "phase": Phase.STOP.value,
        "closed": False,
        "stopReason": str(Reason(Why.ABORTED)),
        "sendMembers": [[0, 2]],
        "prepared": [[0, 1]],
    }


def test_before_anything_is_written_there_is_an_empty_record() -> None:
    """Nobody leads, nothing is closed, and no reason is an empty one."""
    document = Record().as_document()
    assert (document["holder"], document["view"], document["phase"]) == ("", 0, Phase.START.value)
    assert (document["closed"], document["stopReason"]) == (None, "")
    assert document["digest"] == ZERO_DIGEST
