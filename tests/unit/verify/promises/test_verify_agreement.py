"""Approved logs that differ are named, with the first index at which they do (G1)."""

import numpy as np
import pytest
from journalled_run import JournalledRun, draw
from spoiling import ENTRIES, Mutations, content, places, put, quiet_run, replace, rewrite

from ringrun.core.notes import Note
from ringrun.verify import Promise, check

MUTATIONS = Mutations()


@MUTATIONS.add("G1", "diverged", "s1-1")
def a_number_is_changed_in_one_log(run: JournalledRun) -> None:
    sender, k, number = content(run, "s1-1", 3)
    put(run, "s1-1", 3, (sender, k, number ^ 1))


@MUTATIONS.add("G1", "reordered", "s0-1")
def two_entries_are_swapped_in_one_journal(run: JournalledRun) -> None:
    second, third = content(run, "s0-1", 2), content(run, "s0-1", 3)
    put(run, "s0-1", 2, third)
    put(run, "s0-1", 3, second)


@MUTATIONS.add("G1", "diverged", "s2-1")
def one_slave_holds_another_entry(run: JournalledRun) -> None:
    put(run, "s2-1", 4, (0, 2, draw(run.seed, 0, 2)))


@MUTATIONS.add("G1", "diverged", "s3-2")
def a_joiner_begins_from_another_log(run: JournalledRun) -> None:
    [at] = places(run, "s3-2", Note.BASE)
    _, base = run.notes["s3-2"][at][1]
    numbers = bytearray.fromhex(base["numbers"])
    numbers[0] ^= 1
    rewrite(run, "s3-2", at, numbers=numbers.hex())


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)


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
