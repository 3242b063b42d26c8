"""What a slave's own journal tells against it (G2, G3, G4)."""

import pytest
from journalled_run import JournalledRun, eventful_run
from spoiling import Mutations, append, insert, places, replace, rewrite

from ringrun.core.notes import Note
from ringrun.verify.findings import Findings, Promise
from ringrun.verify.reading.reader import read
from ringrun.verify.rebuilding.history import History
from ringrun.verify.rebuilding.rebuild import rebuild

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


def history_of(run: JournalledRun, name: str) -> tuple[History, Findings]:
    """What is rebuilt of one slave of a run, and what is found on the way."""
    findings = Findings()
    ordinal, incarnation = name[1:].split("-")
    node = int(ordinal), int(incarnation)
    return rebuild(read(name, run.journals()[name]), node, findings), findings


def test_a_survivor_goes_through_all_views() -> None:
    """One log, from 1 to what the report counts."""
    run = eventful_run()
    history, findings = history_of(run, "s0-1")
    assert findings.found == []
    assert history.whole
    assert [view.number for view in history.installed] == [1, 2, 3]
    assert [view.cut for view in history.installed] == [view["cut"] for view in run.views]
    assert len(history.logs) == 1
    assert (history.log.begin, history.log.length) == (0, run.report["count"])
    assert sorted(history.holdings) == [1, 2, 3]


def test_a_log_that_cannot_be_followed_is_not_whole() -> None:
    """Where it ends is no sign of what was lost after it (G8)."""
    run = eventful_run()
    a_slave_is_recorded_that_does_not_hold_the_cut(run)
    history, findings = history_of(run, "s2-1")
    assert not history.whole
    assert findings.found


def test_a_joiner_begins_from_its_base() -> None:
    """And is known to have been given what was approved before its first view."""
    run = eventful_run()
    history, findings = history_of(run, "s3-2")
    assert findings.found == []
    assert history.based_before == 3
    assert 0 < history.base.count <= run.views[2]["cut"]
    assert history.log.length == run.report["count"]


def test_what_a_cut_takes_away_stays_as_a_log_of_its_own() -> None:
    """It was approved, so it is compared like any other."""
    run = eventful_run()
    approved = run.views[1]["cut"]
    rewrite(run, "s1-1", places(run, "s1-1", Note.VIEW)[1], cut=10)
    history, findings = history_of(run, "s1-1")
    assert Promise.UNIFORM in {finding.promise for finding in findings.found}
    assert 10 < history.logs[0].length <= approved


def test_a_view_without_the_slave_is_not_installed() -> None:
    """It was told that the run goes on without it."""
    run = eventful_run()
    append(run, "s3-1", Note.VIEW, run.views[1])
    history, findings = history_of(run, "s3-1")
    assert [view.number for view in history.installed] == [1]
    assert findings.found == []
