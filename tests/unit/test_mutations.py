"""The checker of the checker: a good run is spoilt in one place, and that place must be named.

Every mutation changes the notes or the report of the same good run: four slaves, one of which dies
and is replaced, two leaders, three views and the closing one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from journalled_run import JournalledRun, draw, eventful_run

from ringrun.core.notes import Note
from ringrun.verify import Anomaly, Promise, check

ENTRIES = (Note.ISSUED, Note.HELD, Note.SYNCED)
Change = Callable[[JournalledRun], None]
MUTATIONS: dict[str, tuple[Change, Promise, Anomaly, str]] = {}


def mutation(promise: str, anomaly: str, node: str) -> Callable[[Change], Change]:
    """Registers a way to spoil a run, and what must be said of it."""

    def register(change: Change) -> Change:
        name = change.__name__
        MUTATIONS[name] = (change, Promise(promise), Anomaly(anomaly), node)
        return change

    return register


def places(run: JournalledRun, node: str, *kinds: Note) -> list[int]:
    """Where notes of these kinds are in a node's journal."""
    return [at for at, (_, note) in enumerate(run.notes[node]) if note[0] in kinds]


def replace(run: JournalledRun, node: str, at: int, *note: Any) -> None:
    """Put another note in the place of one, at the same time."""
    run.notes[node][at] = (run.notes[node][at][0], note)


def rewrite(run: JournalledRun, node: str, at: int, **changes: Any) -> None:
    """Change fields of a note that is a document."""
    kind, document = run.notes[node][at][1]
    replace(run, node, at, kind, {**document, **changes})


def insert(run: JournalledRun, node: str, at: int, *note: Any) -> None:
    """Put a note before another, at its time."""
    run.notes[node].insert(at, (run.notes[node][at][0], note))


def append(run: JournalledRun, node: str, *note: Any) -> None:
    """Put a note at the end, a moment later."""
    run.notes[node].append((run.notes[node][-1][0] + 0.001, note))


def holding(run: JournalledRun, node: str, index: int) -> int:
    """Where a journal takes this index in a batch of its own."""
    for at in places(run, node, *ENTRIES):
        _, _, first, _, _, count, _ = run.notes[node][at][1]
        if first == index and count == 1:
            return at
    raise AssertionError(f"{node} has no batch of index {index} alone")


def content(run: JournalledRun, node: str, index: int) -> tuple[int, int, int]:
    """(sender, k, u) that a journal holds alone at this index."""
    _, _, _, sender, k, _, number = run.notes[node][holding(run, node, index)][1]
    return sender, k, number


def put(run: JournalledRun, node: str, index: int, entry: tuple[int, int, int]) -> None:
    """Let a journal hold another entry at this index."""
    at = holding(run, node, index)
    kind, view, first, *_ = run.notes[node][at][1]
    sender, k, number = entry
    replace(run, node, at, kind, view, first, sender, k, 1, number)


def slaves_of(run: JournalledRun) -> list[str]:
    """The slaves' journals."""
    return [name for name in run.notes if name.startswith("s")]


def records(run: JournalledRun, **wanted: Any) -> list[tuple[str, int]]:
    """Where masters noted records with these fields."""
    return [
        (name, at)
        for name in run.notes
        if name.startswith("m")
        for at in places(run, name, Note.RECORD)
        if all(run.notes[name][at][1][1][key] == value for key, value in wanted.items())
    ]


# One entry, in one journal or in all.


@mutation("G5", "unexpected", "s1-1")
def a_number_is_changed(run: JournalledRun) -> None:
    sender, k, number = content(run, "s1-1", 3)
    put(run, "s1-1", 3, (sender, k, number ^ 1))


@mutation("G1", "diverged", "s1-1")
def a_number_is_changed_in_one_log(run: JournalledRun) -> None:
    a_number_is_changed(run)


