"""The report without a master keeps what the last leader had written down (core.supervisor)."""

from typing import Any

from made_results import members, result

from ringrun.core.node import SlaveId
from ringrun.core.orders import Cause, Orders
from ringrun.core.outcome.collecting import Collected
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.rules import ALL_RULES
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.spec import default_run

SPEC = default_run([])
LOST = Reason(Why.RECORD_LOST, "it is gone")
ALONE = Reason(Why.NO_MASTER, "m0-1: killed")
SEND = Record(
    version=7,
    epoch=1,
    holder="m0-1",
    view=1,
    members=members(SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)),
    phase=Phase.SEND,
)
"""What the last leader recorded; nobody was left to record the end of SEND."""


def draft() -> dict[str, Any]:
    """Of the leader of epoch 1, who had one result."""
    collected = Collected(1, ALL_RULES)
    collected.add(result(2, "abc"))
    return collected.draft()


def test_without_a_record_the_draft_still_counts() -> None:
    """Its results are on no disk any more, maybe (G10); and the epoch is the draft's."""
    report = orphaned_report(SPEC, Record(), Orders(), draft(), (), LOST)
    assert [slave["ordinal"] for slave in report["slaves"]] == [2]
    assert (report["verdict"], report["epoch"]) == ("Failed", 1)
    assert report["reason"] == "RecordLost: it is gone"


def test_with_nothing_left_it_says_why() -> None:
    """Failed, complete, and in nobody's name."""
    report = orphaned_report(SPEC, Record(phase=Phase.START), Orders(), None, (), LOST)
    assert (report["verdict"], report["complete"], report["slaves"]) == ("Failed", True, [])


def report_of(*logs: str, **orders: Any) -> dict[str, Any]:
    """Slave 0's result is in the orders, slave 1's was found, slave 2's is in the draft."""
    ended, found = (
        result(ordinal, log, final=False, cuts=(1,)) for ordinal, log in enumerate(logs)
    )
    ordered = Orders(results=(ended,), **orders)
    return orphaned_report(SPEC, SEND, ordered, draft(), [found], ALONE)


def test_all_results_that_there_are_anywhere_are_told_and_may_agree() -> None:
    """By the leader's table: members are those of the last view that was recorded (G10, G11)."""
    report = report_of("abc", "abc")
    assert [(slave["ordinal"], slave["count"]) for slave in report["slaves"]] == [
        (0, 3),
        (1, 3),
        (2, 3),
    ]
    assert (report["verdict"], report["count"], report["closed"]) == ("Agreed", 3, False)
    assert "NoMasterLeft" not in report["reason"]


def test_what_is_short_of_agreement_is_told_with_why_no_leader_told_it() -> None:
    """Both: either alone would be half of what happened."""
    report = report_of("abc", "ab")
    assert report["verdict"] == "Partial"
    assert report["reason"].startswith("ResultsDiffer: ")
    assert report["reason"].endswith("; NoMasterLeft: m0-1: killed")


def test_a_stop_that_was_ordered_and_never_recorded_is_no_praise() -> None:
    """Though the results agree (G11)."""
    report = report_of("abc", "abc", stop_reason=Reason(Why.ABORTED))
    assert report["verdict"] == "Failed"
    assert report["reason"].startswith("Aborted: ")


def test_who_was_lost_is_told_with_the_cause_that_the_supervisor_saw() -> None:
    """Nobody led who could have said so."""
    report = report_of("abc", "abc", causes=(Cause(1, 1, "killed by SIGKILL"),))
    [lost] = report["failures"]
    assert (lost["kind"], lost["node"], lost["cause"]) == (
        "SlaveLost",
        "s1-1",
        "killed by SIGKILL",
    )
