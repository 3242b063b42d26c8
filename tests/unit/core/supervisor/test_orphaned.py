"""The report without a master keeps what the last leader had written down (core.supervisor)."""

from typing import Any

from made_results import result

from ringrun.core.orders import Orders
from ringrun.core.outcome.collecting import Collected
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.rules import ALL_RULES
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.spec import default_run

SPEC = default_run([])
LOST = Reason(Why.RECORD_LOST, "it is gone")


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
