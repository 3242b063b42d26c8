"""Views whose cut leaves out what was approved (G3)."""

import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, approve_beyond_the_cut, records, rewrite

MUTATIONS = Mutations()


@MUTATIONS.add("G3", "lost", "s3-1")
def an_evicted_slave_approves_beyond_the_cut(run: JournalledRun) -> None:
    approve_beyond_the_cut(run)


@MUTATIONS.add("G3", "lost", "s3-2")
def a_joiner_is_given_what_is_not_approved(run: JournalledRun) -> None:
    number = run.views[2]["number"]
    for name, at in records(run, view=number):
        rewrite(run, name, at, cut=20)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)
