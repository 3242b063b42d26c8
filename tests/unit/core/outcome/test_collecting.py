"""What a leader collects: nothing that was delivered is lost, nothing complete replaced (G10)."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from made_results import by_node, result, stopped

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.outcome.collecting import DRAFT, Collected
from ringrun.core.outcome.verdict import judge
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.report import EpochReport, FailureKind, FailureReport, ViewReport
from ringrun.spec import default_run

A, B, C = SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)


def collected(epoch: int = 2, *, rules: Rules = ALL_RULES) -> Collected:
    """A leader's, which has read that there is no report yet."""
    made = Collected(epoch, rules)
    made.report_seen(0, None)
    return made


def test_a_result_is_stored_only_once_a_draft_with_it_was_written() -> None:
    """What came while the write was under way is in the next one."""
    mine = collected()
    mine.add(result(0, "ab"))
    document = mine.draft()
    assert document["kind"] == DRAFT
    mine.add(result(1, "ab"))
    assert mine.stored == set()
    mine.report_saved(1)
    assert mine.stored == {A}
    assert mine.dirty
    mine.draft()
    mine.report_saved(2)
    assert mine.stored == {A, B}
    assert not mine.dirty


def test_a_write_of_unknown_outcome_stores_nothing() -> None:
    """It is read first, then written again with everything."""
    mine = collected()
    mine.add(result(0, "ab"))
    mine.draft()
    mine.report_lost()
    assert mine.stored == set()
    assert mine.version is None
    mine.report_seen(0, None)
    assert [each["ordinal"] for each in mine.draft()["results"]] == [0]


def test_a_later_leader_keeps_every_result_of_the_draft() -> None:
    """C's result is stored, C exits, the leader dies: the next report still has it."""
    before = collected(1)
    before.add(result(2, "abc"))
    document = before.draft()
    after = collected(2)
    after.add(result(0, "abc"))
    after.report_seen(1, document)
    assert set(after.results) == {A, C}
    assert after.stored == {C}
    assert [each["ordinal"] for each in after.draft()["results"]] == [0, 2]


def test_switched_off_a_later_report_has_only_what_it_heard_itself() -> None:
    """What the rule `report_keeps_results` is there for."""
    before = collected(1)
    before.add(result(2, "abc"))
    after = collected(2, rules=Rules(report_keeps_results=False))
    after.report_seen(1, before.draft())
    assert after.results == {}


def test_the_first_result_of_a_slave_stays() -> None:
    """After its result a slave only repeats it; a second one would be a lie."""
    mine = collected()
    mine.add(result(0, "ab"))
    mine.dirty = False
    mine.add(result(0, "abc"))
    assert not mine.dirty, "there is nothing new to write"
    assert mine.results[A].count == 2
    other = collected(3)
    other.add(result(0, "abc"))
    mine.report_seen(1, other.draft() | {"epoch": 1})
    assert mine.results[A].count == 2


def test_a_report_of_a_higher_epoch_overtakes() -> None:
    """Whoever reads it stops leading; nothing of it is taken over."""
    newer = collected(5)
    newer.add(result(0, "abc"))
    older = collected(2)
    older.report_seen(1, newer.draft())
    assert older.overtaken
    assert older.results == {}


def test_a_complete_report_ends_the_collecting() -> None:
    """Of whatever epoch: nothing replaces it."""
    for epoch in (1, 9):
        mine = collected()
        mine.report_seen(4, {"complete": True, "epoch": epoch})
        assert mine.complete
        assert not mine.overtaken