@mutation("G5", "unexpected", "s2-1")
def a_draw_number_is_not_positive(run: JournalledRun) -> None:
    sender, _, number = content(run, "s2-1", 2)
    put(run, "s2-1", 2, (sender, 0, number))


@mutation("G5", "unexpected", "s0-1")
def a_draw_is_far_away(run: JournalledRun) -> None:
    sender, _, number = content(run, "s0-1", 2)
    put(run, "s0-1", 2, (sender, 2**60, number))


@mutation("G1", "reordered", "s0-1")
def two_entries_are_swapped_in_one_journal(run: JournalledRun) -> None:
    second, third = content(run, "s0-1", 2), content(run, "s0-1", 3)
    put(run, "s0-1", 2, third)
    put(run, "s0-1", 3, second)


@mutation("G1", "diverged", "s2-1")
def one_slave_holds_another_entry(run: JournalledRun) -> None:
    put(run, "s2-1", 4, (0, 2, draw(run.seed, 0, 2)))


@mutation("G2", "skipped", "s2-1")
def an_entry_is_dropped(run: JournalledRun) -> None:
    del run.notes["s2-1"][holding(run, "s2-1", 3)]


@mutation("G2", "duplicated", "s2-1")
def an_entry_is_held_twice(run: JournalledRun) -> None:
    at = holding(run, "s2-1", 3)
    insert(run, "s2-1", at, *run.notes["s2-1"][at][1])


@mutation("G2", "duplicated", "s0-1")
def a_draw_is_used_twice_by_all(run: JournalledRun) -> None:
    last = run.report["count"]
    sender, k, _ = content(run, "s0-1", last)
    for name in ("s0-1", "s1-1", "s2-1", "s3-2"):
        put(run, name, last, (sender, k - 1, draw(run.seed, sender, k - 1)))


@mutation("G2", "skipped", "s0-1")
def a_draw_is_left_out_by_all(run: JournalledRun) -> None:
    last = run.report["count"]
    sender, k, _ = content(run, "s0-1", last)
    for name in ("s0-1", "s1-1", "s2-1", "s3-2"):
        put(run, name, last, (sender, k + 1, draw(run.seed, sender, k + 1)))


@mutation("G2", "reordered", "s1-1")
def draws_of_a_sender_change_places(run: JournalledRun) -> None:
    last = run.report["count"]
    near = next(
        index
        for index in range(last - 1, 0, -1)
        if content(run, "s1-1", index)[0] == content(run, "s1-1", last)[0]
    )
    one, two = content(run, "s1-1", near), content(run, "s1-1", last)
    for name in ("s0-1", "s1-1", "s2-1", "s3-2"):
        put(run, name, near, two)
        put(run, name, last, one)


@mutation("G5", "unexpected", "s0-1")
def a_slave_issues_as_another(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.ISSUED)[0]
    _, view, first, _, k, count, number = run.notes["s0-1"][at][1]
    replace(run, "s0-1", at, Note.ISSUED, view, first, 1, k, count, number)


# Approvals.


@mutation("G4", "unconfirmed", "s1-1")
def a_slave_approves_before_it_holds(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.APPROVED)[0]
    _, view, up_to, how = run.notes["s1-1"][at][1]
    replace(run, "s1-1", at, Note.APPROVED, view, up_to + 3, how)


@mutation("G4", "unconfirmed", "s0-1")
def a_slave_approves_before_another_holds(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.APPROVED)[0]
    held = places(run, "s0-1", *ENTRIES)
    run.notes["s0-1"][at] = (run.notes["s0-1"][held[3]][0] - 0.0005, run.notes["s0-1"][at][1])


@mutation("G4", "unconfirmed", "s0-1")
def a_slave_approves_what_another_never_held(run: JournalledRun) -> None:
    wedged = places(run, "s0-1", Note.WEDGED)[0]
    held = run.notes["s0-1"][wedged][1][1]["held"]
    assert held > run.slaves[3, 1].approved
    insert(run, "s0-1", wedged, Note.APPROVED, 1, held, 0)


