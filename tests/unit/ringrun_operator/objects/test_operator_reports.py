"""The report in a result ConfigMap: put in, read out, and what is known of it before its end."""

from typing import Any

import pytest

from ringrun.core.node import SlaveId
from ringrun_operator.objects import reports, resources
from ringrun_operator.objects.owner import Owner

OWNER = Owner(name="demo", namespace="lab", uid="u-1")


def test_a_report_is_put_in_and_read_out_beside_what_is_there() -> None:
    """The version that it replaces stays in the object, so that the write compares."""
    empty = {**resources.result_map(OWNER), "data": {"other": "x"}}
    empty["metadata"]["resourceVersion"] = "9"
    kept = reports.with_report(empty, {"verdict": "Agreed"})
    assert reports.read_report(kept) == {"verdict": "Agreed"}
    assert kept["metadata"]["resourceVersion"] == "9"
    assert kept["data"]["other"] == "x"
    assert reports.read_report(empty) is None
    assert reports.read_report(None) is None
    for text in ("", "[]", "{"):
        assert reports.read_report({"data": {"report.json": text}}) is None


@pytest.mark.parametrize("document", [None, {}, {"complete": False}, {"complete": True}], ids=str)
def test_only_a_whole_report_is_complete(document: dict[str, Any] | None) -> None:
    """A draft, and what says that it is complete and is no report, are none."""
    assert reports.complete(document) is None


def test_of_a_draft_failures_skew_and_who_delivered_are_known() -> None:
    """Whatever else is in it."""
    draft = {
        "failures": [{"at": 1.5, "kind": "SlaveLost", "node": "s0-1", "cause": "x", "view": 1}],
        "start_skew": 0.002,
        "results": [{"ordinal": 1, "incarnation": 2, "count": 5}],
        "other": True,
    }
    failures, skew, delivered = reports.history(None, draft)
    assert [each.node for each in failures] == ["s0-1"]
    assert skew == 0.002
    assert delivered == {SlaveId(1, 2)}


@pytest.mark.parametrize("draft", [None, {"failures": 3}, {"results": [{}]}], ids=str)
def test_of_a_draft_that_cannot_be_read_nothing_is_known(draft: dict[str, Any] | None) -> None:
    """It is shown only: nobody fails for it."""
    assert reports.history(None, draft) == ((), None, set())
