"""Numbers that a journal leaves to the seed: whether they were what the seed gives (G5).

A long batch has the CRC-32 of its numbers in their place. Where it is another than that of the
sender's draws, the slave held something else, and what that was nobody can tell any more: `held`
follows the journal no further.
"""

from zlib import crc32

import numpy as np

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.reader import NodeJournal


def first_foreign(journal: NodeJournal, findings: Findings) -> int:
    """The first batch whose numbers are not its sender's draws; the number of batches if none."""
    entries = journal.entries
    rows = np.flatnonzero(entries.withheld)
    if not len(rows):
        return len(entries)
    senders, ks = entries.sender[rows].tolist(), entries.k[rows].tolist()
    counts, sums = entries.count[rows].tolist(), journal.sums[entries.at[rows]].tolist()
    for row, sender, k, count, kept in zip(rows.tolist(), senders, ks, counts, sums, strict=True):
        if k >= 1 and crc32(journal.streams.take(sender, k, count).data) == kept:
            continue
        first = int(entries.first[row])
        findings.add(
            Promise.NOT_INVENTED,
            Anomaly.UNEXPECTED,
            journal.name,
            f"{called(journal.name)} held indices {first:,} to {first + count - 1:,} as draws "
            f"{k:,} to {k + count - 1:,} of slave {sender}, and they are not",
            index=first,
            seen=kept,
            other=[sender, k],
        )
        return row
    return len(entries)