@mutation("G4", "unexpected", "s0-1")
def a_slave_approves_in_a_view_that_it_left(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.APPROVED)[-2]
    _, view, up_to, how = run.notes["s0-1"][at][1]
    replace(run, "s0-1", at, Note.APPROVED, view - 1, up_to, how)


@mutation("G4", "unexpected", "s0-1")
def a_slave_takes_data_of_another_view(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.HELD)[-1]
    _, view, *rest = run.notes["s0-1"][at][1]
    replace(run, "s0-1", at, Note.HELD, view - 1, *rest)


@mutation("G2", "duplicated", "s2-1")
def an_approval_goes_back(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.APPROVED)[2]
    _, view, up_to, how = run.notes["s2-1"][at][1]
    insert(run, "s2-1", at + 1, Note.APPROVED, view, up_to - 1, how)


@mutation("G3", "lost", "s3-1")
def an_evicted_slave_approves_beyond_the_cut(run: JournalledRun) -> None:
    cut = run.views[1]["cut"]
    held = run.slaves[3, 1].held
    for index in range(len(held) + 1, cut + 2):
        append(run, "s3-1", Note.HELD, 1, index, 1, 90 + index, 1, 1)
    append(run, "s3-1", Note.APPROVED, 1, cut + 1, 0)


@mutation("G3", "lost", "s1-1")
def a_slave_installs_a_view_below_what_it_approved(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.VIEW)[1]
    rewrite(run, "s1-1", at, cut=10)


@mutation("G3", "lost", "s2-1")
def a_slave_is_recorded_that_does_not_hold_the_cut(run: JournalledRun) -> None:
    for at in reversed(places(run, "s2-1", Note.SYNCED)[:1]):
        del run.notes["s2-1"][at]


# Results.


@mutation("G2", "unexpected", "s1-1")
def the_last_approval_is_missing(run: JournalledRun) -> None:
    del run.notes["s1-1"][places(run, "s1-1", Note.APPROVED)[-1]]


@mutation("G2", "lost", "s1-1")
def a_result_leaves_an_approved_message_out(run: JournalledRun) -> None:
    [at] = places(run, "s1-1", Note.RESULT)
    rewrite(run, "s1-1", at, count=run.report["count"] - 1)


@mutation("G1", "diverged", "s3-2")
def a_result_has_another_digest(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.RESULT)
    rewrite(run, "s3-2", at, digest="ab" * 32)


@mutation("G1", "diverged", "s3-2")
def a_result_has_another_sum(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.RESULT)
    rewrite(run, "s3-2", at, sumExact=str(int(run.report["sumExact"]) + 1))


@mutation("G6", "diverged", "s0-1")
def a_slave_gives_two_results(run: JournalledRun) -> None:
    [at] = places(run, "s0-1", Note.RESULT)
    _, document = run.notes["s0-1"][at][1]
    append(run, "s0-1", Note.RESULT, {**document, "count": 1})


@mutation("G6", "unexpected", "s0-1")
def a_slave_counts_on_after_its_result(run: JournalledRun) -> None:
    append(run, "s0-1", Note.APPROVED, 3, run.report["count"] + 1, 0)


@mutation("G6", "unexpected", "s0-1")
def a_slave_takes_data_after_its_result(run: JournalledRun) -> None:
    append(run, "s0-1", Note.HELD, 3, run.report["count"] + 1, 1, 9, 1, draw(run.seed, 1, 9))


@mutation("G6", "unexpected", "s0-1")
def a_slave_installs_a_view_after_its_result(run: JournalledRun) -> None:
    append(run, "s0-1", Note.VIEW, run.views[-1])


# Phases.


