"""The journal's file: whole at every moment, never overwritten, loud when the disk is full."""

import json
import os
import subprocess
import sys
from pathlib import Path
from struct import Struct

import pytest

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note
from ringrun.runtime.journal import Journal, clock_name, file_name

HEADER = Struct("<IBd")


def test_a_file_holds_what_was_written_at_once(tmp_path: Path) -> None:
    """Nothing waits in a buffer: a kill after `write` cannot hide the notes."""
    path = tmp_path / file_name("s0-1")
    assert path.name == "s0-1.journal"
    journal = Journal(path, {"node": "s0-1"})
    notes = [(Note.APPROVED, 1, 5, 0), (Note.APPROVED, 1, 6, 0)]
    journal.write(notes, 3.0)
    data = path.read_bytes()
    journal.end(0)
    journal.close()
    ended = path.read_bytes()[len(data) :]
    assert data.startswith(MAGIC)
    length, kind, _ = HEADER.unpack_from(data, len(MAGIC))
    document = data[len(MAGIC) + HEADER.size :][:length]
    assert kind == Note.META
    assert json.loads(document) == {"node": "s0-1"}
    encoder = Encoder()
    encoder.encode([(Note.META, {"node": "s0-1"})], HEADER.unpack_from(data, len(MAGIC))[2])
    assert data.endswith(
        document + data[len(MAGIC) + HEADER.size + length :][:4] + encoder.encode(notes, 3.0)
    )
    assert HEADER.unpack_from(ended)[1] == Note.END
    assert ended[HEADER.size : -4] == b'{"code":0}'


def test_a_journal_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    """It is the evidence of another run."""
    path = tmp_path / "s0-1.journal"
    path.write_bytes(b"evidence")
    with pytest.raises(FileExistsError):
        Journal(path, {})
    assert path.read_bytes() == b"evidence"


def test_a_disk_that_takes_nothing_is_reported() -> None:
    """What follows from notes that are not kept must not leave, so the error is the caller's."""
    journal = Journal.__new__(Journal)
    journal._encoder = Encoder()
    journal._path = Path("out/s0-1.journal")
    journal._descriptor = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OSError, match=r"No space left on device: 'out/s0-1\.journal'"):
        journal.write([(Note.APPROVED, 1, 5, 0)], 0.0)
    journal.end(0)
    assert journal._descriptor == -1


def test_the_clock_has_one_name_for_all_processes_of_a_boot() -> None:
    """So that journals of one machine are compared in time."""
    ask = "from ringrun.runtime.journal import clock_name; print(clock_name())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True
    )
    assert clock_name() == done.stdout.strip() != ""
