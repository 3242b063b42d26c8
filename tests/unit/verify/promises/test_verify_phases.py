"""Phases that go back, last too long or are used for the wrong thing (G6)."""

import pytest
from journalled_run import JournalledRun, draw
from spoiling import Mutations, append, insert, places

from ringrun.core.notes import Note
from ringrun.verify import Promise, check

MUTATIONS = Mutations()


@MUTATIONS.add("G6", "diverged", "s0-1")
def a_slave_gives_two_results(run: JournalledRun) -> None:
    [at] = places(run, "s0-1", Note.RESULT)
    _, document = run.notes["s0-1"][at][1]
    append(run, "s0-1", Note.RESULT, {**document, "count": 1})


@MUTATIONS.add("G6", "unexpected", "s0-1")
def a_slave_counts_on_after_its_result(run: JournalledRun) -> None:
    append(run, "s0-1", Note.APPROVED, 3, run.report["count"] + 1, 0)


@MUTATIONS.add("G6", "unexpected", "s0-1")
def a_slave_takes_data_after_its_result(run: JournalledRun) -> None:
    append(run, "s0-1", Note.HELD, 3, run.report["count"] + 1, 1, 9, 1, draw(run.seed, 1, 9))


@MUTATIONS.add("G6", "unexpected", "s0-1")
def a_slave_installs_a_view_after_its_result(run: JournalledRun) -> None:
    append(run, "s0-1", Note.VIEW, run.views[-1])


@MUTATIONS.add("G6", "unexpected", "s0-1")
def a_slave_issues_in_grace(run: JournalledRun) -> None:
    grace = next(
        at
        for at in places(run, "s0-1", Note.PHASE)
        if run.notes["s0-1"][at][1][1]["phase"] == "GRACE"
    )
    last = places(run, "s0-1", Note.ISSUED)[-1]
    run.notes["s0-1"].insert(last, run.notes["s0-1"].pop(grace))


@MUTATIONS.add("G6", "reordered", "s2-1")
def a_phase_goes_back(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.PHASE)[-1]
    insert(run, "s2-1", at + 1, Note.PHASE, {"phase": "SEND", "elapsed": 3.0})


@MUTATIONS.add("G6", "late", "s2-1")
def send_ends_too_late(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.PHASE)[1]
    time, note = run.notes["s2-1"][at]
    run.notes["s2-1"][at] = (time + 0.06, note)


@MUTATIONS.add("G6", "unexpected", "s2-1")
def grace_ends_too_early(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.PHASE)[2]
    time, note = run.notes["s2-1"][at]
    run.notes["s2-1"][at] = (time - 0.06, note)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)


def test_the_phases_are_judged_by_each_slaves_own_clock() -> None:
    """A slave whose GO came late ends with the others, so its own SEND is shorter."""
    run = JournalledRun(2)
    run.issue(0)
    run.finish()
    notes = run.notes["s1-1"]
    at = next(at for at, (_, note) in enumerate(notes) if note[0] is Note.PHASE)
    time, note = notes.pop(at)
    notes.append((time + 0.3, note))
    notes.sort(key=lambda item: item[0])
    assert Promise.PHASES not in check(run.journals(), None, same_clock=True).broken
    # The same, of one that was told GO when the others were: it ended SEND too early.
    run.notes["s0-1"] = [
        (time + 0.3 if note[0] is Note.PHASE and note[1]["phase"] == "SEND" else time, note)
        for time, note in run.notes["s0-1"]
    ]
    assert Promise.PHASES in check(run.journals(), None, same_clock=True).broken


@pytest.mark.parametrize("ended_by", ["nothing", "close", "leaving"])
def test_only_the_clock_may_end_a_phase_early_unless_told(ended_by: str) -> None:
    """An early STOP, or the end of the process, is no broken promise; ending by itself is."""
    run = JournalledRun(2)
    run.issue(0)
    run.finish()
    notes = run.notes["s1-1"]
    last = next(at for at, (_, note) in enumerate(notes) if note[0] is Note.PHASE) + 1
    kept = [item for item in notes[:last] if item[0] < run.started + 1.0]
    early = run.started + 1.0
    if ended_by == "close":
        close = {"command": "close", "epoch": 1, "holder": "m0-1", "obeyed": True, "view": 1}
        kept.append((early, (Note.COMMAND, close)))
    kept += [(early, (Note.PHASE, {"phase": name, "elapsed": 1.0})) for name in ("GRACE", "STOP")]
    if ended_by == "leaving":
        tally = {"count": 0, "sumExact": "0", "digest": "00" * 32, "final": False, "view": 1}
        kept.append((early, (Note.RESULT, tally)))
    run.notes["s1-1"] = kept
    broken = check(run.journals(), None, True, lengths=run.lengths()).broken
    assert (Promise.PHASES in broken) == (ended_by == "nothing")