@mutation("G6", "unexpected", "s0-1")
def a_slave_issues_in_grace(run: JournalledRun) -> None:
    grace = next(
        at
        for at in places(run, "s0-1", Note.PHASE)
        if run.notes["s0-1"][at][1][1]["phase"] == "GRACE"
    )
    last = places(run, "s0-1", Note.ISSUED)[-1]
    run.notes["s0-1"].insert(last, run.notes["s0-1"].pop(grace))


@mutation("G6", "reordered", "s2-1")
def a_phase_goes_back(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.PHASE)[-1]
    insert(run, "s2-1", at + 1, Note.PHASE, {"phase": "SEND", "elapsed": 3.0})


@mutation("G6", "unexpected", "s2-1")
def send_ends_too_late(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.PHASE)[1]
    time, note = run.notes["s2-1"][at]
    run.notes["s2-1"][at] = (time + 0.06, note)


@mutation("G6", "unexpected", "s2-1")
def grace_ends_too_early(run: JournalledRun) -> None:
    at = places(run, "s2-1", Note.PHASE)[2]
    time, note = run.notes["s2-1"][at]
    run.notes["s2-1"][at] = (time - 0.06, note)


@mutation("G6", "reordered", "record phase")
def the_records_phase_goes_back(run: JournalledRun) -> None:
    [(name, at)] = records(run, phase="STOP")
    _, document = run.notes[name][at][1]
    append(run, name, Note.RECORD, {**document, "version": run.version + 1, "phase": "GRACE"})


# Leaders, views, the record.


@mutation("G7", "stale epoch", "s1-1")
def a_lower_epoch_is_obeyed(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.COMMAND)[-1]
    insert(
        run,
        "s1-1",
        at,
        Note.COMMAND,
        {"command": "Install", "epoch": 1, "holder": "m0-1", "obeyed": True, "view": 2},
    )


@mutation("G7", "stale epoch", "m1-1")
def an_epoch_has_two_holders(run: JournalledRun) -> None:
    at = places(run, "m1-1", Note.RECORD)[-1]
    rewrite(run, "m1-1", at, epoch=1)


@mutation("G7", "stale epoch", "s0-1")
def a_second_holder_is_obeyed(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.COMMAND)[0]
    rewrite(run, "s0-1", at, holder="m5-1")


@mutation("G7", "unexpected", "s0-1")
def an_epoch_is_used_that_nobody_recorded(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.COMMAND)[-1]
    rewrite(run, "s0-1", at, epoch=9)


@mutation("G7", "unexpected", "s0-1")
def a_view_is_used_that_nobody_recorded(run: JournalledRun) -> None:
    for name, at in reversed(records(run, view=2)):
        del run.notes[name][at]


@mutation("G7", "diverged", "s0-1")
def a_view_is_used_with_another_cut(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.VIEW)[2]
    rewrite(run, "s0-1", at, cut=run.views[2]["cut"] - 1)


@mutation("G7", "diverged", "s0-1")
def a_view_is_used_with_other_members(run: JournalledRun) -> None:
    at = places(run, "s0-1", Note.VIEW)[1]
    rewrite(run, "s0-1", at, members=[[0, 1], [1, 1]])


