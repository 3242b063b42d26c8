"""What is issued and never approved, with and without an excuse (G8)."""

import pytest
from spoiling import places, quiet_run

from ringrun.core.notes import Note
from ringrun.verify import Anomaly, Promise, check


def test_a_drain_that_leaves_something_out_is_named() -> None:
    """Without a fault in GRACE, G8 wants everything that was issued."""
    run = quiet_run()
    before = run.report["count"] - 3
    # The closing cut leaves out what only its sender was sure of.
    for name in ("s0-1", "s1-1", "s2-1"):
        for at in reversed(places(run, name, Note.APPROVED)):
            if run.notes[name][at][1][2] > before:
                del run.notes[name][at]
    verification = check(run.journals(), run.report, same_clock=True)
    drained = [finding for finding in verification.findings if finding.promise is Promise.DRAIN]
    assert [finding.anomaly for finding in drained] == [Anomaly.LOST] * 3
    assert drained[0].index == before + 1


def test_a_fault_in_grace_excuses_the_drain() -> None:
    """G8 is a promise for a GRACE without faults alone."""
    run = quiet_run()
    for name in ("s0-1", "s1-1", "s2-1"):
        del run.notes[name][places(run, name, Note.APPROVED)[-1]]
    for report, grace_faults in (
        ({"verdict": "Partial", "failures": [{"at": 2.1, "kind": "Reset"}]}, False),
        (None, True),
    ):
        verification = check(run.journals(), report, same_clock=True, grace_faults=grace_faults)
        assert Promise.DRAIN not in verification.broken


@pytest.mark.parametrize(
    ("reason", "excused"),
    [
        ({"reason": "Aborted"}, True),
        ({"reason": "Aborted: NoMasterLeft: none was made"}, True),
        ({"reason": "in other words", "reasonWord": "Suspended"}, True),
        ({"reason": "ResultsMissing: Aborted", "reasonWord": "ResultsMissing"}, False),
        ({"reason": None}, False),
    ],
)
def test_who_stopped_the_run_excuses_the_drain(reason: dict[str, str], excused: bool) -> None:
    """Whatever else its report says; one of an older version has no word of its own."""
    run = quiet_run()
    for name in ("s0-1", "s1-1", "s2-1"):
        del run.notes[name][places(run, name, Note.APPROVED)[-1]]
    report = {"verdict": "Partial", **reason}
    broken = check(run.journals(), report, same_clock=True).broken
    assert (Promise.DRAIN not in broken) == excused
