"""What a master by hand says at the end, with the leader's report and without one."""

import json
from pathlib import Path
from typing import Any

import pytest
from made_results import result

from ringrun.core.orders import Orders
from ringrun.core.outcome.collecting import Collected
from ringrun.core.outcome.verdict import judge
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.rules import ALL_RULES
from ringrun.exit_codes import ExitCode
from ringrun.local.hand.outcome import HandEnding, put_out, report_of
from ringrun.local.said import exit_code
from ringrun.report import Verdict
from ringrun.report_text import OutputForm
from ringrun.spec import default_run

SPEC = default_run([])
STOPPED = Record(epoch=1, holder="m-0-1", phase=Phase.STOP)


def collected() -> Collected:
    """The leader of epoch 1 had one result."""
    made = Collected(1, ALL_RULES)
    made.add(result(0, "abc"))
    return made


def ending(
    document: dict[str, Any] | None,
    *,
    reason: Reason | None = None,
    orders: Orders | None = None,
    last_words: str = "",
) -> HandEnding:
    return HandEnding(
        document=document,
        record=STOPPED,
        orders=orders or Orders(),
        reason=reason,
        last_words=last_words,
    )


def test_the_leaders_report_stands_whatever_was_given_up() -> None:
    """It may be complete and slaves still linger."""
    document = collected().report(SPEC, STOPPED, judge(STOPPED, {}))
    report = report_of(SPEC, ending(document, reason=Reason(Why.OVERDUE)))
    assert report.as_document() == document


def test_the_report_of_a_run_given_up_has_what_the_draft_held_and_why() -> None:
    """Results that were delivered are not lost (G10)."""
    report = report_of(SPEC, ending(collected().draft(), reason=Reason(Why.OVERDUE)))
    assert [slave.ordinal for slave in report.slaves] == [0]
    assert (report.verdict, report.complete) == (Verdict.FAILED, True)
    assert report.reason == "Overdue"
    assert exit_code(report, interrupted=False) is ExitCode.NOT_AS_WISHED


@pytest.mark.parametrize("orders", [Orders(), Orders(phase=Phase.STOP)])
def test_a_master_that_ended_by_itself_has_the_last_word(orders: Orders) -> None:
    """Nobody gave it up, and there is no report, not even a draft."""
    report = report_of(SPEC, ending(None, orders=orders, last_words="told to end"))
    assert report.reason == "NoMasterLeft: told to end"
    assert report.slaves == ()


def test_ctrl_c_goes_before_the_verdict() -> None:
    """130, for a report of either kind."""
    report = report_of(SPEC, ending(None, reason=Reason(Why.INTERRUPTED)))
    assert report.reason == "Interrupted"
    assert exit_code(report, interrupted=True) is ExitCode.INTERRUPTED


def test_it_is_printed_in_one_line_and_kept_beside_the_journals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As text or as JSON; the file is always JSON."""
    report = report_of(SPEC, ending(None, reason=Reason(Why.OVERDUE)))
    put_out(report, OutputForm.TEXT, tmp_path)
    assert capsys.readouterr().out == "Failed: Overdue.\n"
    assert json.loads((tmp_path / "report.json").read_text()) == report.as_document()
    put_out(report, OutputForm.JSON, None)
    assert json.loads(capsys.readouterr().out) == report.as_document()
