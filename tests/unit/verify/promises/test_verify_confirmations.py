"""What is approved before every member of the view holds it (G4)."""

import pytest
from journalled_run import JournalledRun, eventful_run
from spoiling import ENTRIES, Mutations, insert, places

from ringrun.core.notes import Note
from ringrun.verify import Promise, check

MUTATIONS = Mutations()


@MUTATIONS.add("G4", "unconfirmed", "s0-1")
def a_slave_approves_before_another_holds(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.APPROVED)[0]
    held = places(run, "s0-1", *ENTRIES)
    run.notes["s0-1"][at] = (run.notes["s0-1"][held[3]][0] - 0.0005, run.notes["s0-1"][at][1])


@MUTATIONS.add("G4", "unconfirmed", "s0-1")
def a_slave_approves_what_another_never_held(run: JournalledRun) -> None:
    wedged = places(run, "s0-1", Note.WEDGED)[0]
    held = run.notes["s0-1"][wedged][1][1]["held"]
    assert held > run.slaves[3, 1].approved
    insert(run, "s0-1", wedged, Note.APPROVED, 1, held, 0)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)


def test_a_missing_journal_is_said_and_not_guessed() -> None:
    """What a slave confirmed is unknown without its journal; the others are still checked."""
    run = eventful_run()
    journals = run.journals()
    del journals["s3-1"]
    verification = check(journals, run.report, same_clock=True)
    assert verification.findings == ()
    assert dict(verification.unchecked)[Promise.CONFIRMED] == ("s3-1 left no journal",)


@pytest.mark.parametrize(
    ("same_clock", "slack", "broken"), [(True, 0.0, True), (True, 0.01, False), (False, 0.0, False)]
)
def test_times_are_compared_on_one_clock_alone(
    same_clock: bool, slack: float, broken: bool
) -> None:
    """And forgiven what the caller grants."""
    run = eventful_run()
    a_slave_approves_before_another_holds(run)
    verification = check(run.journals(), run.report, same_clock, clock_slack=slack)
    assert (Promise.CONFIRMED in verification.broken) == broken
