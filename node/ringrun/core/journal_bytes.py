"""The bytes of a journal: notes, as they are written down. The format is in docs/journal.md.

`runtime.journal` writes them to a file, the simulation keeps them in memory. Nobody here reads
them: `ringrun.verify` does, with code of its own.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Any

import msgspec

from ringrun.core.notes import Note

MAGIC = b"RINGRUN-JOURNAL 1\n"

# Every record is a length, a kind and a time, and then its payload.
_HEADER = Struct("<IBd")
# A batch of entries (view, first index, sender, first k, count), and the commonest one: one entry.
_BATCH = Struct("<IBdIQIQI")
_ENTRY = Struct("<IBdIQIQIQ")
_APPROVED = Struct("<IBdIQB")
_CHECKPOINT = Struct("<IBdQ32s")
_BATCH_BYTES = _BATCH.size - _HEADER.size
_ENTRY_BYTES = _ENTRY.size - _HEADER.size
_APPROVED_BYTES = _APPROVED.size - _HEADER.size
_CHECKPOINT_BYTES = _CHECKPOINT.size - _HEADER.size
_NUMBER_BYTES = 8

# As plain integers: comparing with a member of the enum costs a look-up of its name each time.
_ISSUED, _SYNCED = int(Note.ISSUED), int(Note.SYNCED)
_KIND_APPROVED, _KIND_CHECKPOINT = int(Note.APPROVED), int(Note.CHECKPOINT)


def encode(
    notes: Iterable[tuple[Any, ...]],
    now: float,
    # Bound once: in a lockstep run this is called for every message.
    entry: Any = _ENTRY.pack,
    approved: Any = _APPROVED.pack,
) -> bytes:
    """The records of these notes, in order, all with the time `now`."""
    parts: list[Any] = []
    for note in notes:
        kind = note[0]
        if _ISSUED <= kind <= _SYNCED:
            _, view, first, sender, k, count, numbers = note
            if type(numbers) is int:
                assert count == 1, f"one number for {count} entries"
                parts.append(entry(_ENTRY_BYTES, kind, now, view, first, sender, k, count, numbers))
            else:
                size = count * _NUMBER_BYTES
                held = memoryview(numbers)
                assert held.nbytes == size, f"{held.nbytes} bytes of numbers for {count} entries"
                parts.append(
                    _BATCH.pack(_BATCH_BYTES + size, kind, now, view, first, sender, k, count)
                )
                parts.append(held)
        elif kind == _KIND_APPROVED:
            parts.append(approved(_APPROVED_BYTES, kind, now, note[1], note[2], note[3]))
        elif kind == _KIND_CHECKPOINT:
            parts.append(_CHECKPOINT.pack(_CHECKPOINT_BYTES, kind, now, note[1], note[2]))
        else:
            document = msgspec.json.encode(note[1])
            parts.append(_HEADER.pack(len(document), kind, now))
            parts.append(document)
    return b"".join(parts)
