"""What a slave's own journal tells against it (G2, G3, G4)."""

import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, append, insert, places, replace, rewrite

from ringrun.core.notes import Note

MUTATIONS = Mutations()


@MUTATIONS.add("G4", "unconfirmed", "s1-1")
def a_slave_approves_before_it_holds(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.APPROVED)[0]
    _, view, up_to, how = run.notes["s1-1"][at][1]
    replace(run, "s1-1", at, Note.APPROVED, view, up_to + 3, how)


@MUTATIONS.add("G4", "unexpected", "s0-1")
def a_slave_approves_in_a_view_that_it_left(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.APPROVED)[-2]
    _, view, up_to, how = run.notes["s0-1"][at][1]
    replace(run, "s0-1", at, Note.APPROVED, view - 1, up_to, how)


@MUTATIONS.add("G2", "duplicated", "s2-1")
def an_approval_goes_back(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.APPROVED)[2]
    _, view, up_to, how = run.notes["s2-1"][at][1]
    insert(run, "s2-1", at + 1, Note.APPROVED, view, up_to - 1, how)


@MUTATIONS.add("G3", "lost", "s1-1")
def a_slave_installs_a_view_below_what_it_approved(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.VIEW)[1]
    rewrite(run, "s1-1", at, cut=10)


@MUTATIONS.add("G3", "lost", "s2-1")
def a_slave_is_recorded_that_does_not_hold_the_cut(run: JournalledRun) -> None:
    for at in reversed(places(run, "s2-1", Note.SYNCED)[:1]):
        del run.notes["s2-1"][at]


@MUTATIONS.add("G3", "unexpected", "s3-2")
def a_member_begins_anew(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.BASE)
    append(run, "s3-2", *run.notes["s3-2"][at][1])


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)
