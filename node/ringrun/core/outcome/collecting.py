"""What a leader collects: results, and the history of the run, for the report (G10).

Until the report is complete, its document is a draft: every result that was delivered, and what
happened so far, so that a later leader goes on from it. A result counts as stored only when a
draft (or the report) that has it was written by compare-and-swap.
"""

from typing import Any

import msgspec

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.outcome.verdict import Judgement
from ringrun.core.record import Record
from ringrun.core.ring.latency import Histogram
from ringrun.core.rules import Rules
from ringrun.report import (
    EpochReport,
    ExpectationReport,
    FailureReport,
    Latency,
    Link,
    Report,
    SlaveReport,
    ViewReport,
)
from ringrun.spec import RunSpec

DRAFT = "ReportDraft"
_VIEWS_KEPT = 100


class Draft(msgspec.Struct, kw_only=True):
    """The report before it is complete."""

    kind: str = DRAFT
    epoch: int = 0
    complete: bool = False
    results: list[Result] = []
    views: list[ViewReport] = []
    epochs: list[EpochReport] = []
    failures: list[FailureReport] = []
    start_skew: float | None = None


class Collected:
    """The draft of one leader; `version` is None until the stored report was read."""

    def __init__(self, epoch: int, rules: Rules) -> None:
        self.epoch = epoch
        self.version: int | None = None
        self.results: dict[SlaveId, Result] = {}
        self.stored: set[SlaveId] = set()
        self.views: dict[int, ViewReport] = {}
        self.epochs: dict[int, EpochReport] = {}
        self.failures: list[FailureReport] = []
        self.start_skew: float | None = None
        self.dirty = True
        self.complete = False
        self.overtaken = False
        self._rules = rules
        self._writing: set[SlaveId] = set()

    def add(self, result: Result) -> None:
        """A result was delivered; the first of a slave counts."""
        if result.node not in self.results:
            self.results[result.node] = result
            self.dirty = True

    def fail(self, failure: FailureReport) -> None:
        """Something failed."""
        if not any((f.kind, f.node) == (failure.kind, failure.node) for f in self.failures):
            self.failures.append(failure)
            self.dirty = True

    def report_seen(self, version: int, document: dict[str, Any] | None) -> None:
        """The stored report: keep every result that is in it."""
        self.version = version
        self.dirty = True
        if document is None:
            return
        if document.get("complete"):
            self.complete = True
            return
        if document.get("epoch", 0) > self.epoch:
            self.overtaken = True
            return
        draft = msgspec.convert(document, Draft)
        if self._rules.report_keeps_results:
            for result in draft.results:
                self.results.setdefault(result.node, result)
                self.stored.add(result.node)
        for view in draft.views:
            self.views.setdefault(view.number, view)
        for epoch in draft.epochs:
            self.epochs.setdefault(epoch.number, epoch)
        known = {(failure.kind, failure.node) for failure in self.failures}
        older = [each for each in draft.failures if (each.kind, each.node) not in known]
        self.failures = older + self.failures
        if self.start_skew is None:
            self.start_skew = draft.start_skew

    def report_saved(self, version: int) -> None:
        """The document that was given last is stored."""
        self.version = version
        self.stored |= self._writing

    def report_lost(self) -> None:
        """It is not known whether it is: read before writing again."""
        self.version = None
        self.dirty = True

    def draft(self) -> dict[str, Any]:
        """The document to be written now."""
        self.dirty = False
        self._writing = set(self.results)
        draft = Draft(
            epoch=self.epoch,
            results=[self.results[node] for node in sorted(self.results)],
            views=self._views(),
            epochs=[self.epochs[number] for number in sorted(self.epochs)],
            failures=self.failures,
            start_skew=self.start_skew,
        )
        document: dict[str, Any] = msgspec.to_builtins(draft)
        return document

    def _named(self, failure: FailureReport) -> FailureReport:
        """A lost master by its own name, which may have become known after its successor's."""
        epoch = self.epochs.get(failure.epoch)
        return failure if epoch is None else msgspec.structs.replace(failure, node=epoch.holder)

    def _views(self) -> list[ViewReport]:
        return [self.views[number] for number in sorted(self.views)][-_VIEWS_KEPT:]

    def report(
        self, spec: RunSpec, record: Record, judgement: Judgement, sent_for: float | None = None
    ) -> dict[str, Any]:
        """The complete report's document. `sent_for`: for how many seconds SEND had lasted when the
        run was stopped, as far as the caller knows."""
        self.dirty = False
        self._writing = set(self.results)
        results = [self.results[node] for node in sorted(self.results)]
        latency = Histogram()
        for result in results:
            latency.merge(result.latency)
        count = judgement.fold.count
        sent = _send_that_was(spec, record, results, sent_for)
        rate = count / sent if sent else 0.0
        ends = {member.node for member in record.send_members}
        slowest = max(results, key=lambda result: result.slowest_wait, default=None)
        report = Report(
            name=spec.name,
            spec=spec.as_document(),
            verdict=judgement.verdict,
            reason=str(judgement.reason),
            reason_word=judgement.reason.word.value,
            count=count,
            sum_exact=judgement.fold.sum_exact,
            digest=judgement.fold.digest,
            issued=max((result.issued for result in results if result.node in ends), default=count),
            closed=bool(record.closed),
            rate=rate,
            send_seconds=sent,
            latency=Latency(
                p50=latency.quantile(0.5),
                p99=latency.quantile(0.99),
                max=max(result.latency_max for result in results),
            )
            if results
            else None,
            start_skew=self.start_skew,
            slowest_link=Link(
                source=slowest.ordinal,
                target=slowest.slowest_peer,
                seconds=slowest.slowest_wait,
            )
            if slowest is not None and slowest.slowest_peer >= 0
            else None,
            longest_gap=max(
                (result.longest_gap for result in results if result.node in ends), default=None
            ),
            epoch=self.epoch,
            complete=True,
            views=tuple(self._views()),
            epochs=tuple(self.epochs[number] for number in sorted(self.epochs)),
            slaves=tuple(_slave(result) for result in results),
            failures=tuple(self._named(failure) for failure in self.failures),
            expectations=_expectations(spec, count, rate, self.start_skew),
            unproven=tuple(str(node) for node in judgement.unproven),
        )
        return report.as_document()


