"""The journal: what a node writes down before anything that follows from it leaves the process.

The runner hands over the notes of its core at every turn; their bytes are `core.journal_bytes`'s.
Nobody here reads a journal: `ringrun.verify` does, with code of its own.
"""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note

SUFFIX = ".journal"

_FILE_MODE = 0o644


class Journal:
    """One node's journal file. A file that is already there is another run's: FileExistsError."""

    __slots__ = ("_descriptor", "_encoder", "_path")

    def __init__(self, path: Path, meta: Mapping[str, Any]) -> None:
        self._path = path
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, _FILE_MODE
        )
        self._encoder = Encoder(meta.get("seed"))
        meta_record = self._encoder.encode([(Note.META, dict(meta))], time.monotonic())
        self._write(MAGIC + meta_record)

    def write(self, notes: Iterable[tuple[Any, ...]], now: float) -> None:
        """Write the notes with one write(2): a kill of the process cannot lose them afterwards.

        OSError if the disk does not take them all; nothing that follows from them may leave then.
        """
        self._write(self._encoder.encode(notes, now))

    def end(self, code: int) -> None:
        """Say that the process ends in order, with this exit code, and close the file.

        A journal without that end is one whose process was killed, or that was cut. A disk that
        does not take it costs only that: nothing follows from it.
        """
        if self._descriptor >= 0:
            with suppress(OSError):
                self.write([(Note.END, {"code": code})], time.monotonic())
        self.close()

    def close(self) -> None:
        """Close the file; twice is the same as once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, records: bytes) -> None:
        try:
            written = os.write(self._descriptor, records)
            # A regular file takes all or, when the disk is full, a part; the next write says why.
            while written < len(records):
                written += os.write(self._descriptor, memoryview(records)[written:])
        except OSError as error:
            # Whoever reads what became of the process looks for the file.
            error.filename = str(self._path)
            raise


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
