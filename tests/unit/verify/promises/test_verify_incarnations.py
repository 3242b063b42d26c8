"""Incarnations that return, or are there twice (G12)."""

import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, records, rewrite

MUTATIONS = Mutations()


@MUTATIONS.add("G12", "unexpected", "s3-1")
def an_evicted_incarnation_returns(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        rewrite(run, name, at, members=[[0, 1], [1, 1], [2, 1], [3, 1]])


@MUTATIONS.add("G12", "duplicated", "s3-1")
def two_incarnations_are_in_one_view(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        rewrite(run, name, at, members=[[0, 1], [1, 1], [2, 1], [3, 1], [3, 2]])


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)
