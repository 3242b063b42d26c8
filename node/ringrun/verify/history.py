"""What one slave went through, rebuilt from its journal: the views it installed, the log it held,
what it approved in which view (G2, G3, G4 as far as one journal tells).

A log grows by batches and is cut back by a view's cut. If a cut takes away what was approved, what
had been approved stays as a log of its own, to be compared like any other. Where a journal leaves
a gap or holds an index twice, its log ends there: what follows cannot be told apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.log import NO_BASE, Base, Log, base_of, batches_of
from ringrun.verify.reader import Document, Integers, Kind, NodeJournal, UnreadableError

NODE = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A view as a slave installed it."""

    place: int
    time: float
    number: int
    cut: int
    members: tuple[NODE, ...]


@dataclass(slots=True, kw_only=True)
class History:
    """One incarnation of one slave. `logs`: what it approved; all but the last were cut back."""

    journal: NodeJournal
    node: NODE
    installed: list[Installed] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    approved_in: dict[int, int] = field(default_factory=dict)
    """The highest index approved in each view, whether confirmed or by a cut."""
    base: Base = NO_BASE
    based_before: int = 0
    """The view before which the log that it was given was approved, 0 if it never joined one."""

    @property
    def name(self) -> str:
        return self.journal.name

    @property
    def log(self) -> Log:
        """The log that goes on."""
        return self.logs[-1]

    def approved_at(self, place: int) -> int:
        """The highest index approved before this record of the journal."""
        approvals = self.journal.approvals
        before = int(approvals.place.searchsorted(place))
        confirmed = int(approvals.up_to[:before].max()) if before else 0
        return max(confirmed, self.base.count)


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
        # Pieces of the held log: rows of the journal, from one to before another, and how many
        # entries of its last row a cut left.
        self.pieces: list[tuple[int, int, int]] = []
        self.ended = False

    def run(self) -> None:
        for event, rows, approvals in self._stretches():
            if event is not None:
                if event.kind is Kind.VIEW:
                    self._install(event)
                else:
                    self._begin(event)
            held_before = self.held
            self._hold(*rows)
            self._approve(held_before, rows, *approvals)
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
            self.ended = True
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
                self.ended = True
                return
        self._drop_after(cut)

    def _drop_after(self, index: int) -> None:
        """Hold nothing beyond this index."""
        first, count = self.journal.entries.first, self.journal.entries.count
        while self.pieces:
            begin, end, _ = self.pieces.pop()
            stop = begin + int(first[begin:end].searchsorted(index, "right"))
            if stop > begin:
                last = stop - 1
                left = min(int(count[last]), index + 1 - int(first[last]))
                self.pieces.append((begin, stop, left))
                break
        self.held = index

    def _hold(self, begin: int, end: int) -> None:
        """Take the rows of this stretch into the log, up to the first that does not follow."""
        entries = self.journal.entries
        if begin < end:
            self._look_at_tags(begin, end)
        while begin < end and not self.ended:
            first, count = entries.first[begin:end], entries.count[begin:end]
            after = first + count
            follows = np.empty(len(first), dtype=bool)
            follows[0] = first[0] == self.held + 1
            follows[1:] = first[1:] == after[:-1]
            wrong = len(first) if follows.all() else int(follows.argmin())
            if wrong:
                self.pieces.append((begin, begin + wrong, int(count[wrong - 1])))
                self.held = int(after[wrong - 1]) - 1
            begin += wrong
            if begin < end:
                self._misfit(begin)

    def _misfit(self, row: int) -> None:
        """A row that does not follow what is held: a joiner that fetches anew, or a fault."""
        entries = self.journal.entries
        first = int(entries.first[row])
        is_synced = entries.kind[row] == Kind.SYNCED
        if first <= self.held and is_synced and not self.view and first > self.approved:
            # A joiner's fetch of an attempt that was given up; what it fetches now replaces it.
            self._drop_after(first - 1)
            return
        entry = [int(entries.sender[row]), int(entries.k[row])]
        self.ended = True
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

    def _approve(self, held_before: int, rows: tuple[int, int], begin: int, end: int) -> None:
        """Take this stretch's approvals."""
        if begin == end:
            return
        approvals, entries = self.journal.approvals, self.journal.entries
        up_to = approvals.up_to[begin:end]
        ends = (entries.first[rows[0] : rows[1]] + entries.count[rows[0] : rows[1]]) - 1
        reached = entries.place[rows[0] : rows[1]].searchsorted(approvals.place[begin:end])
        held = np.concatenate(([held_before], ends))[reached]
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
        pieces = self.pieces
        if len(pieces) == 1 and pieces[0][2] == whole.count[pieces[0][1] - 1]:
            batches = whole.rows(pieces[0][0], pieces[0][1])
        else:
            batches = whole.chosen(
                np.concatenate(
                    [np.empty(0, dtype=np.int64)]
                    + [np.arange(begin, end, dtype=np.int64) for begin, end, _ in pieces]
                )
            )
            at = 0
            for begin, end, left in pieces:
                at += end - begin
                batches.count[at - 1] = left
        length = min(self.approved, max(self.held, self.history.base.count))
        return Log(self.name, self.history.base, batches, length)
