"""The memory of a log: a ring of whole blocks, each laid out as it is hashed (docs/protocol.md).

`log.Log` is built on it and adds what an entry's state is (ahead, approved, folded). Each block
has room for its numbers and for its runs, which are packed and maximal from the moment they are
appended, so that folding copies nothing, not even for lockstep's 4096 runs of one entry. Memory
is fixed: there is no Python object for a batch, let alone for an entry.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from struct import Struct

import numpy as np

from ringrun.core.log.entry import BLOCK, Numbers
from ringrun.core.log.fold import RUN

Run = tuple[int, int, int, int]
"""(first index, sender, first k, how many)."""

Given = Numbers | bytes | bytearray | memoryview
"""What a model may hand in as numbers: an array of uint64, or their bytes, each `<Q`."""

WIDTH = 8
"""Bytes of a number."""

_COUNT = Struct("<I")
_COUNT_AT = RUN.size - _COUNT.size
_pack_run = RUN.pack_into
_pack_count = _COUNT.pack_into


def bytes_of(numbers: Given) -> memoryview:
    """The same memory, seen as bytes."""
    if not len(numbers):
        return memoryview(b"")
    return memoryview(numbers).cast("B")  # type: ignore[arg-type]  # arrays are buffers too


class Blocks:
    """The held entries, up to index `held`; what `limit` protects is never overwritten.

    `held` and `limit` are read by anyone and written by the log alone. An index that was
    overwritten or that came folded in a snapshot cannot be read any more: see `oldest`.
    """

    __slots__ = (
        "_bytes",
        "_ends",
        "_floor",
        "_next_k",
        "_numbers",
        "_run_count",
        "_run_sender",
        "_runs",
        "_scalars",
        "_sent",
        "_tail",
        "_top",
        "capacity",
        "held",
        "limit",
    )

    def __init__(self, capacity: int, floor: int) -> None:
        """Room for at least `capacity` entries that follow index `floor`, a block's end."""
        blocks = max(1, -(-capacity // BLOCK))
        self.capacity = blocks * BLOCK
        # Memory that is not touched costs nothing: batches of a block need one page of `_runs`
        # for each block, and only one-entry batches ever fill it.
        self._numbers: Numbers = np.zeros(self.capacity, dtype=np.uint64)
        self._scalars = self._numbers.data
        self._bytes = self._scalars.cast("B")
        self._runs = np.zeros(self.capacity * RUN.size, dtype=np.uint8).data
        self._ends = [0] * blocks  # where the runs of each slot's block end, once it is full
        self._tail = 0  # where the last run lies; the next four describe it
        self._run_sender = -1
        self._run_count = 0
        self._next_k = 0
        self._sent: defaultdict[int, int] = defaultdict(int)
        self._top = self._floor = floor  # highest index ever written, if above held; see `oldest`
        self.held = floor
        self.limit = floor + self.capacity

    def append(self, sender: int, k: int, numbers: Given) -> None:
        """Hold the sender's entries k, k+1, ... at held+1 onwards."""
        data = bytes_of(numbers)
        count = len(data) // WIDTH
        if self.held + count > self.limit:
            self._make_room(self.held + count)
        self._copy(self.held, data)
        self._extend(sender, k, count)

    def append_one(self, sender: int, k: int, u: int) -> None:
        """Hold one entry at held+1."""
        held = self.held
        if held >= self.limit:
            self._make_room(held + 1)
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
        data = bytes_of(numbers)
        count = sum(batch[2] for batch in batches)
        assert count * WIDTH == len(data), f"{count} entries, but {len(data)} bytes of numbers"
        if self.held + count > self.limit:
            self._make_room(self.held + count)
        self._copy(self.held, data)
        for sender, k, size in batches:
            self._extend(sender, k, size)

    def room(self) -> int:
        """How many entries may be appended before the limit moves."""
        return self.limit - self.held

    @property
    def oldest(self) -> int:
        """The lowest index that can be read; it is above `held` if none can."""
        top = max(self._top, self.held)
        overwritten = -(-top // BLOCK) * BLOCK - self.capacity
        return max(self._floor, overwritten) + 1

    def read(self, first: int, last: int) -> tuple[list[Run], bytes]:
        """The runs of first..last, cut to them and at block ends, and all their numbers.

        For any range within `oldest`..`held`.
        """
        return list(self._between(first, last)), b"".join(self.views(first, last))

    def views(self, first: int, last: int) -> tuple[memoryview, ...]:
        """The numbers of first..last as one view of the ring, or two at the wrap, none copied.

        They may be held or ahead. A view is good until its entries are dropped, or folded and
        overwritten. What was not sent by then harms nobody: whoever must hold an approved entry
        has received it, and a frame with dropped entries is of a view that its receivers left.
        """
        assert self.oldest <= first, f"entry {first} is not in the ring, from {self.oldest} on"
        assert last <= max(self.held, self._top), f"entry {last} is neither held nor ahead"
        start = (first - 1) % self.capacity * WIDTH
        stop = start + (last + 1 - first) * WIDTH
        size = len(self._bytes)
        if stop <= size:
            return (self._bytes[start:stop],)
        return self._bytes[start:], self._bytes[: stop - size]

    def sent_by(self, sender: int) -> int:
        """How many of the sender's entries are held; its next k is one more."""
        return self._sent.get(sender, 0)

    def _make_room(self, last: int) -> None:
        """Move the limit to `last` or beyond, if the log can."""
        assert last <= self.limit, f"no room for entry {last} above {self.limit}"

    def _copy(self, before: int, data: memoryview) -> None:
        """Write the numbers that follow index `before`."""
        start = before % self.capacity * WIDTH
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

    def _truncate(self, cut: int) -> None:
        """Forget what is held above the cut."""
        for _, sender, _, count in self._between(cut + 1, self.held):
            self._sent[sender] -= count
        self._top = max(self._top, self.held)
        if cut >= self.oldest:  # else the cut is a folded block's end, and a new block begins
            self._tail = self._place(cut)
            first, self._run_sender, k, _ = RUN.unpack_from(self._runs, self._tail)
            self._run_count = cut + 1 - first
            self._next_k = k + self._run_count
            _pack_count(self._runs, self._tail + _COUNT_AT, self._run_count)
        self.held = cut

    def _ends_at(self, block: int) -> int:
        """Where in `_runs` the runs of a held block end; blocks are counted from 0 here."""
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
        if size == BLOCK or before + size == self.held:
            return self._runs[start : self._ends_at(before // BLOCK)], numbers
        place = self._place(before + size)
        runs = bytearray(self._runs[start : place + RUN.size])
        _pack_count(runs, len(runs) - _COUNT.size, before + size + 1 - self._first_at(place))
        return bytes(runs), numbers

    def _between(self, first: int, last: int) -> Iterator[Run]:
        """The runs of the held entries first..last, cut to them."""
        while first <= last:
            block = (first - 1) // BLOCK
            runs = self._runs[self._place(first) : self._ends_at(block)]
            for start, sender, k, count in RUN.iter_unpack(runs):
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
