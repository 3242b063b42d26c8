"""Batches of another view, or issued in another's name (G4, G5)."""

import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, places, replace

from ringrun.core.notes import Note

MUTATIONS = Mutations()


@MUTATIONS.add("G5", "unexpected", "s0-1")
def a_slave_issues_as_another(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.ISSUED)[0]
    _, view, first, _, k, count, number = run.notes["s0-1"][at][1]
    replace(run, "s0-1", at, Note.ISSUED, view, first, 1, k, count, number)


@MUTATIONS.add("G4", "unexpected", "s0-1")
def a_slave_takes_data_of_another_view(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.HELD)[-1]
    _, view, *rest = run.notes["s0-1"][at][1]
    replace(run, "s0-1", at, Note.HELD, view - 1, *rest)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)
