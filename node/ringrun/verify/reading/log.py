"""One approved log as it lies in a journal: its entries by index, its folds, its checkpoints.

`rebuilding` makes them from a journal's batches, `agreement` compares them. A joiner's log begins
with the fold it was given; of what went before, it holds the open block alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ringrun.verify.reading.columns import Integers, Numbers
from ringrun.verify.reading.numbers import BLOCK, NO_DIGEST, Streams, fold_blocks, fold_rest
from ringrun.verify.reading.reader import NodeJournal, UnreadableError

# Entries that are laid out at once: memory does not grow with the log.
CHUNK = 64 * BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Consecutive entries, one by one."""

    senders: Integers
    ks: Integers
    numbers: Numbers

    def __len__(self) -> int:
        return len(self.senders)

    def at(self, position: int) -> tuple[int, int, int]:
        """(sender, k, u) of one entry; positions from 0."""
        return (
            int(self.senders[position]),
            int(self.ks[position]),
            int(self.numbers[position]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Rows of entries in a journal: each of one sender, with consecutive draws.

    `at` is where the row's numbers begin in `numbers`, which is indexed by bytes. The numbers of a
    row that is `withheld` are those of the `streams`.
    """

    first: Integers
    sender: Integers
    k: Integers
    count: Integers
    at: Integers
    withheld: NDArray[np.bool_]
    numbers: Numbers
    streams: Streams

    def __len__(self) -> int:
        return len(self.first)

    def rows(self, begin: int, end: int) -> "Batches":
        """Some of the rows, by position."""
        return self._some(slice(begin, end))

    def chosen(self, rows: Integers) -> "Batches":
        """These rows, by position, in this order."""
        return self._some(rows)

    def _some(self, which: slice | Integers) -> "Batches":
        return Batches(
            first=self.first[which],
            sender=self.sender[which],
            k=self.k[which],
            count=self.count[which],
            at=self.at[which],
            withheld=self.withheld[which],
            numbers=self.numbers,
            streams=self.streams,
        )

    def spread(self) -> Slice:
        """Entry by entry."""
        counts = self.count
        total = int(counts.sum())
        if total == len(counts) and not self.withheld.any():
            return Slice(senders=self.sender, ks=self.k, numbers=self.numbers[self.at])
        # Entry j of all lies `j - begin` entries behind the start of its row.
        begin = np.cumsum(counts) - counts
        j = np.arange(total)
        ks = np.repeat(self.k - begin, counts) + j
        senders = np.repeat(self.sender, counts)
        if not self.withheld.any():
            numbers = self.numbers[np.repeat(self.at - 8 * begin, counts) + 8 * j]
        else:
            numbers = np.empty(total, dtype=np.uint64)
            plain = ~self.withheld
            places = spans(begin[plain], counts[plain])
            numbers[places] = self.numbers[spans(self.at[plain], counts[plain], 8)]
            for sender in np.unique(self.sender[self.withheld]).tolist():
                mine = self.withheld & (self.sender == sender)
                places = spans(begin[mine], counts[mine])
                numbers[places] = self.streams.gather(sender, ks[places])
        return Slice(senders=senders, ks=ks, numbers=numbers)

    def between(self, first: int, last: int) -> "Batches":
        """The rows of indices first..last, cut to them; the rows must be in order without a gap."""
        begin = int(self.first.searchsorted(first, "right")) - 1
        end = int(self.first.searchsorted(last, "right"))
        rows = self.rows(max(begin, 0), end)
        if not len(rows):
            return rows
        start = np.maximum(rows.first, first)
        skip = start - rows.first
        stop = np.minimum(rows.first + rows.count, last + 1)
        return Batches(
            first=start,
            sender=rows.sender,
            k=rows.k + skip,
            count=stop - start,
            at=rows.at + 8 * skip,
            withheld=rows.withheld,
            numbers=rows.numbers,
            streams=rows.streams,
        )


def spans(starts: Integers, counts: Integers, step: int = 1) -> Integers:
    """starts[0], starts[0]+step, ... (counts[0] of them), then the same of the next start."""
    begin = np.cumsum(counts) - counts
    return np.repeat(starts - step * begin, counts) + step * np.arange(int(counts.sum()))


def batches_of(journal: NodeJournal) -> Batches:
    """All entries of a journal as they were written, those of dropped ones included."""
    entries = journal.entries
    return Batches(
        first=entries.first,
        sender=entries.sender,
        k=entries.k,
        count=entries.count,
        at=entries.at,
        withheld=entries.withheld,
        numbers=journal.numbers,
        streams=journal.streams,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A joiner's start: the fold that it was given, and the entries of that fold's open block."""

    count: int
    folded: int
    """Entries in full blocks."""
    digest: bytes
    """The chain after them."""
    sum_exact: int
    """Of all `count` entries."""
    senders: dict[int, int]
    """How many entries of each sender the fold has."""
    open: Slice


NO_ENTRIES = Slice(
    senders=np.empty(0, dtype=np.int64),
    ks=np.empty(0, dtype=np.int64),
    numbers=np.empty(0, dtype=np.uint64),
)
NO_BASE = Base(count=0, folded=0, digest=NO_DIGEST, sum_exact=0, senders={}, open=NO_ENTRIES)


def base_of(name: str, values: dict[str, Any]) -> Base:
    """The start of a joiner from its BASE record."""
    try:
        count = int(values["count"])
        runs = np.array(values["runs"], dtype=np.int64).reshape(-1, 4)
        numbers = np.frombuffer(bytes.fromhex(values["numbers"]), dtype="<u8")
        digest = bytes.fromhex(values["digest"])
        sum_exact = int(values["sumExact"])
        senders = {int(sender): int(entries) for sender, entries in values["senders"]}
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError(
            f"{name}: a BASE record is not as the format says: {error}"
        ) from error
    lengths = runs[:, 3]
    total = int(lengths.sum())
    folded = count - total
    if folded % BLOCK or total != len(numbers) or (lengths < 1).any() or len(digest) != 32:
        raise UnreadableError(f"{name}: a BASE record of {count} entries does not add up")
    begin = np.cumsum(lengths) - lengths
    return Base(
        count=count,
        folded=folded,
        digest=digest,
        sum_exact=sum_exact,
        senders=senders,
        open=Slice(
            senders=np.repeat(runs[:, 1], lengths),
            ks=np.repeat(runs[:, 2] - begin, lengths) + np.arange(total),
            numbers=numbers,
        ),
    )


class Log:
    """What one slave approved, in order: entries base.folded+1 to `length` can be read."""

    __slots__ = ("_digests", "_folds", "_sums", "_tail", "base", "batches", "length", "name")

    def __init__(self, name: str, base: Base, batches: Batches, length: int) -> None:
        self.name = name
        self.base = base
        self.batches = batches
        self.length = length
        """The index of the last approved entry."""
        self._digests: list[bytes] = []
        self._sums: list[int] = []
        self._folds: dict[int, tuple[int, bytes]] = {}
        self._tail: Slice | None = None

    @property
    def begin(self) -> int:
        """Entries up to here are known by their fold alone; a multiple of the block."""
        return self.base.folded

    def entries(self, first: int, last: int) -> Slice:
        """Entries first..last, which the log must hold."""
        base = self.base
        assert base.folded < first <= last + 1 <= self.length + 1
        if first > base.count:
            return self.batches.between(first, last).spread()
        some = slice(first - 1 - base.folded, last - base.folded)
        head = base.open
        given = Slice(senders=head.senders[some], ks=head.ks[some], numbers=head.numbers[some])
        if last <= base.count:
            return given
        rest = self.batches.between(base.count + 1, last).spread()
        return Slice(
            senders=np.concatenate((given.senders, rest.senders)),
            ks=np.concatenate((given.ks, rest.ks)),
            numbers=np.concatenate((given.numbers, rest.numbers)),
        )

    def tail(self) -> Slice:
        """The entries after the last full block."""
        if self._tail is None:
            self._tail = self.entries(self.full * BLOCK + 1, self.length)
        return self._tail

    @property
    def full(self) -> int:
        """How many full blocks the log has."""
        return max(self.length, self.base.count) // BLOCK

    def digest(self, block: int) -> bytes:
        """The chain after this many full blocks, not fewer than it began with."""
        return self._chain()[block - self.base.folded // BLOCK]

    def fold(self, count: int) -> tuple[int, bytes]:
        """(exact sum, digest) of the first `count` entries, not fewer than it began with."""
        known = self._folds.get(count)
        if known is None:
            digests = self._chain()
            block = count // BLOCK
            number = block - self.base.folded // BLOCK
            rest = (
                self.tail_until(count)
                if block == self.full
                else self.entries(block * BLOCK + 1, count)
            )
            digest, total = fold_rest(
                block * BLOCK + 1, rest.senders, rest.ks, rest.numbers, digests[number]
            )
            known = self._folds[count] = (self._sums[number] + total, digest)
        return known

    def tail_until(self, count: int) -> Slice:
        """The entries after the last full block, up to this one."""
        tail = self.tail()
        some = slice(0, count - self.full * BLOCK)
        return Slice(senders=tail.senders[some], ks=tail.ks[some], numbers=tail.numbers[some])

    def fold_all(self, folded: Callable[[int], None]) -> None:
        """Fold it now rather than when it is asked for; told up to which index, now and then."""
        self._chain(folded)

    def _chain(self, folded: Callable[[int], None] | None = None) -> list[bytes]:
        """The digests after each full block, from `base.folded` on; the sums beside them."""
        if self._digests:
            return self._digests
        base = self.base
        _, before = fold_rest(
            base.folded + 1, base.open.senders, base.open.ks, base.open.numbers, base.digest
        )
        digests = [base.digest]
        sums = [base.sum_exact - before]
        at = base.folded
        end = self.full * BLOCK
        while at < end:
            take = min(CHUNK, end - at)
            some = self.entries(at + 1, at + take)
            fresh, parts = fold_blocks(at + 1, some.senders, some.ks, some.numbers, digests[-1])
            digests += fresh
            for part in parts:
                sums.append(sums[-1] + part)
            at += take
            if folded is not None:
                folded(at)
        self._digests, self._sums = digests, sums
        return digests
