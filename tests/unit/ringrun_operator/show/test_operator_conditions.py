"""The conditions of a run, and how a list of them is kept."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from api_server import ApiServer
from runs_in_memory import conditions, finished, reported, sending, started

from ringrun_operator.show.conditions import Condition, Truth, Type, written


def test_an_edit_after_the_end_restamps_every_condition() -> None:
    """`kubectl wait` hangs where a condition is behind the object."""
    api = finished()
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True, "ttlSecondsAfterFinished": 9999})
    plan = api.settle()
    generation = api.objects["RingRun", "demo"]["metadata"]["generation"]
    assert plan.status is not None
    assert {each["observedGeneration"] for each in plan.status["conditions"]} == {generation}


def test_the_time_of_a_condition_moves_only_with_its_status() -> None:
    """Reason and message may change meanwhile."""
    one = Condition(type=Type.SENDING, status=Truth.FALSE, reason="NotStarted", message="")
    two = replace(one, reason="Ended", message="No more.")
    three = replace(two, status=Truth.TRUE)
    first = written([one], (), 1, "t1")
    second = written([two], first, 2, "t2")
    third = written([three], second, 3, "t3")
    assert [each["lastTransitionTime"] for each in (*first, *second, *third)] == ["t1", "t1", "t3"]
    assert [each["observedGeneration"] for each in (*first, *second, *third)] == [1, 2, 3]
    assert second[0]["reason"] == "Ended"


@pytest.mark.parametrize("begin", [ApiServer, started, sending, finished])
def test_every_condition_is_always_there(begin: Callable[[], ApiServer]) -> None:
    """`kubectl wait` for one that is not would hang."""
    plan = begin().look()
    assert plan.status is not None
    assert [each["type"] for each in plan.status["conditions"]] == [each.value for each in Type]


def test_the_outcome_is_unknown_until_the_report_is_there() -> None:
    """True or False would be taken for one."""
    found = conditions(sending().look())
    for kind in ("ResultsCollected", "ResultsAgree", "ExpectationsMet", "Succeeded"):
        assert found[kind] == ("Unknown", "Active")
    assert found["Finished"] == ("False", "Active")
    assert conditions(finished().look())["Finished"] == ("True", "Failed")


def test_the_page_has_every_condition_in_its_order() -> None:
    """The table of docs/kubernetes.md: a type that is added there is explained there."""
    page = (Path(__file__).parents[4] / "docs" / "kubernetes.md").read_text()
    table = page.partition("| condition |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == [each.value for each in Type]


def test_what_was_not_met_is_said_where_the_summary_is() -> None:
    """With all its figures: a tool that waits prints this message alone."""
    api = reported("ab", "ab", "ab", expect={"minCount": 1_234_567_890_123, "minRate": 0.25})
    held = {
        each["type"]: each["message"]
        for each in api.objects["RingRun", "demo"]["status"]["conditions"]
    }
    unmet = "minCount: wanted 1,234,567,890,123, got 10"
    assert held["ExpectationsMet"] == unmet
    assert held["Succeeded"] == held["Ready"] == held["Stalled"]
    assert held["Ready"].startswith("3 of 3 slaves counted the same 10 messages, ")
    assert held["Ready"].endswith(f" survived. Not met: {unmet}.")


@pytest.mark.parametrize(
    ("digests", "words"),
    [(("ab", "cd", "ab"), "Diverged: s0-1 and s1-1 differ"), ((), "Failed: NoSurvivor")],
)
def test_the_verdict_is_said_once_before_its_reason(digests: tuple[str, ...], words: str) -> None:
    """Whether or not the reason begins with it."""
    api = reported(*digests)
    found = api.objects["RingRun", "demo"]["status"]["conditions"]
    [succeeded] = [each for each in found if each["type"] == "Succeeded"]
    assert succeeded["message"].startswith(words)
