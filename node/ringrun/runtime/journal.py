"""The journal: what a node writes down before anything that follows from it leaves the process.

The runner hands over the notes of its core at every turn; `encode` makes the same bytes in memory
for the simulation. The format is in docs/journal.md. Nobody here reads a journal: `ringrun.verify`
does, with code of its own.
"""

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from struct import Struct
from typing import Any

import msgspec

from ringrun.core.notes import Note

MAGIC = b"RINGRUN-JOURNAL 1\n"
SUFFIX = ".journal"

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

_FILE_MODE = 0o644


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


class Journal:
    """One node's journal file. A file that is already there is another run's: FileExistsError."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: Path, meta: Mapping[str, Any]) -> None:
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, _FILE_MODE
        )
        self._write(MAGIC + encode([(Note.META, dict(meta))], time.monotonic()))

    def write(self, notes: Iterable[tuple[Any, ...]], now: float) -> None:
        """Write the notes with one write(2): a kill of the process cannot lose them afterwards.

        OSError if the disk does not take them all; nothing that follows from them may leave then.
        """
        self._write(encode(notes, now))

    def close(self) -> None:
        """Close the file; twice is the same as once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, records: bytes) -> None:
        written = os.write(self._descriptor, records)
        # A regular file takes all or, when the disk is full, a part; the next write says why.
        while written < len(records):
            written += os.write(self._descriptor, memoryview(records)[written:])


def file_name(node: str) -> str:
    """The name of a node's journal in the journal folder; `node` is like s0-1 or m0-1."""
    return node + SUFFIX


def clock_name() -> str:
    """Names the clock behind the times: journals that agree in it can be put in one order.

    The monotonic clock is one for all processes of a boot. Where the system does not tell its
    boot, the name is empty, and nothing is compared.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
