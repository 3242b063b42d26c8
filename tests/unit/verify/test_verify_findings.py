"""How findings are collected, and what nodes are called in them."""

import pytest

from ringrun.verify.evidence import MASTERS, SLAVES
from ringrun.verify.findings import (
    Anomaly,
    Findings,
    Promise,
    Verification,
    called,
    slave_of,
)
from ringrun.verify.promise import TITLES


def test_of_one_kind_at_one_node_the_first_is_kept() -> None:
    """What follows from a finding is not told as well; another node's is."""
    findings = Findings()
    for node, text in (("s0-1", "first"), ("s0-1", "second"), ("s1-1", "third")):
        findings.add(Promise.AGREEMENT, Anomaly.DIVERGED, node, text)
    findings.add(Promise.AGREEMENT, Anomaly.REORDERED, "s0-1", "fourth")
    assert [finding.text for finding in findings.found] == ["first", "third", "fourth"]


def test_what_is_not_checked_is_said_once() -> None:
    """In the order in which it was said first."""
    findings = Findings()
    for text in ("one", "two", "one"):
        findings.not_checked(Promise.DRAIN, text)
    findings.not_checked(Promise.AGREEMENT, "three")
    assert findings.unchecked() == (
        (Promise.AGREEMENT, ("three",)),
        (Promise.DRAIN, ("one", "two")),
    )


def test_what_rests_on_missing_evidence_is_no_finding() -> None:
    """It follows from something that is not there, and that may have been there."""
    findings = Findings()
    findings.evidence.lacks("s1-1", "slave 1 (incarnation 1) left no journal")
    told = (Promise.CONFIRMED, Anomaly.UNCONFIRMED)
    findings.add(*told, "s0-1", "on that one", rests_on=("s1-1",))
    findings.add(*told, "s2-1", "on all slaves", rests_on=(MASTERS, SLAVES))
    assert findings.found == []
    findings.add(*told, "s0-1", "on another", rests_on=("s2-1",))
    findings.add(*told, "s2-1", "on the masters", rests_on=(MASTERS,))
    assert [finding.text for finding in findings.found] == ["on another", "on the masters"]


def test_broken_promises_come_in_their_order() -> None:
    """However they were found; a promise that broke twice is there once."""
    findings = Findings()
    for promise, node in ((Promise.NO_RETURN, "a"), (Promise.UNIFORM, "a"), (Promise.UNIFORM, "b")):
        findings.add(promise, Anomaly.LOST, node, "text")
    verification = Verification(
        findings=tuple(findings.found),
        unchecked=(),
        gaps=(),
        journals=0,
        masters=0,
        incarnations=(),
        views=0,
        epochs=0,
        messages=0,
    )
    assert not verification.clean
    assert verification.broken == (Promise.UNIFORM, Promise.NO_RETURN)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("s2-1", "slave 2 (incarnation 1)"),
        ("m0-3", "master m0-3"),
        ("view 2", "view 2"),
        ("sum", "sum"),
    ],
)
def test_nodes_are_called_by_what_they_are(name: str, words: str) -> None:
    """What is no node's name is left as it is."""
    assert called(name) == words


@pytest.mark.parametrize(
    ("name", "slave"), [("s2-13", (2, 13)), ("m0-3", None), ("s2", None), ("s2-", None)]
)
def test_only_a_slaves_name_has_a_slave(name: str, slave: tuple[int, int] | None) -> None:
    """The whole name, or none of it."""
    assert slave_of(name) == slave


def test_every_promise_has_a_title() -> None:
    """It is what the user reads."""
    assert list(TITLES) == list(Promise)
