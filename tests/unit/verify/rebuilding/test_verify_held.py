"""Batches that do not follow what is held (G2)."""

from typing import Any

import numpy as np
import pytest
from journalled_run import JournalledRun
from spoiling import Mutations, holding, insert

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note
from ringrun.verify.findings import Anomaly, Findings
from ringrun.verify.reading.reader import read
from ringrun.verify.rebuilding.held import Held

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


def followed(*notes: tuple[Any, ...], view: int = 1, approved: int = 0) -> tuple[Held, Findings]:
    """What is held after these notes, all written in one view."""
    findings = Findings()
    journal = read("s0-1", MAGIC + Encoder().encode(notes, 1.0))
    held = Held(journal, findings)
    held.take(0, len(journal.entries), view, approved)
    return held, findings


def batch(kind: Note, first: int, count: int = 1) -> tuple[Any, ...]:
    """A note of entries of slave 0."""
    return kind, 1, first, 0, first, count, np.arange(count, dtype=np.uint64)


def test_own_entries_may_wait_for_those_before_them() -> None:
    """Held are they once the gap is filled, at the place where it was."""
    held, findings = followed(batch(Note.ISSUED, 2), batch(Note.HELD, 1))
    assert findings.found == []
    assert held.up_to == 2
    assert held.before(np.array([0, 1, 2])).tolist() == [0, 0, 2]
    assert held.batches().first.tolist() == [1, 2]


def test_an_own_entry_whose_gap_is_never_filled_is_not_held() -> None:
    """It is dropped at the next wedge, and no fault."""
    held, findings = followed(batch(Note.HELD, 1), batch(Note.ISSUED, 5))
    assert (held.up_to, held.whole, findings.found) == (1, True, [])


def test_a_gap_in_what_others_sent_ends_the_log() -> None:
    """What follows cannot be told apart."""
    held, findings = followed(batch(Note.HELD, 1), batch(Note.HELD, 3), batch(Note.HELD, 4))
    assert (held.up_to, held.whole) == (1, False)
    assert [finding.anomaly for finding in findings.found] == [Anomaly.SKIPPED]


def test_what_is_dropped_may_lie_within_a_batch() -> None:
    """The batch is cut, and the next goes on from there."""
    held, _ = followed(batch(Note.HELD, 1, 3), batch(Note.HELD, 4, 3))
    held.drop_after(5)
    assert held.up_to == 5
    assert held.batches().count.tolist() == [3, 2]
    held.drop_after(3)
    assert held.batches().count.tolist() == [3]


def test_a_joiner_may_fetch_anew() -> None:
    """Of an attempt that was given up nothing stays but what was approved."""
    notes = batch(Note.SYNCED, 1, 4), batch(Note.SYNCED, 3, 4)
    held, findings = followed(*notes, view=0, approved=2)
    assert (held.up_to, findings.found) == (6, [])
    assert held.batches().count.tolist() == [2, 4]
    assert held.holdings == {}
    held, findings = followed(*notes, view=1, approved=2)
    assert [finding.anomaly for finding in findings.found] == [Anomaly.DUPLICATED]