def _send_that_was(
    spec: RunSpec, record: Record, results: list[Result], sent_for: float | None
) -> float:
    """How many seconds SEND lasted: as the spec has it, unless the run was stopped before."""
    if not record.view and not results:
        return 0.0
    if record.stop_reason is None:
        return spec.send
    ends = {member.node for member in record.send_members}
    whole = [
        result.send_seconds
        for result in results
        # Who came later did not see the beginning, who was left out before did not see the end.
        if result.node in ends and result.incarnation == 1
    ]
    partly = [result.send_seconds for result in results]
    if sent_for is not None:
        partly.append(sent_for)
    sent = max(whole or partly, default=0.0)
    return min(sent, spec.send) if sent > 0.0 else spec.send


def _slave(result: Result) -> SlaveReport:
    return SlaveReport(
        ordinal=result.ordinal,
        incarnation=result.incarnation,
        count=result.count,
        sum_exact=result.sum_exact,
        digest=result.digest,
        final=result.final,
        frames_sent=result.frames_sent,
        frames_received=result.frames_received,
        cpu_seconds=result.cpu_seconds,
        send_seconds=result.send_seconds,
        grace_seconds=result.grace_seconds,
        issued=result.issued,
        view=result.view,
        blocks=result.blocks,
        cuts=result.cuts,
    )


def _expectations(
    spec: RunSpec, count: int, rate: float, skew: float | None
) -> tuple[ExpectationReport, ...]:
    """Each demand of spec.expect against what was reached, in the units of the spec."""
    expect = spec.expect
    found = []
    if expect.min_count is not None:
        met = count >= expect.min_count
        found.append(
            ExpectationReport(name="minCount", wanted=expect.min_count, got=count, met=met)
        )
    if expect.min_rate is not None:
        met = rate >= expect.min_rate
        found.append(ExpectationReport(name="minRate", wanted=expect.min_rate, got=rate, met=met))
    if expect.max_start_skew is not None:
        met = skew is not None and skew <= expect.max_start_skew
        found.append(
            ExpectationReport(
                name="maxStartSkewMilliseconds",
                wanted=expect.max_start_skew * 1e3,
                got=None if skew is None else skew * 1e3,
                met=met,
            )
        )
    return tuple(found)
