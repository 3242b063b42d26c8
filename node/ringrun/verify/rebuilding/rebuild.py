"""Rebuilds a slave's history from its journal, and judges what one journal tells (G2, G3, G4).

A log grows by batches (`held`) and is cut back by a view's cut. If a cut takes away what was
approved, what had been approved stays as a log of its own, to be compared like any other.
"""

from collections.abc import Iterator

import numpy as np

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.columns import Integers
from ringrun.verify.reading.log import NO_BASE, Log, base_of
from ringrun.verify.reading.reader import Document, Kind, NodeJournal, UnreadableError
from ringrun.verify.rebuilding.held import Held
from ringrun.verify.rebuilding.history import NODE, History, Installed
from ringrun.verify.rebuilding.tags import check_tags


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
        self.approved = 0
        self.held = Held(self.journal, findings)

    def run(self) -> None:
        for event, rows, approvals in self._stretches():
            if event is not None:
                if event.kind is Kind.VIEW:
                    self._install(event)
                else:
                    self._begin(event)
            check_tags(self.journal, self.history.node[0], self.view, *rows, self.findings)
            self.held.take(*rows, self.view, self.approved)
            self._approve(*approvals)
        self.history.logs.append(self._log())
        self.history.holdings, self.history.whole = self.held.holdings, self.held.whole

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
        members = tuple((int(ordinal), int(start)) for ordinal, start in values["members"])
        number, cut = int(values["number"]), int(values["cut"])
        if self.history.node not in members:
            return  # It was told that the run goes on without it.
        self.history.installed.append(
            Installed(place=event.place, time=event.time, number=number, cut=cut, members=members)
        )
        if not self.view and self.history.base is not NO_BASE:
            self.history.based_before = number
        self.view = number
        if cut > self.held.up_to and self.held.whole:
            self.findings.add(
                Promise.UNIFORM,
                Anomaly.LOST,
                self.name,
                f"{called(self.name)} installed view {number} with cut {cut:,} and held only "
                f"{self.held.up_to:,}",
                index=self.held.up_to + 1,
                seen=self.held.up_to,
                other=cut,
            )
            self.held.end()
        if cut < self.held.up_to:
            self._cut_back(number, cut)

    def _begin(self, event: Document) -> None:
        try:
            base = base_of(self.name, event.values)
        except UnreadableError as error:
            self.findings.evidence.lacks(
                self.name,
                f"{called(self.name)} began from a fold that does not add up",
                f": {error}",
            )
            self.held.end()
            return
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
        self.approved = base.count
        self.held.begin(base.count)

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
                self.held.end()
                return
        self.held.drop_after(cut)

    def _approve(self, begin: int, end: int) -> None:
        """Take this stretch's approvals."""
        if begin == end:
            return
        approvals = self.journal.approvals
        up_to = approvals.up_to[begin:end]
        held = self.held.before(approvals.place[begin:end])
        too_far = up_to > held
        if too_far.any() and self.held.whole:
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
        self.approved = min(
            max(self.approved, int(up_to.max())), max(self.held.up_to, self.approved)
        )

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
        base = self.history.base
        length = min(self.approved, max(self.held.up_to, base.count))
        return Log(self.name, base, self.held.batches(), length)
