"""The evidence of a good run, damaged in every way: nobody is accused, and nothing is praised.

What is damaged or missing is not checked; it never breaks a promise that held, and the last word
is never Clean. With RINGRUN_EXHAUSTIVE=1 all combinations of two are tried, else some of them.
"""

import os
from collections.abc import Iterator
from itertools import combinations, product
from random import Random

import pytest
from journalled_run import JournalledRun, eventful_run
from spoiling import quiet_run

from ringrun.core.journal_bytes import MAGIC
from ringrun.verify import Verification, check
from ringrun.verify.reading.reader import read

EXHAUSTIVE = bool(os.environ.get("RINGRUN_EXHAUSTIVE"))
SOME = 600

RUNS = {"eventful": eventful_run(), "quiet": quiet_run()}
WHOLE = {name: run.journals() for name, run in RUNS.items()}


def bounds_of(run: JournalledRun, node: str) -> list[int]:
    """Where each record of a journal ends, and where the first begins."""
    bounds = [len(MAGIC)]
    for record in run.records()[node]:
        bounds.append(bounds[-1] + len(record))
    return bounds


def checked(run: JournalledRun, journals: dict[str, bytes]) -> Verification:
    """As `ringrun verify` does with the folder of a local run."""
    return check(journals, run.report, same_clock=True, lengths=run.lengths())


@pytest.mark.parametrize("which", RUNS)
def test_the_runs_are_clean_as_they_are(which: str) -> None:
    """Else nothing here would say anything."""
    verification = checked(RUNS[which], WHOLE[which])
    assert verification.clean
    assert verification.findings == ()


@pytest.mark.parametrize(
    ("which", "node"), [(which, node) for which, all_of in WHOLE.items() for node in all_of]
)
def test_every_byte_that_is_flipped_is_found_at_its_record(which: str, node: str) -> None:
    """What lies before it is read as if the journal ended there, and nothing of the rest."""
    data, bounds = WHOLE[which][node], bounds_of(RUNS[which], node)
    cut = {bound: read(node, data[:bound]) for bound in [0, *bounds]}
    for at in range(len(data)):
        spoilt = bytearray(data)
        spoilt[at] ^= 1 << at % 8
        journal = read(node, bytes(spoilt))
        hit = max((bound for bound in bounds if bound <= at), default=0)
        before = cut[hit] if hit else cut[0]
        assert journal.damage, at
        assert [each.place for each in journal.documents] == [
            each.place for each in before.documents
        ]
        assert journal.entries.first.tolist() == before.entries.first.tolist()
        assert journal.approvals.up_to.tolist() == before.approvals.up_to.tolist()
        assert journal.checkpoints == before.checkpoints


def damages(run: JournalledRun, node: str) -> list[tuple[str, int]]:
    """A journal deleted (-1), or cut at each of its records."""
    return [(node, -1), (node, 0), *((node, bound) for bound in bounds_of(run, node)[:-1])]


def pairs(run: JournalledRun) -> Iterator[tuple[tuple[str, int], ...]]:
    """All combinations of two damages, and of one."""
    for node in run.notes:
        yield from ((damage,) for damage in damages(run, node))
    for one, two in combinations(run.notes, 2):
        yield from product(damages(run, one), damages(run, two))


@pytest.mark.parametrize("which", RUNS)
def test_no_journal_that_is_deleted_or_cut_accuses_or_praises(which: str) -> None:
    """In all combinations of one and two, at every record."""
    run, whole = RUNS[which], WHOLE[which]
    every = list(pairs(run))
    chosen = every if EXHAUSTIVE else Random(14).sample(every, min(SOME, len(every)))
    for damage in chosen:
        journals = dict(whole)
        for node, at in damage:
            del journals[node]
            if at >= 0:
                journals[node] = whole[node][:at]
        verification = checked(run, journals)
        assert verification.findings == (), (damage, [f.text for f in verification.findings])
        assert not verification.clean, damage
        assert verification.unchecked
        assert len(verification.gaps) >= len(damage)


@pytest.mark.parametrize("which", RUNS)
def test_without_lengths_and_report_nobody_is_accused_either(which: str) -> None:
    """As of journals that were fetched from somewhere: then less can be told, and it is said."""
    run, whole = RUNS[which], WHOLE[which]
    every = list(pairs(run))
    for damage in Random(15).sample(every, min(SOME // 2, len(every))):
        journals = dict(whole)
        for node, at in damage:
            del journals[node]
            if at >= 0:
                journals[node] = whole[node][:at]
        verification = check(journals, None, same_clock=True)
        assert verification.findings == (), (damage, [f.text for f in verification.findings])
        assert not verification.clean
