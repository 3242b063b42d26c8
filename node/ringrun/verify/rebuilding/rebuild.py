"""Rebuilds a slave's history from its journal, and judges what one journal tells (G2, G3, G4).

A log grows by batches and is cut back by a view's cut. If a cut takes away what was approved, what
had been approved stays as a log of its own, to be compared like any other. Where a journal leaves
a gap or holds an index twice, its log ends there: what follows cannot be told apart.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.log import NO_BASE, Log, base_of, batches_of
from ringrun.verify.reading.reader import Document, Integers, Kind, NodeJournal, UnreadableError
from ringrun.verify.rebuilding.history import NODE, History, Installed

_NO_ROWS = np.empty(0, dtype=np.int64)


def rebuild(journal: NodeJournal, node: NODE, findings: Findings) -> History:
    """The history that a slave's journal tells."""
    history = History(journal=journal, node=node)
    _Rebuilding(history, findings).run()
    return history


class _Rebuilding:
    """The state while a journal is gone through, from one view to the next."""

    def __init__(self, history: History, findings: Findings) -> None:
        self.history = history
        self.findings = findings
        self.journal = history.journal
        self.name = history.journal.name
        self.view = 0
        self.held = 0
        self.approved = 0
        # Pieces of the held log: rows of the journal, and how many entries a cut left of the last.
        self.pieces: list[tuple[Integers, int]] = []
        # What was held after which place of the journal, in this stretch.
        self.levels: list[tuple[Integers, Integers]] = []
        self.ended = False

    def run(self) -> None:
        for event, rows, approvals in self._stretches():
            if event is not None:
                if event.kind is Kind.VIEW:
                    self._install(event)
                else:
                    self._begin(event)
            self._hold(*rows)
            self._approve(*approvals)
        self.history.logs.append(self._log())

    def _stretches(
        self,
    ) -> Iterator[tuple[Document | None, tuple[int, int], tuple[int, int]]]:
        """The journal from one VIEW or BASE to the next: rows of entries and of approvals."""
        journal = self.journal
        events: list[Document | None] = [
            document for document in journal.documents if document.kind in {Kind.VIEW, Kind.BASE}
        ]
        bounds = np.array([event.place for event in events if event is not None], dtype=np.int64)
        rows = [0, *journal.entries.place.searchsorted(bounds).tolist(), len(journal.entries)]
        approvals = [
            0,
            *journal.approvals.place.searchsorted(bounds).tolist(),
            len(journal.approvals),
        ]
        for number, event in enumerate([None, *events]):
            yield (
                event,
                (rows[number], rows[number + 1]),
                (approvals[number], approvals[number + 1]),
            )

    def _install(self, event: Document) -> None:
        values = event.values
        try:
            members = tuple((int(ordinal), int(start)) for ordinal, start in values["members"])
            number, cut = int(values["number"]), int(values["cut"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableError(f"{self.name}: a VIEW record lacks {error}") from error
        if self.history.node not in members:
            return  # It was told that the run goes on without it.
        self.history.installed.append(
            Installed(place=event.place, time=event.time, number=number, cut=cut, members=members)
        )
        if not self.view and self.history.base is not NO_BASE:
            self.history.based_before = number
        self.view = number
        if cut > self.held and not self.ended:
            self.findings.add(
                Promise.UNIFORM,
                Anomaly.LOST,
                self.name,
                f"{called(self.name)} installed view {number} with cut {cut:,} and held only "
                f"{self.held:,}",
                index=self.held + 1,
                seen=self.held,
                other=cut,
            )
            self.ended, self.history.whole = True, False
        if cut < self.held:
            self._cut_back(number, cut)

    def _begin(self, event: Document) -> None:
        base = base_of(self.name, event.values)
        if self.view:
            self.findings.add(
                Promise.UNIFORM,
                Anomaly.UNEXPECTED,
                self.name,
                f"{called(self.name)} began anew from a fold of {base.count:,} after it had "
                f"installed view {self.view}",
                index=base.count,
            )
            return
        self.history.base = base
        self.pieces.clear()
        self.held = self.approved = base.count

    def _cut_back(self, number: int, cut: int) -> None:
        if cut < self.approved:
            self.findings.add(
                Promise.UNIFORM,
                Anomaly.LOST,
                self.name,
                f"{called(self.name)} had approved index {self.approved:,} when it installed view "
                f"{number} with cut {cut:,}",
                index=cut + 1,
                seen=self.approved,
                other=cut,
            )
            self.history.logs.append(self._log())
            self.approved = cut
            if cut < self.history.base.count:
                self.ended, self.history.whole = True, False
                return
        self._drop_after(cut)

    def _drop_after(self, index: int) -> None:
        """Hold nothing beyond this index."""
        first, count = self.journal.entries.first, self.journal.entries.count
        while self.pieces:
            rows, _ = self.pieces.pop()
            stop = int(first[rows].searchsorted(index, "right"))
            if stop:
                last = rows[stop - 1]
                left = min(int(count[last]), index + 1 - int(first[last]))
                self.pieces.append((rows[:stop], left))
                break
        self.held = index

    def _hold(self, begin: int, end: int) -> None:
        """Take the rows of this stretch into the log, up to the first that does not follow."""
        self.levels = [(np.array([-1]), np.array([self.held]))]
        if begin == end:
            return
        self._look_at_tags(begin, end)
        # What is fetched while wedged comes in order. Before that, what the slave itself issued
        # may lie ahead of what it holds; what still does at a wedge is dropped.
        synced = self.journal.entries.kind[begin:end] == Kind.SYNCED
        bounds = (np.flatnonzero(synced[1:] != synced[:-1]) + 1 + begin).tolist()
        for first, last in pairwise([begin, *bounds, end]):
            rows = np.arange(first, last)
            if synced[first - begin]:
                while len(rows) and not self.ended:
                    rows = self._fetch(rows)
            elif not self.ended:
                self._receive(rows)

    def _fetch(self, rows: Integers) -> Integers:
        """Take rows that were fetched; those that do not follow come back, to be taken anew."""
        rows = rows[self._follow(rows) :]
        if not len(rows):
            return rows
        first = int(self.journal.entries.first[rows[0]])
        if self.approved < first <= self.held and not self.view:
            # A joiner's fetch of an attempt that was given up; what it fetches now replaces it.
            self._drop_after(first - 1)
        else:
            self._misfit(int(rows[0]))
        return rows

    def _receive(self, rows: Integers) -> None:
        """Take rows that were issued or received, in the order of their indices."""
        entries = self.journal.entries
        first = entries.first[rows]
        if (first[1:] < first[:-1]).any():
            rows = rows[np.argsort(first, kind="stable")]
        rest = rows[self._follow(rows) :]
        # Own entries may wait for others before them; those of others are held without a gap.
        others = rest[entries.kind[rest] != Kind.ISSUED]
        if len(rest) and int(entries.first[rest[0]]) <= self.held:
            self._misfit(int(rest[0]))
        elif len(others):
            self._misfit(int(others[0]))

    def _follow(self, rows: Integers) -> int:
        """Take rows as long as each goes on where the one before ends; how many that are."""
        entries = self.journal.entries
        first = entries.first[rows]
        after = first + entries.count[rows]
        follows = np.empty(len(rows), dtype=bool)
        follows[0] = first[0] == self.held + 1
        follows[1:] = first[1:] == after[:-1]
        taken = len(rows) if follows.all() else int(follows.argmin())
        if not taken:
            return 0
        rows, up_to = rows[:taken], after[:taken] - 1
        # A row is held once it and all before it are in the journal.
        held_at = np.maximum.accumulate(rows)
        self.levels.append((entries.place[held_at], up_to))
        if self.view and entries.kind[rows[0]] != Kind.SYNCED:
            self.history.holdings.setdefault(self.view, []).append((up_to, entries.time[held_at]))
        self.pieces.append((rows, int(entries.count[rows[-1]])))
        self.held = int(up_to[-1])
        return taken

    def _misfit(self, row: int) -> None:
        """A row that neither follows what is held nor may be ahead of it: the log ends here."""
        entries = self.journal.entries
        first = int(entries.first[row])
        entry = [int(entries.sender[row]), int(entries.k[row])]
        self.ended = True
        self.history.whole = False
        if first <= self.held:
            self.findings.add(
                Promise.CONTIGUOUS,
                Anomaly.DUPLICATED,
                self.name,
                f"{called(self.name)} held index {first:,} again, as ({entry[0]}, {entry[1]:,})",
                index=first,
                seen=entry,
            )
        else:
            self.findings.add(
                Promise.CONTIGUOUS,
                Anomaly.SKIPPED,
                self.name,
                f"{called(self.name)} held index {first:,} ({entry[0]}, {entry[1]:,}) next after "
                f"{self.held:,}",
                index=self.held + 1,
                seen=first,
                other=self.held + 1,
            )

    def _look_at_tags(self, begin: int, end: int) -> None:
        """Data is taken in the installed view alone, and what is issued is the slave's own."""
        entries = self.journal.entries
        kind = entries.kind[begin:end]
        astray = (kind != Kind.SYNCED) & (entries.view[begin:end] != self.view)
        if astray.any():
            row = begin + int(astray.argmax())
            self.findings.add(
                Promise.CONFIRMED,
                Anomaly.UNEXPECTED,
                self.name,
                f"{called(self.name)} took index {int(entries.first[row]):,} of view "
                f"{int(entries.view[row])} while in view {self.view}",
                index=int(entries.first[row]),
                seen=int(entries.view[row]),
                other=self.view,
            )
        foreign = (kind == Kind.ISSUED) & (entries.sender[begin:end] != self.history.node[0])
        if foreign.any():
            row = begin + int(foreign.argmax())
            self.findings.add(
                Promise.NOT_INVENTED,
                Anomaly.UNEXPECTED,
                self.name,
                f"{called(self.name)} issued index {int(entries.first[row]):,} as slave "
                f"{int(entries.sender[row])}",
                index=int(entries.first[row]),
                seen=int(entries.sender[row]),
                other=self.history.node[0],
            )

    def _approve(self, begin: int, end: int) -> None:
        """Take this stretch's approvals."""
        if begin == end:
            return
        approvals = self.journal.approvals
        up_to = approvals.up_to[begin:end]
        places = np.concatenate([place for place, _ in self.levels])
        levels = np.concatenate([level for _, level in self.levels])
        held = levels[places.searchsorted(approvals.place[begin:end]) - 1]
        too_far = up_to > held
        if too_far.any() and not self.ended:
            number = int(too_far.argmax())
            index = int(held[number]) + 1
            self.findings.add(
                Promise.CONFIRMED,
                Anomaly.UNCONFIRMED,
                self.name,
                f"{called(self.name)} approved index {index:,} before it held it",
                index=index,
                seen=int(up_to[number]),
                other=int(held[number]),
            )
        self._look_back(up_to)
        views = approvals.view[begin:end]
        ends_view = np.flatnonzero(views[1:] != views[:-1]).tolist()
        for last in [*ends_view, len(views) - 1]:
            view, index = int(views[last]), int(up_to[last])
            self.history.approved_in[view] = max(self.history.approved_in.get(view, 0), index)
        confirmed = (approvals.how[begin:end] == 0) & (views != self.view)
        if confirmed.any():
            number = int(confirmed.argmax())
            self.findings.add(
                Promise.CONFIRMED,
                Anomaly.UNEXPECTED,
                self.name,
                f"{called(self.name)} approved index {int(up_to[number]):,} in view "
                f"{int(views[number])} while in view {self.view}",
                index=int(up_to[number]),
                seen=int(views[number]),
                other=self.view,
            )
        self.approved = min(max(self.approved, int(up_to.max())), max(self.held, self.approved))

    def _look_back(self, up_to: Integers) -> None:
        before = np.concatenate(([self.approved], up_to[:-1]))
        back = up_to < before
        if back.any():
            number = int(back.argmax())
            self.findings.add(
                Promise.CONTIGUOUS,
                Anomaly.DUPLICATED,
                self.name,
                f"{called(self.name)} approved up to {int(up_to[number]):,} after it had approved "
                f"up to {int(before[number]):,}",
                index=int(up_to[number]),
                seen=int(up_to[number]),
                other=int(before[number]),
            )

    def _log(self) -> Log:
        """What is approved now, as a log of its own."""
        whole = batches_of(self.journal)
        rows = np.concatenate([_NO_ROWS, *(piece for piece, _ in self.pieces)])
        begin = int(rows[0]) if len(rows) else 0
        if (rows == np.arange(begin, begin + len(rows))).all() and all(
            left == whole.count[piece[-1]] for piece, left in self.pieces
        ):
            batches = whole.rows(begin, begin + len(rows))
        else:
            batches = whole.chosen(rows)
            at = -1
            for piece, left in self.pieces:
                at += len(piece)
                batches.count[at] = left
        length = min(self.approved, max(self.held, self.history.base.count))
        return Log(self.name, self.history.base, batches, length)
