"""The bytes of a journal: notes, as they are written down. The format is in docs/journal.md.

`runtime.journal` writes them to a file, the simulation keeps them in memory. Nobody here reads
them: `ringrun.verify` does, with code of its own.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Any, Final
from zlib import crc32

import msgspec
import numpy as np

from ringrun.core.log.entry import Stream
from ringrun.core.notes import Note

MAGIC: Final = b"RINGRUN-JOURNAL-2\n"

WITHHELD: Final = 0x80
"""Added to the kind of a batch whose numbers are left out: the seed gives them."""

LEAST_WITHHELD: Final = 16
"""The fewest numbers that are left out: below, what it saves is not worth a look at the seed."""

# Every record is a length, a kind and a time, then its payload, then the check.
_HEADER = Struct("<IBd")
# A batch of entries (view, first index, sender, first k, count), and the commonest one: one entry.
_BATCH = Struct("<IBdIQIQI")
_SUMMED = Struct("<IBdIQIQII")
_ENTRY = Struct("<IBdIQIQIQ")
_APPROVED = Struct("<IBdIQB")
_CHECKPOINT = Struct("<IBdQ32s")
_CHECK = Struct("<I")
_BATCH_BYTES = _BATCH.size - _HEADER.size
_SUMMED_BYTES = _SUMMED.size - _HEADER.size
_ENTRY_BYTES = _ENTRY.size - _HEADER.size
_APPROVED_BYTES = _APPROVED.size - _HEADER.size
_CHECKPOINT_BYTES = _CHECKPOINT.size - _HEADER.size
_NUMBER_BYTES = 8

# As plain integers: comparing with a member of the enum costs a look-up of its name each time.
_ISSUED, _SYNCED = int(Note.ISSUED), int(Note.SYNCED)
_KIND_APPROVED, _KIND_CHECKPOINT = int(Note.APPROVED), int(Note.CHECKPOINT)


class Encoder:
    """The records of one journal, in order: each ends with the CRC-32 of all up to there.

    So a byte that changes, and a record that is lost, doubled or moved, shows at that record. What
    is cut off at the end of one does not: that is for END, and for the lengths of the manifest.

    With the run's `seed`, a long batch of numbers that are what the seed gives is written without
    them: their CRC-32 lets a reader see that they were. Any others are always written out.
    """

    __slots__ = ("_check", "_seed", "_streams")

    def __init__(self, seed: int | None = None) -> None:
        self._check = crc32(MAGIC)
        self._seed = seed
        self._streams: dict[int, Stream] = {}

    def encode(
        self,
        notes: Iterable[tuple[Any, ...]],
        now: float,
        # Bound once: in a lockstep run this is called for every message.
        entry: Any = _ENTRY.pack,
        approved: Any = _APPROVED.pack,
        word: Any = _CHECK.pack,
    ) -> bytes:
        """The records of these notes, in order, all with the time `now`."""
        parts: list[bytes] = []
        check = self._check
        for note in notes:
            kind = note[0]
            if _ISSUED <= kind <= _SYNCED:
                _, view, first, sender, k, count, numbers = note
                if type(numbers) is int:
                    assert count == 1, f"one number for {count} entries"
                    record = entry(_ENTRY_BYTES, kind, now, view, first, sender, k, count, numbers)
                else:
                    held = memoryview(numbers).cast("B")
                    size = count * _NUMBER_BYTES
                    assert len(held) == size, f"{len(held)} bytes of numbers for {count} entries"
                    if count >= LEAST_WITHHELD and self._gives(sender, k, count, held):
                        record = _SUMMED.pack(
                            _SUMMED_BYTES,
                            kind | WITHHELD,
                            now,
                            view,
                            first,
                            sender,
                            k,
                            count,
                            crc32(held),
                        )
                    else:
                        record = _BATCH.pack(
                            _BATCH_BYTES + size, kind, now, view, first, sender, k, count
                        ) + bytes(held)
            elif kind == _KIND_APPROVED:
                record = approved(_APPROVED_BYTES, kind, now, note[1], note[2], note[3])
            elif kind == _KIND_CHECKPOINT:
                record = _CHECKPOINT.pack(_CHECKPOINT_BYTES, kind, now, note[1], note[2])
            else:
                document = msgspec.json.encode(note[1])
                record = _HEADER.pack(len(document), kind, now) + document
            check = crc32(record, check)
            parts.append(record)
            parts.append(word(check))
        self._check = check
        return b"".join(parts)

    def _gives(self, sender: int, k: int, count: int, numbers: memoryview) -> bool:
        """Whether the seed gives these very numbers."""
        if self._seed is None or k < 1:
            return False
        stream = self._streams.get(sender)
        if stream is None:
            stream = self._streams[sender] = Stream(self._seed, sender)
        return bool((np.frombuffer(numbers, dtype=np.uint64) == stream.take(k, count)).all())
