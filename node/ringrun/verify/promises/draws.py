"""Each log by itself: a sender's draws come in order (G2), its numbers are its stream's (G5)."""

import numpy as np

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.log import CHUNK, Batches, Log, Slice, batches_of
from ringrun.verify.reading.numbers import BLOCK, Streams
from ringrun.verify.reading.reader import NodeJournal

# Draws that lie far apart are computed one by one, and not for ever.
_SPARSE_MOST = 1000


def check_draws(log: Log, findings: Findings) -> None:
    """In a log each sender's draws are 1, 2, 3, ... (G2)."""
    rows = log.batches
    rows = rows.rows(0, int(rows.first.searchsorted(log.length, "right")))
    if not len(rows):
        return
    small = rows.sender.astype(np.uint16) if int(rows.sender.max()) < 65536 else rows.sender
    order = np.argsort(small, kind="stable")
    sender, k = rows.sender[order], rows.k[order]
    after = k + rows.count[order]
    expected = np.empty_like(k)
    expected[1:] = after[:-1]
    begins = np.concatenate(([True], sender[1:] != sender[:-1]))
    expected[begins] = [log.base.senders.get(s, 0) + 1 for s in sender[begins].tolist()]
    wrong = k != expected
    if not wrong.any():
        return
    at = order[wrong]
    row = int(at.min())
    position = int(np.flatnonzero(order == row)[0])
    index, who = int(rows.first[row]), int(sender[position])
    seen, due = int(k[position]), int(expected[position])
    if seen < due:
        anomaly, what = Anomaly.DUPLICATED, "was there before"
    elif _comes_later(rows, row, who, due):
        anomaly, what = Anomaly.REORDERED, f"stands before ({who}, {due:,})"
    else:
        anomaly, what = Anomaly.SKIPPED, f"came where ({who}, {due:,}) was due"
    findings.add(
        Promise.CONTIGUOUS,
        anomaly,
        log.name,
        f"{called(log.name)} approved index {index:,} ({who}, {seen:,}), which {what}",
        index=index,
        seen=[who, seen],
        other=[who, due],
    )


def _comes_later(rows: Batches, row: int, sender: int, k: int) -> bool:
    later = slice(row + 1, None)
    begins = rows.k[later]
    return bool(
        ((rows.sender[later] == sender) & (begins <= k) & (k < begins + rows.count[later])).any()
    )


def check_numbers(journal: NodeJournal, findings: Findings) -> None:
    """Every number that a slave held is the one its sender's stream gives (G5).

    Those that its journal leaves to the stream were looked at by `rebuilding.withheld`.
    """
    rows = batches_of(journal)
    if journal.entries.withheld.any():
        rows = rows.chosen(np.flatnonzero(~journal.entries.withheld))
    streams = journal.streams
    if not len(rows):
        return
    total = np.cumsum(rows.count)
    begin = 0
    while begin < len(rows):
        before = int(total[begin - 1]) if begin else 0
        end = max(begin + 1, int(total.searchsorted(before + CHUNK, "right")))
        if _check_rows(journal.name, rows.rows(begin, end), streams, findings):
            return
        begin = end


def _check_rows(name: str, rows: Batches, streams: Streams, findings: Findings) -> bool:
    """Whether a number was found that is not of its stream."""
    for sender in np.unique(rows.sender).tolist():
        mine = rows.chosen(np.flatnonzero(rows.sender == sender))
        some = mine.spread()
        position = _first_wrong(sender, some, streams)
        if position < 0:
            continue
        row = int(np.cumsum(mine.count).searchsorted(position, "right"))
        index = int(mine.first[row]) + position - int(mine.count[:row].sum())
        _, k, seen = some.at(position)
        due = int(streams.take(sender, k, 1)[0]) if k > 0 else 0
        findings.add(
            Promise.NOT_INVENTED,
            Anomaly.UNEXPECTED,
            name,
            f"{called(name)} held index {index:,} ({sender}, {k:,}) = {seen}, draw {k:,} of slave "
            f"{sender} is {due}",
            index=index,
            seen=seen,
            other=due,
        )
        return True
    return False


def _first_wrong(sender: int, some: Slice, streams: Streams) -> int:
    """The position of the first number that is not of the stream, -1 if all are."""
    ks = some.ks
    low, high = int(ks.min()), int(ks.max())
    if low < 1:
        return int((ks < 1).argmax())
    if high - low < 4 * len(ks) + BLOCK:
        wrong = some.numbers != streams.take(sender, low, high - low + 1)[ks - low]
        return int(wrong.argmax()) if wrong.any() else -1
    for position, k in enumerate(ks[:_SPARSE_MOST].tolist()):
        if some.numbers[position] != streams.take(sender, k, 1)[0]:
            return position
    return -1
