"""SYNC from the slave's side: fetching what is lacking from a donor, and serving it.

A survivor fetches the entries above what it holds. A joiner first gets the donor's approved fold;
what it then holds never shrinks while the view stays the same.
"""

from collections.abc import Iterator, Sequence

from ringrun.core.errors import ProtocolError
from ringrun.core.log.blocks import Run
from ringrun.core.log.entry import BLOCK
from ringrun.core.log.fold import Snapshot, Totals
from ringrun.core.log.log import Log
from ringrun.core.messages import Base, Fetch, Fetched, Sync
from ringrun.core.node import SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Output, Send
from ringrun.core.record import FoldValue, Plan
from ringrun.core.ring.frame import MAX_INDEX
from ringrun.core.rules import Rules

# Entries in one answer: half a megabyte of numbers, so that heartbeats are never far behind.
_CHUNK = 16 * BLOCK
# Blocks that may be approved and not folded before folding goes before passing on; a ring of small
# bursts has no use for so many.
_BACKLOG = 16


def capacity(plan: Plan) -> int:
    """Entries that a slave's log must have room for: what may be issued but not approved, here
    and at the others, what is approved but not yet folded, and the open blocks.
    """
    issued = 2 * plan.window + plan.nodes * plan.burst
    return issued + min(_BACKLOG * BLOCK, 2 * BLOCK + 16 * issued)


def fold_value(totals: Totals) -> FoldValue:
    """The totals as they travel."""
    return FoldValue(
        count=totals.count, sum_exact=str(totals.sum_exact), digest=totals.digest.hex()
    )


class Joining:
    """One SYNC that this slave was told to do."""

    __slots__ = ("_asked", "joiner", "sync")

    def __init__(self, sync: Sync, *, joiner: bool) -> None:
        self.sync = sync
        self.joiner = joiner
        self._asked = -2

    def same_as(self, sync: Sync) -> bool:
        """Whether this is the SYNC under way, said again."""
        mine = self.sync
        return (mine.epoch, mine.attempt, mine.view, mine.cut, mine.donor) == (
            sync.epoch,
            sync.attempt,
            sync.view,
            sync.cut,
            sync.donor,
        )

    def ask(self, log: Log | None, outputs: list[Output]) -> None:
        """Ask the donor for what is still lacking, unless its answers are coming in."""
        sync = self.sync
        held = log.held if log is not None else -1
        if sync.donor is None or held >= sync.cut:
            return
        coming, self._asked = held != self._asked and self._asked != -2, held
        if coming:
            return
        fetch = Fetch(
            epoch=sync.epoch,
            attempt=sync.attempt,
            view=sync.view,
            first=max(held, 0) + 1,
            last=sync.cut,
            snapshot=self.joiner and log is None,
        )
        outputs.append(Send(sync.donor.node, fetch))

    def expects(self, src: SlaveId, message: Fetched, rules: Rules) -> bool:
        """Whether this answers the current SYNC, and comes from its donor."""
        sync = self.sync
        if not rules.tagged_answers:
            return True
        return (
            sync.donor is not None
            and src == sync.donor.node
            and (message.epoch, message.attempt, message.view)
            == (sync.epoch, sync.attempt, sync.view)
        )

    def take(
        self,
        log: Log | None,
        message: Fetched,
        plan: Plan,
        journal: list[tuple[object, ...]] | None,
        rules: Rules,
    ) -> Log | None:
        """The log with what this answer adds to it."""
        base = message.base
        _check(message.batches, message.numbers)
        if base is not None:
            _check(base.runs, base.numbers)
        last = max((first + count - 1 for first, _, _, count in message.batches), default=0)
        if last > self.sync.cut and rules.tagged_answers:
            raise ProtocolError(f"fetched entry {last} for a cut of {self.sync.cut}")
        if base is not None and log is None:
            log = _log_of(base, plan, self.sync.cut)
            if journal is not None:
                journal.append((Note.BASE, base_document(base)))
        if log is None:
            return None
        at = 0
        for first, sender, k, count in message.batches:
            skip = log.held + 1 - first
            if 0 <= skip < count:
                numbers = message.numbers[(at + skip) * 8 : (at + count) * 8]
                log.append(sender, k + skip, numbers)
                if journal is not None:
                    journal.append(
                        (
                            Note.SYNCED,
                            message.view,
                            first + skip,
                            sender,
                            k + skip,
                            count - skip,
                            numbers,
                        )
                    )
            at += count
        if not rules.approved_folds_only:
            log.approve(log.held)
            if journal is not None:
                journal.append((Note.APPROVED, message.view, log.held, 1))
        return log

    @staticmethod
    def serve(log: Log, message: Fetch) -> Iterator[Fetched]:
        """A donor's answers: the approved fold first if it is asked for, then entries in pieces."""
        base = None
        first = message.first
        if message.snapshot:
            snapshot = log.snapshot()
            base = base_of(snapshot)
            first = snapshot.count + 1
        elif first < log.oldest:
            raise ProtocolError(f"entry {first} is asked for, {log.oldest} is the first there is")
        last = min(message.last, log.held)
        while base is not None or first <= last:
            end = min(last, first + _CHUNK - 1)
            batches, numbers = log.read(first, end) if first <= end else ([], b"")
            yield Fetched(
                epoch=message.epoch,
                attempt=message.attempt,
                view=message.view,
                batches=tuple(batches),
                numbers=numbers,
                base=base,
            )
            base = None
            first = end + 1


def _check(batches: Sequence[Run], numbers: bytes) -> None:
    """Raise ProtocolError unless these batches can be, and these are their numbers."""
    total = 0
    for first, sender, k, count in batches:
        if not (
            1 <= first < MAX_INDEX
            and 0 <= sender < 1 << 32
            and 1 <= k < MAX_INDEX
            and 1 <= count < 1 << 32
        ):
            raise ProtocolError(f"no run has a batch of {count} from ({sender}, {k}) at {first}")
        total += count
    if 8 * total != len(numbers):
        raise ProtocolError(f"{total} fetched entries with {len(numbers)} bytes of numbers")


def _log_of(base: Base, plan: Plan, cut: int) -> Log:
    if not 0 <= base.count <= cut:
        raise ProtocolError(f"a fold of {base.count} entries for a cut of {cut}")
    try:
        return Log(capacity(plan), snapshot_of(base))
    except ValueError as error:
        raise ProtocolError(f"a fold that contradicts itself: {error}") from error


def base_of(snapshot: Snapshot) -> Base:
    """A snapshot as it travels."""
    return Base(
        count=snapshot.count,
        sum_exact=str(snapshot.sum_exact),
        senders=snapshot.senders,
        last_sender=snapshot.last_sender,
        digest=snapshot.digest,
        runs=snapshot.runs,
        numbers=snapshot.numbers,
    )


def snapshot_of(base: Base) -> Snapshot:
    """What travelled, as a snapshot."""
    return Snapshot(
        count=base.count,
        sum_exact=int(base.sum_exact),
        senders=base.senders,
        last_sender=base.last_sender,
        digest=base.digest,
        runs=base.runs,
        numbers=base.numbers,
    )


def base_document(base: Base) -> dict[str, object]:
    """A base as the journal keeps it."""
    return {
        "count": base.count,
        "sumExact": base.sum_exact,
        "digest": base.digest.hex(),
        "senders": [list(pair) for pair in base.senders],
        "lastSender": base.last_sender,
        "runs": [list(run) for run in base.runs],
        "numbers": base.numbers.hex(),
    }
