"""Batches whose numbers a journal leaves to the seed."""

from zlib import crc32

import numpy as np
import pytest
from journalled_run import JournalledRun
from spoiling import places

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note
from ringrun.verify import Anomaly, Promise, check
from ringrun.verify.findings import Findings
from ringrun.verify.reading.reader import read
from ringrun.verify.rebuilding.withheld import first_foreign


def burst_run() -> tuple[JournalledRun, dict[str, bytes]]:
    """Two slaves, long bursts, and the journals in which the last of slave 1 has another sum."""
    run = JournalledRun(2)
    for turn in range(4):
        run.issue(turn % 2, 40)
        run.approve()
    run.finish()
    row = places(run, "s1-1", Note.ISSUED, Note.HELD)[-1]
    encoder, data, check_ = Encoder(run.seed), MAGIC, crc32(MAGIC)
    for at, (time, note) in enumerate(run.notes["s1-1"]):
        record = bytearray(encoder.encode([note], time)[:-4])
        if at == row:
            record[-1] ^= 1
        check_ = crc32(record, check_)
        data += bytes(record) + check_.to_bytes(4, "little")
    return run, {**run.journals(), "s1-1": data}


def test_numbers_that_are_the_seeds_are_all_known() -> None:
    """And nothing is found."""
    run, _ = burst_run()
    findings = Findings()
    for name, data in run.journals().items():
        journal = read(name, data)
        assert journal.entries.withheld.all()
        assert first_foreign(journal, findings) == len(journal.entries)
    assert findings.found == []


def test_a_sum_that_the_seed_does_not_give_is_named_by_its_batch() -> None:
    """G5; what the numbers were is not known, so nothing is said of what hangs on them."""
    run, journals = burst_run()
    verification = check(journals, run.report, same_clock=True, lengths=run.lengths())
    [finding] = verification.findings
    assert (finding.promise, finding.anomaly) == (Promise.NOT_INVENTED, Anomaly.UNEXPECTED)
    assert (finding.node, finding.index) == ("s1-1", 121)
    assert finding.text == (
        "slave 1 (incarnation 1) held indices 121 to 160 as draws 41 to 80 of slave 1, and they "
        "are not"
    )
    assert "slave 1 (incarnation 1)'s journal does not add up after index 120" in verification.gaps
    assert Promise.AGREEMENT in dict(verification.unchecked)


@pytest.mark.parametrize("k", [0, 1])
def test_draws_are_counted_from_1(k: int) -> None:
    """Draw 0 is nobody's."""
    numbers = np.arange(20, dtype=np.uint64)
    record = bytearray(Encoder().encode([(Note.HELD, 1, 1, 0, k, 20, numbers)], 0.0))
    journal = read("s0-1", MAGIC + bytes(record))
    assert not journal.entries.withheld.any()
    assert first_foreign(journal, Findings()) == 1
