"""Draws that are left out, used twice or invented (G2, G5)."""

import pytest
from journalled_run import JournalledRun, draw
from spoiling import Mutations, content, put

MUTATIONS = Mutations()


@MUTATIONS.add("G5", "unexpected", "s1-1")
def a_number_is_changed(run: JournalledRun) -> None:
    sender, k, number = content(run, "s1-1", 3)
    put(run, "s1-1", 3, (sender, k, number ^ 1))


@MUTATIONS.add("G5", "unexpected", "s2-1")
def a_draw_number_is_not_positive(run: JournalledRun) -> None:
    sender, _, number = content(run, "s2-1", 2)
    put(run, "s2-1", 2, (sender, 0, number))


@MUTATIONS.add("G5", "unexpected", "s0-1")
def a_draw_is_far_away(run: JournalledRun) -> None:
    sender, _, number = content(run, "s0-1", 2)
    put(run, "s0-1", 2, (sender, 2**60, number))


@MUTATIONS.add("G2", "duplicated", "s0-1")
def a_draw_is_used_twice_by_all(run: JournalledRun) -> None:
    last = run.report["count"]
    sender, k, _ = content(run, "s0-1", last)
    for name in ("s0-1", "s1-1", "s2-1", "s3-2"):
        put(run, name, last, (sender, k - 1, draw(run.seed, sender, k - 1)))


@MUTATIONS.add("G2", "skipped", "s0-1")
def a_draw_is_left_out_by_all(run: JournalledRun) -> None:
    last = run.report["count"]
    sender, k, _ = content(run, "s0-1", last)
    for name in ("s0-1", "s1-1", "s2-1", "s3-2"):
        put(run, name, last, (sender, k + 1, draw(run.seed, sender, k + 1)))


@MUTATIONS.add("G2", "reordered", "s1-1")
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


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_run_is_named(name: str) -> None:
    """The promise, the anomaly and the node are those that the mutation touched."""
    MUTATIONS.must_be_named(name)
