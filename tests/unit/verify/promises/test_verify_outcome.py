"""Results, recorded folds, checkpoints and the report (G1, G2, G3, G11)."""

import pytest
from journalled_run import JournalledRun
from spoiling import (
    Mutations,
    append,
    approve_beyond_the_cut,
    places,
    records,
    replace,
    rewrite,
    slaves_of,
)

from ringrun.core.notes import Note
from ringrun.verify import Anomaly, Promise, check

MUTATIONS = Mutations()


@MUTATIONS.add("G2", "unexpected", "s1-1")
def the_last_approval_is_missing(run: JournalledRun) -> None:
    del run.notes["s1-1"][places(run, "s1-1", Note.APPROVED)[-1]]


@MUTATIONS.add("G2", "lost", "s1-1")
def a_result_leaves_an_approved_message_out(run: JournalledRun) -> None:
    [at] = places(run, "s1-1", Note.RESULT)
    rewrite(run, "s1-1", at, count=run.report["count"] - 1)


@MUTATIONS.add("G1", "diverged", "s3-2")
def a_result_has_another_digest(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.RESULT)
    rewrite(run, "s3-2", at, digest="ab" * 32)


@MUTATIONS.add("G1", "diverged", "s3-2")
def a_result_has_another_sum(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.RESULT)
    rewrite(run, "s3-2", at, sumExact=str(int(run.report["sumExact"]) + 1))


@MUTATIONS.add("G3", "diverged", "view 2")
def a_recorded_fold_is_not_that_of_the_log(run: JournalledRun) -> None:
    for name, at in records(run, view=2):
        rewrite(run, name, at, sumExact="12345")
    for name in slaves_of(run):
        for at in places(run, name, Note.VIEW):
            if run.notes[name][at][1][1]["number"] == 2:
                rewrite(run, name, at, sumExact="12345")


@MUTATIONS.add("G11", "unexpected", "report")
def the_report_counts_too_much(run: JournalledRun) -> None:
    run.report["count"] += 1


@MUTATIONS.add("G11", "lost", "s0-1")
def the_report_counts_too_little(run: JournalledRun) -> None:
    run.report["count"] -= 1


@MUTATIONS.add("G11", "diverged", "report")
def the_report_has_another_digest(run: JournalledRun) -> None:
    run.report["digest"] = "00" * 32


@MUTATIONS.add("G11", "diverged", "report")
def the_report_has_another_sum(run: JournalledRun) -> None:
    run.report["sumExact"] = "1"


@MUTATIONS.add("G11", "diverged", "s2-1")
def the_report_changes_a_slaves_result(run: JournalledRun) -> None:
    run.report["slaves"][2]["count"] -= 1


@MUTATIONS.add("G11", "lost", "s3-1")
def praise_although_an_evicted_slave_approved_more(run: JournalledRun) -> None:
    approve_beyond_the_cut(run)
    for index in range(run.views[1]["cut"] + 2, run.report["count"] + 2):
        append(run, "s3-1", Note.HELD, 1, index, 1, 90 + index, 1, 1)
    append(run, "s3-1", Note.APPROVED, 1, run.report["count"] + 1, 0)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)


def test_a_false_checkpoint_is_named() -> None:
    """A slave's own digests must be those of its entries."""
    run = JournalledRun(2)
    for turn in range(20):
        run.issue(turn % 2, 500)
        run.approve()
    run.finish()
    at = places(run, "s1-1", Note.CHECKPOINT)[1]
    replace(run, "s1-1", at, Note.CHECKPOINT, 2, bytes(32))
    [finding] = check(run.journals(), run.report, same_clock=True).findings
    assert (finding.promise, finding.anomaly) == (Promise.AGREEMENT, Anomaly.DIVERGED)
    assert finding.index == 8192
