"""Batches that do not follow what is held (G2)."""

import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, holding, insert

MUTATIONS = Mutations()


@MUTATIONS.add("G2", "skipped", "s2-1")
def an_entry_is_dropped(run: JournalledRun) -> None:
    del run.notes["s2-1"][holding(run, "s2-1", 3)]


@MUTATIONS.add("G2", "duplicated", "s2-1")
def an_entry_is_held_twice(run: JournalledRun) -> None:
    at = holding(run, "s2-1", 3)
    insert(run, "s2-1", at, *run.notes["s2-1"][at][1])


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)