@mutation("G7", "unexpected", "s0-1")
def a_view_is_used_before_it_is_recorded(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        time, note = run.notes[name][at]
        run.notes[name][at] = (time + 0.01, note)


@mutation("G7", "unexpected", "s0-1")
def a_write_of_unknown_outcome_is_taken_for_done(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        rewrite(run, name, at, outcome="unknown")


@mutation("G7", "diverged", "m1-1")
def a_version_has_two_contents(run: JournalledRun) -> None:
    at = places(run, "m1-1", Note.RECORD)[0]
    rewrite(run, "m1-1", at, starter=2, stopReason="Aborted")


@mutation("G7", "lost", "record cut")
def a_later_version_has_a_lower_cut(run: JournalledRun) -> None:
    [(name, at)] = records(run, phase="STOP")
    _, document = run.notes[name][at][1]
    append(run, name, Note.RECORD, {**document, "version": run.version + 1, "cut": 3})


@mutation("G7", "unexpected", "s1-1")
def a_closing_cut_is_used_that_is_not_recorded(run: JournalledRun) -> None:
    at = places(run, "s1-1", Note.APPROVED)[-1]
    _, view, up_to, _ = run.notes["s1-1"][at][1]
    replace(run, "s1-1", at, Note.APPROVED, view, up_to - 1, 2)


@mutation("G7", "unexpected", "s1-1")
def a_close_is_obeyed_that_is_not_recorded(run: JournalledRun) -> None:
    for name, at in reversed(records(run, phase="STOP")):
        del run.notes[name][at]


@mutation("G3", "diverged", "view 2")
def a_recorded_fold_is_not_that_of_the_log(run: JournalledRun) -> None:
    for name, at in records(run, view=2):
        rewrite(run, name, at, sumExact="12345")
    for name in slaves_of(run):
        for at in places(run, name, Note.VIEW):
            if run.notes[name][at][1][1]["number"] == 2:
                rewrite(run, name, at, sumExact="12345")


@mutation("G1", "diverged", "s3-2")
def a_joiner_begins_from_another_log(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.BASE)
    _, base = run.notes["s3-2"][at][1]
    numbers = bytearray.fromhex(base["numbers"])
    numbers[0] ^= 1
    rewrite(run, "s3-2", at, numbers=numbers.hex())


@mutation("G3", "lost", "s3-2")
def a_joiner_is_given_what_is_not_approved(run: JournalledRun) -> None:
    number = run.views[2]["number"]
    for name, at in records(run, view=number):
        rewrite(run, name, at, cut=20)


@mutation("G3", "unexpected", "s3-2")
def a_member_begins_anew(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.BASE)
    append(run, "s3-2", *run.notes["s3-2"][at][1])


@mutation("G12", "unexpected", "s3-1")
def an_evicted_incarnation_returns(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        rewrite(run, name, at, members=[[0, 1], [1, 1], [2, 1], [3, 1]])


@mutation("G12", "duplicated", "s3-1")
def two_incarnations_are_in_one_view(run: JournalledRun) -> None:
    for name, at in records(run, view=3):
        rewrite(run, name, at, members=[[0, 1], [1, 1], [2, 1], [3, 1], [3, 2]])


# The report.


@mutation("G11", "unexpected", "report")
def the_report_counts_too_much(run: JournalledRun) -> None:
    run.report["count"] += 1


@mutation("G11", "lost", "s0-1")
def the_report_counts_too_little(run: JournalledRun) -> None:
    run.report["count"] -= 1


@mutation("G11", "diverged", "report")
def the_report_has_another_digest(run: JournalledRun) -> None:
    run.report["digest"] = "00" * 32


@mutation("G11", "diverged", "report")
def the_report_has_another_sum(run: JournalledRun) -> None:
    run.report["sumExact"] = "1"


@mutation("G11", "diverged", "s2-1")
def the_report_changes_a_slaves_result(run: JournalledRun) -> None:
    run.report["slaves"][2]["count"] -= 1


@mutation("G11", "lost", "s3-1")
def praise_although_an_evicted_slave_approved_more(run: JournalledRun) -> None:
    an_evicted_slave_approves_beyond_the_cut(run)
    for index in range(run.views[1]["cut"] + 2, run.report["count"] + 2):
        append(run, "s3-1", Note.HELD, 1, index, 1, 90 + index, 1, 1)
    append(run, "s3-1", Note.APPROVED, 1, run.report["count"] + 1, 0)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    change, promise, anomaly, node = MUTATIONS[name]
    run = eventful_run()
    change(run)
    verification = check(run.journals(), run.report, same_clock=True)
    found = [(finding.promise, finding.anomaly, finding.node) for finding in verification.findings]
    assert (promise, anomaly, node) in found, [finding.text for finding in verification.findings]
    assert promise in verification.broken


def quiet_run() -> JournalledRun:
    """Three slaves, no failure; all that is issued is approved in GRACE at the latest."""
    run = JournalledRun(3)
    for turn in range(9):
        run.issue(turn % 3)
        run.approve()
    run.issue(0, 3)
    run.finish()
    return run


def test_a_drain_that_leaves_something_out_is_named() -> None:
    """Without a fault in GRACE, G8 wants everything that was issued."""
    run = quiet_run()
    before = run.report["count"] - 3
    # The closing cut leaves out what only its sender was sure of.
    for name in ("s0-1", "s1-1", "s2-1"):
        for at in reversed(places(run, name, Note.APPROVED)):
            if run.notes[name][at][1][2] > before:
                del run.notes[name][at]
    verification = check(run.journals(), None, same_clock=True)
    drained = [finding for finding in verification.findings if finding.promise is Promise.DRAIN]
    assert [finding.anomaly for finding in drained] == [Anomaly.LOST] * 3
    assert drained[0].index == before + 1


def test_a_fault_in_grace_excuses_the_drain() -> None:
    """G8 is a promise for a GRACE without faults alone."""
    run = quiet_run()
    for name in ("s0-1", "s1-1", "s2-1"):
        del run.notes[name][places(run, name, Note.APPROVED)[-1]]
    for report, grace_faults in (
        ({"verdict": "Partial", "failures": [{"at": 2.1, "kind": "Reset"}]}, False),
        (None, True),
    ):
        verification = check(run.journals(), report, same_clock=True, grace_faults=grace_faults)
        assert Promise.DRAIN not in verification.broken


def test_the_odd_one_out_is_named_and_not_the_many() -> None:
    """Also when the log that differs is the longest."""
    run = quiet_run()
    put(run, "s2-1", 2, (0, 5, draw(run.seed, 0, 5)))
    last = run.report["count"]
    for name in ("s0-1", "s1-1"):
        at = places(run, name, Note.APPROVED)[-1]
        _, view, _, how = run.notes[name][at][1]
        replace(run, name, at, Note.APPROVED, view, last - 1, how)
    verification = check(run.journals(), None, same_clock=True)
    differing = [f.node for f in verification.findings if f.promise is Promise.AGREEMENT]
    assert set(differing) == {"s2-1"}


def test_a_finding_says_what_both_hold_at_the_first_difference() -> None:
    """As in the transcript of README.md: both nodes, the index, both contents."""
    run = quiet_run()
    put(run, "s2-1", 2, (0, 5, draw(run.seed, 0, 5)))
    verification = check(run.journals(), None, same_clock=True)
    [finding] = [f for f in verification.findings if f.promise is Promise.AGREEMENT][:1]
    assert finding.text == (
        "slave 2 (incarnation 1) approved index 2 (0, 5), slave 0 (incarnation 1) has (1, 1) there"
    )
    assert finding.index == 2


def test_a_difference_far_back_is_found_by_its_block() -> None:
    """Logs of several blocks: the first index at which they differ is named, not a later one."""
    run = JournalledRun(2)
    for turn in range(24):
        run.issue(turn % 2, 500)
        run.approve()
    run.finish()
    at = places(run, "s1-1", *ENTRIES)[10]
    kind, view, first, sender, k, count, numbers = run.notes["s1-1"][at][1]
    assert first == 5001
    spoilt = np.array(numbers)
    spoilt[7] += 1
    spoilt[9] += 1
    replace(run, "s1-1", at, kind, view, first, sender, k, count, spoilt)
    verification = check(run.journals(), run.report, same_clock=True)
    found = {finding.promise: finding for finding in verification.findings}
    assert found[Promise.AGREEMENT].index == 5008
    assert found[Promise.NOT_INVENTED].index == 5008


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
