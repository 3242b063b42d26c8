"""The entries that a slave holds, in memory of fixed size however long the run is.

The models append what they issue and receive, move the approved index and pass entries on; the
slave folds whole blocks when it is idle (pass on first, fold later). The log does not know views,
confirmations or who may issue: it only keeps G2's indices contiguous and never replaces what it
holds, unless told to drop it. How entries lie in memory is in `blocks`, what they come to in
`fold`.
"""

from bisect import bisect_left
from collections import deque

import numpy as np

from ringrun.core.log.blocks import WIDTH, Blocks, Given, Run, bytes_of
from ringrun.core.log.entry import BLOCK
from ringrun.core.log.fold import RUN, Fold, Snapshot, Totals, block_digest, weighted_sum

_CUTS = 16


class Log(Blocks):
    """What is held, how much of it is approved, and how much of that is folded.

    Always `folded <= approved <= held <= limit = folded + capacity`, all four free to read; what
    arrived out of order waits ahead, between held and limit. A log moves freely if it has room
    for two windows (issued and not approved: here, and by what the others know) and two blocks.
    """

    __slots__ = ("_ahead", "_cuts", "_fold", "_folded_sender", "approved", "folded")

    def __init__(self, capacity: int, snapshot: Snapshot | None = None) -> None:
        """A log of at least `capacity` entries, empty or going on from an approved log.

        Raises ValueError if the parts of the snapshot contradict each other.
        """
        folded = 0 if snapshot is None else snapshot.count // BLOCK * BLOCK
        super().__init__(capacity, folded)
        self.approved = self.folded = folded
        self._ahead: list[Run] = []
        self._cuts: deque[tuple[int, bytes]] = deque(maxlen=_CUTS)
        self._folded_sender = -1
        # A result must be comparable with whatever may be in flight elsewhere.
        keep = self.capacity // BLOCK + 2
        if snapshot is None:
            self._fold = Fold(keep=keep)
        else:
            self._restore(snapshot, keep)

    def offer(self, first: int, sender: int, k: int, numbers: Given) -> bool:
        """Take entries that may be out of order, starting at index `first`; True if held grew.

        What is already held, or already waits ahead, is never replaced. The caller has checked
        that the last index is at most `limit`, and appends nothing while something is ahead.
        """
        held = self.held
        if first == held + 1 and not self._ahead:
            self.append(sender, k, numbers)
            return self.held > held
        data = bytes_of(numbers)
        known = max(0, held + 1 - first)
        if len(data) <= known * WIDTH:
            return False
        self._keep_ahead(first + known, sender, k + known, data[known * WIDTH :])
        ahead = self._ahead
        while ahead and ahead[0][0] == self.held + 1:
            self._extend(*ahead.pop(0)[1:])
        return self.held > held

    def approve(self, up_to: int) -> None:
        """Let everything up to this index count."""
        assert self.approved <= up_to <= self.held, (
            f"approval moves within {self.approved}..{self.held}, got {up_to}"
        )
        self.approved = up_to

    def drop_above(self, cut: int) -> None:
        """Forget everything above the cut, held or ahead."""
        assert cut >= self.approved, f"{self.approved} entries are approved, cannot cut at {cut}"
        self.drop_ahead()
        if cut < self.held:
            self._truncate(cut)

    def drop_ahead(self) -> None:
        """Forget what waits above held+1."""
        self._ahead.clear()

    def fold(self, most: int = 1 << 30) -> int:
        """Fold at most `most` full approved blocks; returns how many."""
        done = 0
        while done < most and self.approved - self.folded >= BLOCK:
            end = self._ends_at(self.folded // BLOCK)
            self._folded_sender = RUN.unpack_from(self._runs, end - RUN.size)[1]
            self._fold.add(*self._piece(self.folded, BLOCK))
            self.folded += BLOCK
            self.limit += BLOCK
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
        """The approved log, for a joiner; its full blocks are folded first."""
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

    def sender_at(self, index: int) -> int:
        """Who sent the entry at an index in the ring, or at the last one folded; -1 for 0."""
        if index == 0:
            return -1
        if index == self.folded:
            assert self._folded_sender >= 0, f"entry {index} came folded in a snapshot"
            return self._folded_sender
        return self._run_at(index)[1]

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """(block number from 1, chain digest) of the blocks folded since the last call."""
        return self._fold.fresh()

    def recent_digests(self) -> tuple[tuple[int, bytes], ...]:
        """(count, digest) at the ends of the last full blocks: as many as the ring has, and two."""
        return tuple((number * BLOCK, digest) for number, digest in self._fold.recent())

    def add_cut(self, count: int) -> None:
        """Remember the digest at this count, for `recent_cuts`."""
        if not self._cuts or self._cuts[-1][0] != count:
            self._cuts.append((count, self.totals(count).digest))

    def recent_cuts(self) -> tuple[tuple[int, bytes], ...]:
        """(count, digest) at the last 16 cuts."""
        return tuple(self._cuts)

    def _make_room(self, last: int) -> None:
        # Folding is for idle moments, but it must not fall behind the ring.
        while last > self.limit and self.fold(1):
            pass
        super()._make_room(last)

    def _keep_ahead(self, first: int, sender: int, k: int, data: memoryview) -> None:
        """Keep those of the entries that are not ahead yet: the gaps between what is."""
        ahead = self._ahead
        end = first + len(data) // WIDTH
        if end - 1 > self.limit:
            self._make_room(end - 1)
        self._top = max(self._top, end - 1)
        at = bisect_left(ahead, (first,))
        begin = first
        if at:
            before = ahead[at - 1]
            begin = max(begin, before[0] + before[3])
        while begin < end:
            stop = min(end, ahead[at][0]) if at < len(ahead) else end
            if begin < stop:
                skip = begin - first
                self._copy(begin - 1, data[skip * WIDTH : (stop - first) * WIDTH])
                ahead.insert(at, (begin, sender, k + skip, stop - begin))
                at += 1
            if at == len(ahead):
                return
            begin = ahead[at][0] + ahead[at][3]
            at += 1

    def _restore(self, snapshot: Snapshot, keep: int) -> None:
        open_count = snapshot.count - self.folded
        if snapshot.count < 0 or len(snapshot.numbers) != open_count * WIDTH:
            raise ValueError(
                f"a snapshot of {snapshot.count} entries must carry {open_count} numbers, "
                f"got {len(snapshot.numbers)} bytes"
            )
        numbers = np.frombuffer(snapshot.numbers, dtype=np.uint64)
        self._fold = Fold(
            keep=keep,
            count=self.folded,
            sum_exact=snapshot.sum_exact - weighted_sum(self.folded, numbers),
            digest=snapshot.digest,
        )
        self._copy(self.folded, memoryview(snapshot.numbers))
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
