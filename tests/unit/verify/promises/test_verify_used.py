"""What is used and was never recorded, or is of an older leadership (G7)."""

import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, insert, places, records, replace, rewrite

from ringrun.core.notes import Note

MUTATIONS = Mutations()


@MUTATIONS.add("G7", "stale epoch", "s1-1")
def a_lower_epoch_is_obeyed(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.COMMAND)[-1]
    insert(
        run,
        "s1-1",
        at,
        Note.COMMAND,
        {"command": "Install", "epoch": 1, "holder": "m0-1", "obeyed": True, "view": 2},
    )


@MUTATIONS.add("G7", "stale epoch", "s0-1")
def a_second_holder_is_obeyed(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.COMMAND)[0]
    rewrite(run, "s0-1", at, holder="m5-1")


@MUTATIONS.add("G7", "unexpected", "s0-1")
def an_epoch_is_used_that_nobody_recorded(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.COMMAND)[-1]
    rewrite(run, "s0-1", at, epoch=9)


@MUTATIONS.add("G7", "unexpected", "s0-1")
def a_view_is_used_that_nobody_recorded(run: JournalledRun) -> None:
    for name, at in reversed(records(run, view=2)):
        del run.notes[name][at]


@MUTATIONS.add("G7", "unexpected", "s0-1")
def a_view_is_used_before_it_is_recorded(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        time, note = run.notes[name][at]
        run.notes[name][at] = (time + 0.01, note)


@MUTATIONS.add("G7", "unexpected", "s0-1")
def a_write_of_unknown_outcome_is_taken_for_done(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        rewrite(run, name, at, outcome="unknown")


@MUTATIONS.add("G7", "unexpected", "s1-1")
def a_closing_cut_is_used_that_is_not_recorded(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.APPROVED)[-1]
    _, view, up_to, _ = run.notes["s1-1"][at][1]
    replace(run, "s1-1", at, Note.APPROVED, view, up_to - 1, 2)


@MUTATIONS.add("G7", "unexpected", "s1-1")
def a_close_is_obeyed_that_is_not_recorded(run: JournalledRun) -> None:
    for name, at in reversed(records(run, phase="STOP")):
        del run.notes[name][at]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)
