"""What one slave holds, followed batch by batch through its journal: without a gap, once each (G2).

Called by `rebuild`, which says when a view cuts it back and what is approved of it. Where a journal
leaves a gap or holds an index twice, it ends: what follows cannot be told apart.
"""

from itertools import pairwise

import numpy as np

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.columns import Integers, Times
from ringrun.verify.reading.log import Batches, batches_of
from ringrun.verify.reading.reader import Kind, NodeJournal
from ringrun.verify.rebuilding.withheld import first_foreign

_NO_ROWS = np.empty(0, dtype=np.int64)


class Held:
    """The held log while a journal is gone through, from one view to the next."""

    def __init__(self, journal: NodeJournal, findings: Findings) -> None:
        self.up_to = 0
        self.whole = True
        """Whether it could be followed so far."""
        self.holdings: dict[int, list[tuple[Integers, Times]]] = {}
        """How far it held in each view, and since when; what it fetched while wedged is left out.
        """
        self._journal = journal
        self._findings = findings
        # From here on the journal's numbers are known to nobody.
        self._known = first_foreign(journal, findings)
        # Rows of the journal, and how many entries a cut left of the last.
        self._pieces: list[tuple[Integers, int]] = []
        # What was held after which place of the journal, in this stretch.
        self._levels: list[tuple[Integers, Integers]] = []

    def begin(self, count: int) -> None:
        """Start anew, behind a fold of this many entries."""
        self._pieces.clear()
        self.up_to = count

    def end(self) -> None:
        """Follow no further: the journal contradicts itself here."""
        if self.whole:
            name = self._journal.name
            what = f"{called(name)}'s journal does not add up"
            self._findings.evidence.lacks(name, what, f" after index {self.up_to:,}")
        self.whole = False

    def drop_after(self, index: int) -> None:
        """Hold nothing beyond this index."""
        first, count = self._journal.entries.first, self._journal.entries.count
        while self._pieces:
            rows, _ = self._pieces.pop()
            stop = int(first[rows].searchsorted(index, "right"))
            if stop:
                last = rows[stop - 1]
                left = min(int(count[last]), index + 1 - int(first[last]))
                self._pieces.append((rows[:stop], left))
                break
        self.up_to = index

    def take(self, begin: int, end: int, view: int, approved: int) -> None:
        """Take these rows of the journal, up to the first that does not follow.

        They were written in `view`, 0 before the first, with this index `approved`.
        """
        self._levels = [(np.array([-1]), np.array([self.up_to]))]
        known = max(begin, min(end, self._known))
        if begin < known:
            self._take(begin, known, view, approved)
        if known < end:
            self.end()

    def _take(self, begin: int, end: int, view: int, approved: int) -> None:
        # What is fetched while wedged comes in order. Before that, what the slave itself issued
        # may lie ahead of what it holds; what still does at a wedge is dropped.
        synced = self._journal.entries.kind[begin:end] == Kind.SYNCED
        bounds = (np.flatnonzero(synced[1:] != synced[:-1]) + 1 + begin).tolist()
        for first, last in pairwise([begin, *bounds, end]):
            rows = np.arange(first, last)
            if synced[first - begin]:
                while len(rows) and self.whole:
                    rows = self._fetch(rows, view, approved)
            elif self.whole:
                self._receive(rows, view)

    def before(self, places: Integers) -> Integers:
        """What was held before each of these places of the journal, all in the last stretch."""
        at = np.concatenate([place for place, _ in self._levels])
        levels = np.concatenate([level for _, level in self._levels])
        return levels[at.searchsorted(places) - 1]

    def batches(self) -> Batches:
        """What is held, in order; what was given with a fold is not in it."""
        whole = batches_of(self._journal)
        rows = np.concatenate([_NO_ROWS, *(piece for piece, _ in self._pieces)])
        begin = int(rows[0]) if len(rows) else 0
        if (rows == np.arange(begin, begin + len(rows))).all() and all(
            left == whole.count[piece[-1]] for piece, left in self._pieces
        ):
            return whole.rows(begin, begin + len(rows))
        batches = whole.chosen(rows)
        at = -1
        for piece, left in self._pieces:
            at += len(piece)
            batches.count[at] = left
        return batches

    def _fetch(self, rows: Integers, view: int, approved: int) -> Integers:
        """Take rows that were fetched; those that do not follow come back, to be taken anew."""
        rows = rows[self._follow(rows, view) :]
        if not len(rows):
            return rows
        first = int(self._journal.entries.first[rows[0]])
        if approved < first <= self.up_to and not view:
            # A joiner's fetch of an attempt that was given up; what it fetches now replaces it.
            self.drop_after(first - 1)
        else:
            self._misfit(int(rows[0]))
        return rows

    def _receive(self, rows: Integers, view: int) -> None:
        """Take rows that were issued or received, in the order of their indices."""
        entries = self._journal.entries
        first = entries.first[rows]
        if (first[1:] < first[:-1]).any():
            rows = rows[np.argsort(first, kind="stable")]
        rest = rows[self._follow(rows, view) :]
        # Own entries may wait for others before them; those of others are held without a gap.
        others = rest[entries.kind[rest] != Kind.ISSUED]
        if len(rest) and int(entries.first[rest[0]]) <= self.up_to:
            self._misfit(int(rest[0]))
        elif len(others):
            self._misfit(int(others[0]))

    def _follow(self, rows: Integers, view: int) -> int:
        """Take rows as long as each goes on where the one before ends; how many that are."""
        entries = self._journal.entries
        first = entries.first[rows]
        after = first + entries.count[rows]
        follows = np.empty(len(rows), dtype=bool)
        follows[0] = first[0] == self.up_to + 1
        follows[1:] = first[1:] == after[:-1]
        taken = len(rows) if follows.all() else int(follows.argmin())
        if not taken:
            return 0
        rows, up_to = rows[:taken], after[:taken] - 1
        # A row is held once it and all before it are in the journal.
        held_at = np.maximum.accumulate(rows)
        self._levels.append((entries.place[held_at], up_to))
        if view and entries.kind[rows[0]] != Kind.SYNCED:
            self.holdings.setdefault(view, []).append((up_to, entries.time[held_at]))
        self._pieces.append((rows, int(entries.count[rows[-1]])))
        self.up_to = int(up_to[-1])
        return taken

    def _misfit(self, row: int) -> None:
        """A row that neither follows what is held nor may be ahead of it: the log ends here."""
        entries, name = self._journal.entries, self._journal.name
        first = int(entries.first[row])
        entry = [int(entries.sender[row]), int(entries.k[row])]
        self.end()
        if first <= self.up_to:
            self._findings.add(
                Promise.CONTIGUOUS,
                Anomaly.DUPLICATED,
                name,
                f"{called(name)} held index {first:,} again, as ({entry[0]}, {entry[1]:,})",
                index=first,
                seen=entry,
            )
        else:
            self._findings.add(
                Promise.CONTIGUOUS,
                Anomaly.SKIPPED,
                name,
                f"{called(name)} held index {first:,} ({entry[0]}, {entry[1]:,}) next after "
                f"{self.up_to:,}",
                index=self.up_to + 1,
                seen=first,
                other=self.up_to + 1,
            )