def test_history_is_carried_on_and_not_doubled() -> None:
    """Views and epochs by number, failures by kind and node, the skew as first measured."""
    before = collected(1)
    lost = FailureReport(at=1.0, kind=FailureKind.SLAVE_LOST, node="s1-1", cause="killed", view=1)
    before.views[1] = ViewReport(number=1, members=(0, 1), incarnations=(1, 1), at=0.0, cut=0)
    before.epochs[1] = EpochReport(number=1, holder="m0-1", at=0.0)
    before.start_skew = 0.5
    before.fail(lost)
    before.fail(msgspec.structs.replace(lost, at=2.0))
    after = collected(2)
    after.epochs[2] = EpochReport(number=2, holder="m1-1", at=3.0)
    after.fail(msgspec.structs.replace(lost, at=3.0))
    after.fail(msgspec.structs.replace(lost, node="s0-1"))
    after.report_seen(1, before.draft())
    document = after.draft()
    assert [each["number"] for each in document["views"]] == [1]
    assert [each["holder"] for each in document["epochs"]] == ["m0-1", "m1-1"]
    assert sorted(each["node"] for each in document["failures"]) == ["s0-1", "s1-1"]
    assert document["start_skew"] == 0.5


# How long SEND was.

SPEC = replace(default_run(), send=30.0)
STOP = Reason(Why.INTERRUPTED)


def sent(ordinal: int, seconds: float, incarnation: int = 1) -> Result:
    """A result of three messages, by a slave that was in SEND for so long."""
    made = result(ordinal, "abc", incarnation=incarnation)
    return msgspec.structs.replace(made, send_seconds=seconds)


def reported(record: Record, *results: Result, sent_for: float | None = None) -> dict[str, Any]:
    """The report of these results."""
    mine = collected()
    for each in results:
        mine.add(each)
    return mine.report(SPEC, record, judge(record, by_node(*results)), sent_for)


@pytest.mark.parametrize("sent_for", [None, 1.0, 40.0])
def test_a_run_that_came_to_its_end_had_the_send_that_was_planned(sent_for: float | None) -> None:
    """Whatever a clock made of it: rates of runs are compared by it."""
    report = reported(stopped("abc", A, B), sent(0, 30.2), sent(1, 29.9), sent_for=sent_for)
    assert (report["sendSeconds"], report["rate"]) == (30.0, 3 / 30.0)


@pytest.mark.parametrize(
    ("results", "sent_for", "seconds"),
    [
        ((sent(0, 1.5), sent(1, 1.25)), None, 1.5),
        # Who took the lead over in STOP counts too long.
        ((sent(0, 1.5), sent(1, 1.25)), 9.0, 1.5),
        # Nobody of the last view was there from the beginning.
        ((sent(0, 1.0, 2), sent(1, 2.0, 2)), 21.0, 21.0),
        ((sent(0, 1.0, 2), sent(1, 2.0, 2)), None, 2.0),
        ((), 12.0, 12.0),
        # Stopped in GRACE.
        ((sent(0, 30.4), sent(1, 30.1)), 33.0, 30.0),
        ((), 33.0, 30.0),
        # Nobody knows: rather too slow than too fast.
        ((), None, 30.0),
        ((sent(0, 0.0),), None, 30.0),
    ],
)
def test_of_a_run_that_was_stopped_the_send_that_was_counts(
    results: tuple[Result, ...], sent_for: float | None, seconds: float
) -> None:
    """By who was there from its beginning to its end; else by the longest that anybody knows."""
    nodes = [each.node for each in results] or [A, B]
    report = reported(stopped("abc", *nodes, reason=STOP), *results, sent_for=sent_for)
    assert report["sendSeconds"] == seconds
    assert report["rate"] == report["count"] / seconds


def test_who_was_left_out_before_did_not_see_the_end_of_send() -> None:
    """Though it was there from the beginning."""
    record = stopped("abc", A, B, reason=STOP)
    report = reported(record, sent(0, 20.0, 2), sent(2, 3.0), sent_for=24.0)
    assert report["sendSeconds"] == 24.0


def test_a_run_that_never_began_had_none() -> None:
    """And no rate; there is nothing to divide by."""
    report = reported(Record(stop_reason=STOP))
    assert (report["sendSeconds"], report["rate"], report["count"]) == (0.0, 0.0, 0)
