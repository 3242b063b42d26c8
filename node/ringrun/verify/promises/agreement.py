"""Whether all approved logs agree (G1), and agree from view to view (G3).

All approved logs are compared with one reference: the longest there is, prolonged by those of
later joiners. Two logs are first compared by the digests of their last common full block,
recomputed here; if those differ, bisection over the blocks' digests finds the first block in
which they do, and only its entries are looked at.
"""

from collections import Counter
from collections.abc import Sequence

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.log import Log, Slice
from ringrun.verify.reading.numbers import BLOCK
from ringrun.verify.rebuilding.history import History


class Reference:
    """The one log that all approved logs must be a prefix of, made of those that agree."""

    def __init__(self) -> None:
        self.parts: list[Log] = []
        self.length = 0
        self.differing: set[str] = set()
        """The nodes with a log that is no prefix of this one."""

    @property
    def name(self) -> str:
        """The node whose log is the longest."""
        return self.parts[-1].name if self.parts else ""

    def holder(self, index: int) -> Log | None:
        """A log that holds this entry, if any."""
        for log in self.parts:
            if log.begin < index <= log.length:
                return log
        return None

    def agrees(self, log: Log) -> bool:
        """Whether the logs of this log's node are prefixes of this one."""
        return log.name not in self.differing

    def fold(self, count: int) -> tuple[int, bytes] | None:
        """(exact sum, digest) of the first `count` entries; None if that cannot be told."""
        for log in self.parts:
            if log.begin <= count <= log.length:
                return log.fold(count)
        return (0, bytes(32)) if count == 0 else None


def compare(histories: Sequence[History], findings: Findings) -> Reference:
    """Compare all approved logs (G1, G3); the reference that they agree on comes back."""
    logs = [log for history in histories for log in history.logs]
    views = {history.name: history for history in histories}
    outcasts: list[Log] = []
    while True:
        reference, differing = _assemble([log for log in logs if log not in outcasts], findings)
        for log, against, index in differing:
            outcast = _odd_one(logs, log, against, index)
            if outcast is against and against not in outcasts:
                # The many are right: begin again without the log that stands alone.
                outcasts.append(against)
                break
        else:
            break
    for log in outcasts:
        other, index = _first_difference_with(reference, log)
        if other is not None:
            differing.append((log, other, index))
    for log, against, index in differing:
        reference.differing.add(log.name)
        _tell(log, against, index, views, findings)
    return reference


def _first_difference_with(reference: Reference, log: Log) -> tuple[Log | None, int]:
    for part in reference.parts:
        index = first_difference(part, log)
        if index:
            return part, index
    return None, 0


def _assemble(
    logs: Sequence[Log], findings: Findings
) -> tuple[Reference, list[tuple[Log, Log, int]]]:
    """A reference out of these logs, and (log, reference's log, first index) where they differ."""
    reference = Reference()
    differing = []
    # Those that begin at 1 before the joiners, the longest first.
    for log in sorted(logs, key=lambda log: (log.begin, -log.length)):
        other, index = _first_difference_with(reference, log)
        if other is not None:
            differing.append((log, other, index))
            continue
        if log.length > reference.length:
            if log.base.count > reference.length:
                findings.not_checked(
                    Promise.AGREEMENT,
                    f"no journal has the first {log.base.count:,} messages, from which "
                    f"{called(log.name)} began",
                )
            reference.parts.append(log)
            reference.length = log.length
    return reference, differing


def first_difference(one: Log, two: Log) -> int:
    """The first index at which two logs differ as far as both go; 0 if they do not.

    Where all that is left of a difference is a fold, the first index after that fold.
    """
    begin = max(one.begin, two.begin)
    end = min(one.length, two.length)
    if end <= begin:
        # Nothing to lay side by side but, at most, what the two came to.
        if begin == end and one.digest(begin // BLOCK) != two.digest(begin // BLOCK):
            return begin
        return 0
    first, last = begin // BLOCK, end // BLOCK
    low = first
    if one.digest(last) == two.digest(last):
        low = last
    elif one.digest(first) != two.digest(first):
        return first * BLOCK or 1
    else:
        high = last
        while high - low > 1:
            middle = (low + high) // 2
            if one.digest(middle) == two.digest(middle):
                low = middle
            else:
                high = middle
    stop = min(end, (low + 1) * BLOCK)
    if stop == low * BLOCK:
        return 0
    a, b = _piece(one, low, stop), _piece(two, low, stop)
    differs = (a.numbers != b.numbers) | (a.senders != b.senders) | (a.ks != b.ks)
    return low * BLOCK + 1 + int(differs.argmax()) if differs.any() else 0


def _piece(log: Log, block: int, stop: int) -> Slice:
    if block == log.full:
        return log.tail_until(stop)
    return log.entries(block * BLOCK + 1, stop)


def _content(log: Log, index: int) -> tuple[int, int, int] | None:
    return log.entries(index, index).at(0) if log.begin < index <= log.length else None


def _odd_one(logs: Sequence[Log], log: Log, against: Log, index: int) -> Log:
    """Which of two differing logs stands alone; the first if nothing tells."""
    votes = Counter(content for other in logs if (content := _content(other, index)))
    one, two = _content(log, index), _content(against, index)
    if one is None or two is None:
        return log
    return against if votes[one] > votes[two] else log


def _tell(log: Log, other: Log, index: int, views: dict[str, History], findings: Findings) -> None:
    mine, theirs = _content(log, index), _content(other, index)
    if mine is None or theirs is None:
        findings.add(
            Promise.AGREEMENT,
            Anomaly.DIVERGED,
            log.name,
            f"{called(log.name)} and {called(other.name)} differ at or before index {index:,}, of "
            f"which one has only the fold",
            index=index,
        )
        return
    anomaly = _name_of(log, other, index, mine, theirs)
    text = (
        f"{called(log.name)} approved index {index:,} {_shown(mine, theirs)}, "
        f"{called(other.name)} has {_shown(theirs, mine)} there"
    )
    promises = [Promise.AGREEMENT]
    if _view_of(views[log.name], index) != _view_of(views[other.name], index):
        promises.append(Promise.UNIFORM)
    for promise in promises:
        findings.add(
            promise, anomaly, log.name, text, index=index, seen=list(mine), other=list(theirs)
        )


def _shown(entry: tuple[int, int, int], other: tuple[int, int, int]) -> str:
    sender, k, number = entry
    if entry[:2] == other[:2]:
        return f"({sender}, {k:,}) = {number}"
    return f"({sender}, {k:,})"


def _view_of(history: History, index: int) -> int:
    """The view in which a slave approved this index; 0 if it was given to it as approved."""
    if index <= history.base.count:
        return 0
    return min((view for view, up_to in history.approved_in.items() if up_to >= index), default=0)


def _name_of(
    log: Log, other: Log, index: int, mine: tuple[int, int, int], theirs: tuple[int, int, int]
) -> Anomaly:
    if mine[:2] == theirs[:2]:
        return Anomaly.DIVERGED
    end = min(log.length, other.length)
    # Looked for near by: a message is moved by a few places, or it is another one.
    a, b = (one.entries(index, min(end, index + BLOCK)) for one in (log, other))
    if _has(a, theirs) and _has(b, mine):
        return Anomaly.REORDERED
    return Anomaly.DIVERGED


def _has(entries: Slice, entry: tuple[int, int, int]) -> bool:
    return bool(((entries.senders == entry[0]) & (entries.ks == entry[1])).any())
