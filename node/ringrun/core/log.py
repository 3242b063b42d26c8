"""The entries that a slave holds, of fixed size however long the run is (DESIGN.md 5).

The models append what they issue and receive, move the approved index and pass entries on; the
slave folds whole blocks when it is idle (pass on first, fold later). The log does not know views,
confirmations or who may issue: it only keeps G2's indices contiguous and never replaces what it
holds, unless told to drop it.

Blocks lie in the ring as they are hashed: each has room for its numbers and for its runs, packed
and maximal from the moment they are appended, so that folding copies nothing, not even for
lockstep's 4096 runs of one entry.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from struct import Struct

import numpy as np

from ringrun.core.entry import BLOCK, Numbers
from ringrun.core.fold import RUN, Fold, Snapshot, Totals, block_digest, weighted_sum

Run = tuple[int, int, int, int]
"""(first index, sender, first k, how many)."""

# What a model may hand in as numbers: an array of uint64, or their bytes, each `<Q`.
Given = Numbers | bytes | bytearray | memoryview

_WIDTH = 8
_COUNT = Struct("<I")
_COUNT_AT = RUN.size - _COUNT.size
_pack_run = RUN.pack_into
_pack_count = _COUNT.pack_into
_CUTS = 16


def _bytes_of(numbers: Given) -> memoryview:
    if not len(numbers):
        return memoryview(b"")
    return memoryview(numbers).cast("B")  # type: ignore[arg-type]  # arrays are buffers too


class Log:
    """A ring of blocks: what is held, how much of it is approved, how much of that is folded.

    Always `folded <= approved <= held <= folded + capacity`. To move freely a log needs room for
    two windows (what is issued and not approved, here and at the others) and two blocks.
    """

    __slots__ = (
        "_ahead",
        "_bytes",
        "_cuts",
        "_ends",
        "_floor",
        "_fold",
        "_folded_sender",
        "_limit",
        "_next_k",
        "_numbers",
        "_run_count",
        "_run_sender",
        "_runs",
        "_scalars",
        "_sent",
        "_tail",
        "_top",
        "approved",
        "capacity",
        "folded",
        "held",
    )

    def __init__(self, capacity: int, snapshot: Snapshot | None = None) -> None:
        """A log of at least `capacity` entries, empty or going on from an approved log.

        Raises ValueError if the parts of the snapshot contradict each other.
        """
        blocks = max(1, -(-capacity // BLOCK))
        self.capacity = blocks * BLOCK
        # Untouched memory costs nothing: batches of a block each use one page of `_runs` a block.
        self._numbers: Numbers = np.zeros(self.capacity, dtype=np.uint64)
        self._scalars = self._numbers.data
        self._bytes = self._scalars.cast("B")
        self._runs = np.zeros(self.capacity * RUN.size, dtype=np.uint8).data
        self._ends = [0] * blocks  # where the runs of each slot's block end, once it is full
        self._tail = 0  # where the last run lies
        self._run_sender = -1
        self._run_count = 0
        self._next_k = 0
        self._sent: defaultdict[int, int] = defaultdict(int)
        self._ahead: list[Run] = []
        self._cuts: deque[tuple[int, bytes]] = deque(maxlen=_CUTS)
        self._top = 0  # the highest index ever written; held may be above it
        self._folded_sender = -1
        self.held = self.approved = self.folded = self._floor = 0
        if snapshot is None:
            self._fold = Fold(keep=blocks + 2)
        else:
            self._restore(snapshot, blocks + 2)
        self._limit = self.folded + self.capacity

    def append(self, sender: int, k: int, numbers: Given) -> None:
        """Hold the sender's entries k, k+1, ... at held+1 onwards."""
        data = _bytes_of(numbers)
        self._need(self.held + len(data) // _WIDTH)
        self._copy(self.held, data)
        self._extend(sender, k, len(data) // _WIDTH)

    def append_one(self, sender: int, k: int, u: int) -> None:
        """Hold one entry at held+1."""
        held = self.held
        if held >= self._limit:
            self._need(held + 1)
        at = held % self.capacity
        self._scalars[at] = u
        inside = at % BLOCK
        if inside and k == self._next_k and sender == self._run_sender:
            self._run_count += 1
            _pack_count(self._runs, self._tail + _COUNT_AT, self._run_count)
        else:
            if inside:
                self._tail += RUN.size
            else:
                self._open_block(at)
            self._run_sender = sender
            self._run_count = 1
            _pack_run(self._runs, self._tail, held + 1, sender, k, 1)
        self._next_k = k + 1
        self._sent[sender] += 1
        self.held = held + 1

    def append_batches(self, batches: Sequence[tuple[int, int, int]], numbers: Given) -> None:
        """Hold several batches (sender, k, count), with the numbers of all in one buffer."""
        data = _bytes_of(numbers)
        count = sum(batch[2] for batch in batches)
        assert count * _WIDTH == len(data), f"{count} entries, but {len(data)} bytes of numbers"
        self._need(self.held + count)
        self._copy(self.held, data)
        for sender, k, size in batches:
            self._extend(sender, k, size)

    def offer(self, first: int, sender: int, k: int, numbers: Given) -> bool:
        """Take entries that may be out of order, starting at index `first`; True if held grew.

        What is already held, or already waits ahead, is never replaced. The caller has checked
        that the last index is at most `limit`.
        """
        held = self.held
        if first == held + 1 and not self._ahead:
            self.append(sender, k, numbers)
            return self.held > held
        data = _bytes_of(numbers)
        known = max(0, held + 1 - first)
        count = len(data) // _WIDTH - known
        if count <= 0:
            return False
        self._need(first + known + count - 1)
        self._keep_ahead(first + known, sender, k + known, count, data[known * _WIDTH :])
        ahead = self._ahead
        while ahead and ahead[0][0] == self.held + 1:
            self._extend(*ahead.pop(0)[1:])
        return self.held > held

    def approve(self, up_to: int) -> None:
        """Everything up to this index may count."""
        assert self.approved <= up_to <= self.held, (
            f"approval moves within {self.approved}..{self.held}, got {up_to}"
        )
        self.approved = up_to

    def drop_above(self, cut: int) -> None:
        """Forget everything above the cut, held or ahead."""
        assert cut >= self.approved, f"{self.approved} entries are approved, cannot cut at {cut}"
        self.drop_ahead()
        if cut >= self.held:
            return
        for _, sender, _, count in self._between(cut + 1, self.held):
            self._sent[sender] -= count
        self._top = max(self._top, self.held)
        if cut >= self.oldest:  # else the cut is the end of a folded block: a new one begins
            first, self._run_sender, k, _ = self._run_at(cut)
            self._tail = self._place(cut)
            self._run_count = cut + 1 - first
            self._next_k = k + self._run_count
            _pack_count(self._runs, self._tail + _COUNT_AT, self._run_count)
        self.held = cut

    def drop_ahead(self) -> None:
        """Forget what waits above held+1."""
        if self._ahead:
            first, _, _, count = self._ahead[-1]
            self._top = max(self._top, first + count - 1)
            self._ahead.clear()

    @property
    def limit(self) -> int:
        """The highest index that may be held, or ahead, before more is folded."""
        return self._limit

    def room(self) -> int:
        """How many entries may be appended before more is folded."""
        return self._limit - self.held

    def fold(self, most: int = 1 << 30) -> int:
        """Fold at most `most` full approved blocks; returns how many."""
        done = 0
        while done < most and self.approved - self.folded >= BLOCK:
            end = self._ends_at(self.folded // BLOCK)
            self._folded_sender = RUN.unpack_from(self._runs, end - RUN.size)[1]
            self._fold.add(*self._piece(self.folded, BLOCK))
            self.folded += BLOCK
            self._limit += BLOCK
            done += 1
        return done

    def totals(self, up_to: int | None = None) -> Totals:
        """The totals of entries 1..up_to (default: the approved), folded <= up_to <= held."""
        end = self.approved if up_to is None else up_to
        count = self.folded
        assert count <= end <= self.held, f"totals are known for {count}..{self.held}, got {end}"
        total, digest = self._fold.sum_exact, self._fold.digest
        while count < end:
            size = min(BLOCK, end - count)
            runs, numbers = self._piece(count, size)
            total += weighted_sum(count, numbers)
            digest = block_digest(digest, runs, numbers)
            count += size
        return Totals(count=count, sum_exact=total, digest=digest)

    def snapshot(self) -> Snapshot:
        """The approved log, for a joiner; full blocks are folded first."""
        self.fold()
        approved = self.approved
        runs, numbers = self._piece(self.folded, approved - self.folded)
        after = self._sent_after(approved)
        counts = ((sender, count - after[sender]) for sender, count in sorted(self._sent.items()))
        return Snapshot(
            count=approved,
            sum_exact=self._fold.sum_exact + weighted_sum(self.folded, numbers),
            senders=tuple((sender, count) for sender, count in counts if count),
            last_sender=self.sender_at(approved),
            digest=self._fold.digest,
            runs=tuple(RUN.iter_unpack(runs)),
            numbers=numbers.tobytes(),
        )

    def read(self, first: int, last: int) -> tuple[list[Run], bytes]:
        """The runs of first..last, none longer than a block, and all their numbers.

        Any held range that `oldest` does not exclude.
        """
        runs = list(self._between(first, last))
        start = (first - 1) % self.capacity * _WIDTH
        stop = start + (last + 1 - first) * _WIDTH
        size = len(self._bytes)
        if stop <= size:
            return runs, bytes(self._bytes[start:stop])
        return runs, b"".join((self._bytes[start:], self._bytes[: stop - size]))

    @property
    def oldest(self) -> int:
        """The lowest index that can still be read."""
        top = max(self._top, self.held)
        if self._ahead:
            top = max(top, self._ahead[-1][0] + self._ahead[-1][3] - 1)
        overwritten = -(-top // BLOCK) * BLOCK - self.capacity
        return max(self._floor, overwritten) + 1

    def sender_at(self, index: int) -> int:
        """Who sent the entry at an index in the ring, or at the last one folded; -1 for 0."""
        if index == 0:
            return -1
        if index == self.folded:
            assert self._folded_sender >= 0, f"entry {index} came folded in a snapshot"
            return self._folded_sender
        return self._run_at(index)[1]

    def sent_by(self, sender: int, up_to: int | None = None) -> int:
        """How many of the sender's entries are held, up to an index in the ring if one is given.

        The sender's next k is one more.
        """
        count = self._sent.get(sender, 0)
        return count if up_to is None else count - self._sent_after(up_to)[sender]

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """(block number from 1, chain digest) of the blocks folded since the last call."""
        return self._fold.fresh()

    def recent_digests(self) -> tuple[tuple[int, bytes], ...]:
        """(count, digest) at the ends of the last full blocks: what the ring holds, and two."""
        return tuple((number * BLOCK, digest) for number, digest in self._fold.recent())

    def add_cut(self, count: int) -> None:
        """Remember the digest at this count, for `recent_cuts`."""
        if not self._cuts or self._cuts[-1][0] != count:
            self._cuts.append((count, self.totals(count).digest))

    def recent_cuts(self) -> tuple[tuple[int, bytes], ...]:
        """(count, digest) at the last 16 cuts."""
        return tuple(self._cuts)

    def _need(self, last: int) -> None:
        """Make sure that `last` fits, folding early only if there is no other way."""
        while last > self._limit and self.fold(1):
            pass
        assert last <= self._limit, f"no room for entry {last} above {self._limit}"

    def _copy(self, before: int, data: memoryview) -> None:
        start = before % self.capacity * _WIDTH
        stop = start + len(data)
        size = len(self._bytes)
        if stop <= size:
            self._bytes[start:stop] = data
        else:
            self._bytes[start:] = data[: size - start]
            self._bytes[: stop - size] = data[size - start :]

    def _extend(self, sender: int, k: int, count: int) -> None:
        """Hold `count` more entries, whose numbers are in the ring already."""
        self._sent[sender] += count
        while count:
            at = self.held % self.capacity
            inside = at % BLOCK
            size = min(count, BLOCK - inside)
            if inside and k == self._next_k and sender == self._run_sender:
                self._run_count += size
                _pack_count(self._runs, self._tail + _COUNT_AT, self._run_count)
            else:
                if inside:
                    self._tail += RUN.size
                else:
                    self._open_block(at)
                self._run_sender = sender
                self._run_count = size
                _pack_run(self._runs, self._tail, self.held + 1, sender, k, size)
            k += size
            self._next_k = k
            self.held += size
            count -= size

    def _open_block(self, at: int) -> None:
        """Begin the runs of the block in the slot at `at`; the block before it is full."""
        self._ends[at // BLOCK - 1] = self._tail + RUN.size
        self._tail = at * RUN.size

    def _keep_ahead(self, first: int, sender: int, k: int, count: int, data: memoryview) -> None:
        """Keep those of the entries that are not ahead yet: the gaps between what is."""
        ahead = self._ahead
        end = first + count
        at = bisect_left(ahead, (first,))
        begin = first
        if at:
            before = ahead[at - 1]
            begin = max(begin, before[0] + before[3])
        while begin < end:
            stop = min(end, ahead[at][0]) if at < len(ahead) else end
            if begin < stop:
                skip = begin - first
                self._copy(begin - 1, data[skip * _WIDTH : (stop - first) * _WIDTH])
                ahead.insert(at, (begin, sender, k + skip, stop - begin))
                at += 1
            if at == len(ahead):
                return
            begin = ahead[at][0] + ahead[at][3]
            at += 1

    def _ends_at(self, block: int) -> int:
        """Where in `_runs` the runs of a held block end."""
        if block == (self.held - 1) // BLOCK:
            return self._tail + RUN.size
        return self._ends[block % len(self._ends)]

    def _place(self, index: int) -> int:
        """Where in `_runs` the run of a held entry lies."""
        assert self.oldest <= index <= self.held, (
            f"entry {index} is not in the ring, which has {self.oldest}..{self.held}"
        )
        block = (index - 1) // BLOCK
        start = block * BLOCK % self.capacity * RUN.size
        places = range(start, self._ends_at(block), RUN.size)
        return places[bisect_right(places, index, key=self._first_at) - 1]

    def _first_at(self, place: int) -> int:
        first: int = RUN.unpack_from(self._runs, place)[0]
        return first

    def _run_at(self, index: int) -> Run:
        """The run that holds this index."""
        run: Run = RUN.unpack_from(self._runs, self._place(index))
        return run

    def _piece(self, before: int, size: int) -> tuple[bytes | memoryview, Numbers]:
        """What is hashed for the `size` entries of one block that follow its start `before`."""
        at = before % self.capacity
        numbers = self._numbers[at : at + size]
        start = at * RUN.size
        if not size:
            return b"", numbers
        if before + size == self.held or size == BLOCK:
            return self._runs[start : self._ends_at(before // BLOCK)], numbers
        place = self._place(before + size)
        runs = bytearray(self._runs[start : place + RUN.size])
        _pack_count(runs, len(runs) - _COUNT.size, before + size + 1 - self._first_at(place))
        return bytes(runs), numbers

    def _between(self, first: int, last: int) -> Iterator[Run]:
        """The runs of the held entries first..last, cut to them."""
        while first <= last:
            block = (first - 1) // BLOCK
            place = self._place(first)
            for start, sender, k, count in RUN.iter_unpack(
                self._runs[place : self._ends_at(block)]
            ):
                if start > last:
                    return
                skip = max(0, first - start)
                yield start + skip, sender, k + skip, min(count, last + 1 - start) - skip
            first = (block + 1) * BLOCK + 1

    def _sent_after(self, index: int) -> defaultdict[int, int]:
        """How many entries each sender has above an index in the ring."""
        counts: defaultdict[int, int] = defaultdict(int)
        for _, sender, _, count in self._between(index + 1, self.held):
            counts[sender] += count
        return counts

    def _restore(self, snapshot: Snapshot, keep: int) -> None:
        entries = len(snapshot.numbers) // _WIDTH
        folded = snapshot.count - entries
        if folded < 0 or folded % BLOCK or entries >= BLOCK or len(snapshot.numbers) % _WIDTH:
            raise ValueError(
                f"a snapshot of {snapshot.count} entries must carry "
                f"{snapshot.count % BLOCK} numbers, got {len(snapshot.numbers)} bytes"
            )
        numbers = np.frombuffer(snapshot.numbers, dtype=np.uint64)
        self._fold = Fold(
            keep=keep,
            count=folded,
            sum_exact=snapshot.sum_exact - weighted_sum(folded, numbers),
            digest=snapshot.digest,
        )
        self.held = self.folded = self._floor = folded
        self._limit = folded + self.capacity
        self._copy(folded, memoryview(snapshot.numbers))
        for first, sender, k, count in snapshot.runs:
            if first != self.held + 1 or count < 1 or first + count - 1 > snapshot.count:
                raise ValueError(f"run {first}..{first + count - 1} follows entry {self.held}")
            self._extend(sender, k, count)
        if self.held != snapshot.count:
            raise ValueError(f"the runs end at {self.held}, the snapshot at {snapshot.count}")
        self._sent.clear()
        self._sent.update(snapshot.senders)
        self.approved = self.held
        if self.folded == self.held:
            self._folded_sender = snapshot.last_sender
