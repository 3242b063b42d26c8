"""Records and views that contradict each other (G6, G7)."""

import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, append, places, records, rewrite

from ringrun.core.notes import Note
from ringrun.verify import check

MUTATIONS = Mutations()


@MUTATIONS.add("G6", "reordered", "record phase")
def the_records_phase_goes_back(run: JournalledRun) -> None:
    [(name, at)] = records(run, phase="STOP")
    _, document = run.notes[name][at][1]
    append(run, name, Note.RECORD, {**document, "version": run.version + 1, "phase": "GRACE"})


@MUTATIONS.add("G7", "stale epoch", "m1-1")
def an_epoch_has_two_holders(run: JournalledRun) -> None:
    at = places(run, "m1-1", Note.RECORD)[-1]
    rewrite(run, "m1-1", at, epoch=1)


@MUTATIONS.add("G7", "diverged", "s0-1")
def a_view_is_used_with_another_cut(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.VIEW)[2]
    rewrite(run, "s0-1", at, cut=run.views[2]["cut"] - 1)


@MUTATIONS.add("G7", "diverged", "s0-1")
def a_view_is_used_with_other_members(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.VIEW)[1]
    rewrite(run, "s0-1", at, members=[[0, 1], [1, 1]])


@MUTATIONS.add("G7", "diverged", "m1-1")
def a_version_has_two_contents(run: JournalledRun) -> None:
    at = places(run, "m1-1", Note.RECORD)[0]
    rewrite(run, "m1-1", at, starter=2, stopReason="Aborted")


@MUTATIONS.add("G7", "lost", "record cut")
def a_later_version_has_a_lower_cut(run: JournalledRun) -> None:
    [(name, at)] = records(run, phase="STOP")
    _, document = run.notes[name][at][1]
    append(run, name, Note.RECORD, {**document, "version": run.version + 1, "cut": 3})


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)


def test_a_large_view_is_told_as_ranges() -> None:
    """Of five in a row or more of one incarnation; the others one by one."""
    run = JournalledRun(9)
    run.issue(0)
    run.finish()
    at = places(run, "s3-1", Note.VIEW)[0]
    rewrite(run, "s3-1", at, members=[[n, 1] for n in range(6)] + [[7, 2], [8, 1]])
    verification = check(run.journals(), run.report, same_clock=True, lengths=run.lengths())
    texts = [each.text for each in verification.findings]
    assert any("has view 1 as [0..5-1 7-2 8-1] cut 0" in text for text in texts), texts
    assert any("as [0..8-1] cut 0" in text for text in texts)
