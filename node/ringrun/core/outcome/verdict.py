"""Which verdict fits a run: decided from the record and the delivered results alone.

The first of Diverged, Failed, Agreed, Partial that fits (docs/protocol.md, Ending). The leader
calls it for the report; whoever writes a report without a master calls the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.reason import Reason, Why
from ringrun.core.record import ZERO_DIGEST, FoldValue, Record
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.report import Verdict

# Of more slaves than these it is not told how far each came: a reason is one line.
_MOST_COUNTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict, why, and the fold it speaks of; `unproven` could not be compared."""

    verdict: Verdict
    reason: Reason
    fold: FoldValue
    unproven: tuple[SlaveId, ...] = ()


def judge(record: Record, results: Mapping[SlaveId, Result], rules: Rules = ALL_RULES) -> Judgement:
    """The verdict on a run whose record says STOP, with these results delivered."""
    members = record.send_members if rules.verdict_by_send_members else record.members
    nodes = [member.node for member in members]
    delivered = [results[node] for node in nodes if node in results]
    ordered = [results[node] for node in sorted(results)]
    longest = max(ordered, key=lambda result: result.count, default=None)
    fold = record.fold if longest is None or not delivered else fold_of(longest)
    diverged, unproven = _compare(ordered)
    stop = record.stop_reason
    if stop is not None:
        verdict = Verdict.DIVERGED if stop.word is Why.DIVERGED else Verdict.FAILED
        return Judgement(verdict=verdict, reason=stop, fold=fold, unproven=unproven)
    if diverged is not None:
        return Judgement(verdict=Verdict.DIVERGED, reason=diverged, fold=fold, unproven=unproven)
    if record.view == 0:
        return Judgement(verdict=Verdict.FAILED, reason=Reason(Why.NEVER_STARTED), fold=fold)
    if not delivered:
        return Judgement(verdict=Verdict.FAILED, reason=Reason(Why.NO_SURVIVOR), fold=record.fold)
    short = _short_of_agreed(record, nodes, delivered, longest)
    if short is not None:
        return Judgement(verdict=Verdict.PARTIAL, reason=short, fold=fold, unproven=unproven)
    return Judgement(
        verdict=Verdict.AGREED,
        reason=Reason(Why.AGREED),
        fold=fold_of(delivered[0]),
        unproven=unproven,
    )


def _short_of_agreed(
    record: Record, nodes: list[SlaveId], delivered: list[Result], longest: Result | None
) -> Reason | None:
    """Why not all agree; None if they do."""
    missing = len(nodes) - len(delivered)
    if missing:
        return Reason(Why.RESULTS_MISSING, f"{missing} of {len(nodes)} slaves gave no result")
    if len({(result.count, result.sum_exact, result.digest) for result in delivered}) > 1:
        return Reason(Why.RESULTS_DIFFER, f"the slaves stopped at {_counts(delivered)}")
    if longest is not None and longest.count > delivered[0].count:
        more = f"{longest.node.in_words} approved {longest.count:,} before it was left out"
        return Reason(Why.MORE_APPROVED, more)
    if record.closed and fold_of(delivered[0]) != record.fold:
        return Reason(Why.NOT_THE_CLOSING_CUT, f"the recorded cut is {record.cut:,}")
    if not record.closed and any(
        result.view != record.view or result.count < record.cut for result in delivered
    ):
        return Reason(Why.NOT_THE_LAST_VIEW, f"view {record.view} has cut {record.cut:,}")
    return None


def _counts(results: list[Result]) -> str:
    """How far each came; of many slaves how far they are apart."""
    counts = [result.count for result in results]
    if len(counts) <= _MOST_COUNTS:
        return ", ".join(f"{count:,}" for count in counts)
    return f"{len(set(counts)):,} different counts, {min(counts):,} to {max(counts):,}"


def fold_of(result: Result) -> FoldValue:
    """What a result says of its log."""
    return FoldValue(count=result.count, sum_exact=result.sum_exact, digest=result.digest)


def _compare(results: list[Result]) -> tuple[Reason | None, tuple[SlaveId, ...]]:
    """Why the results contradict each other, if they do, and who cannot be compared."""
    finals = [result for result in results if result.final]
    for one, other in combinations(finals, 2):
        if fold_of(one) != fold_of(other):
            text = f"final results {one.count:,} and {other.count:,} differ"
            return Reason(Why.DIVERGED, text), ()
    known = {result.node: _checkpoints(result) for result in results}
    unproven: set[SlaveId] = set()
    for one, other in combinations(results, 2):
        mine, theirs = known[one.node], known[other.node]
        for count in sorted(mine.keys() & theirs.keys()):
            if mine[count] != theirs[count]:
                text = f"{one.node} and {other.node} differ at or before {count:,}"
                return Reason(Why.DIVERGED, text), ()
        short = min(one, other, key=lambda result: (result.count, result.node))
        if short.count not in mine or short.count not in theirs:
            unproven.add(short.node)
    return None, tuple(sorted(unproven))


def _checkpoints(result: Result) -> dict[int, str]:
    points = {0: ZERO_DIGEST, result.count: result.digest}
    points.update((count, digest) for count, digest in result.blocks if count <= result.count)
    points.update((count, digest) for count, digest in result.cuts if count <= result.count)
    return points
