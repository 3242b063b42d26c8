"""The report without a master: what the last leader wrote, the slaves left, and the orders say."""

from typing import Any

from made_results import fold, members, result

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
GONE = Reason(Why.NO_MASTER, "m0-1: killed by SIGKILL")
SENDING = Record(
    epoch=2,
    holder="m1-1",
    view=1,
    members=members(SlaveId(0, 1), SlaveId(1, 1)),
    phase=Phase.SEND,
)


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


def test_results_in_the_orders_and_those_found_beside_them_are_one_report() -> None:
    """All agree, so that nobody need be told that no master was left (G10)."""
    orders = Orders(results=(result(0, "abc"),))
    report = orphaned_report(SPEC, SENDING, orders, None, (result(1, "abc"),), GONE)
    assert [slave["ordinal"] for slave in report["slaves"]] == [0, 1]
    assert (report["verdict"], report["reason"]) == ("Agreed", "Agreed")
    assert report["count"] == fold("abc").count


def test_a_result_counts_wherever_it_was_kept() -> None:
    """Slave 0's is in the orders, slave 1's was found, slave 2's is in the draft (G10)."""
    nodes = members(SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1))
    ended, found = (result(ordinal, "abc", final=False, cuts=(1,)) for ordinal in range(2))
    orders = Orders(results=(ended,))
    report = orphaned_report(SPEC, SENDING.evolve(members=nodes), orders, draft(), [found], GONE)
    assert [(slave["ordinal"], slave["count"]) for slave in report["slaves"]] == [
        (0, 3),
        (1, 3),
        (2, 3),
    ]
    assert (report["verdict"], report["count"], report["closed"]) == ("Agreed", 3, False)


def test_what_falls_short_is_said_before_why_no_master_told_it() -> None:
    """One result is missing, and nobody is left who could still get it."""
    report = orphaned_report(SPEC, SENDING, Orders(), None, (result(0, "abc"),), GONE)
    assert report["verdict"] == "Partial"
    assert report["reason"] == (
        "ResultsMissing: 1 of 2 slaves gave no result; NoMasterLeft: m0-1: killed by SIGKILL"
    )


def test_a_stop_that_was_ordered_and_never_recorded_is_the_reason_and_said_once() -> None:
    """Whatever the results say, the run was not to go on (G11)."""
    stop = Reason(Why.INTERRUPTED)
    orders = Orders(phase=Phase.STOP, stop_reason=stop)
    results = (result(0, "abc"), result(1, "abc"))
    report = orphaned_report(SPEC, SENDING, orders, None, results, stop)
    assert (report["verdict"], report["reason"]) == ("Failed", "Interrupted")


def test_the_send_that_was_is_as_long_as_the_supervisor_saw_it() -> None:
    """Where no slave is left to say so."""
    orders = Orders(phase=Phase.STOP, stop_reason=Reason(Why.INTERRUPTED))
    report = orphaned_report(SPEC, SENDING, orders, None, (), Reason(Why.INTERRUPTED), 0.5)
    assert report["sendSeconds"] == 0.5


def test_who_was_lost_is_told_from_the_orders_and_who_led_last_from_the_record() -> None:
    """A leader that wrote no draft has told neither."""
    orders = Orders(causes=(Cause(1, 1, "killed by SIGKILL"),))
    report = orphaned_report(SPEC, SENDING, orders, None, (), GONE)
    (failure,) = report["failures"]
    assert (failure["node"], failure["cause"]) == ("s1-1", "killed by SIGKILL")
    assert [(each["number"], each["holder"]) for each in report["epochs"]] == [(2, "m1-1")]
