"""The record from the side of a master: the newest one seen, and the one request in flight.

Called by `core.master.master`, which decides what is written and what follows. What a write came to
that nobody answered is kept as `unknown` until the record is read: only what was seen is acted on.
"""

from dataclasses import dataclass
from enum import StrEnum

from ringrun.core.notes import Note
from ringrun.core.outputs import Outcome, Output, ReadRecord, WriteRecord
from ringrun.core.record import Record


class Purpose(StrEnum):
    """Why the record is being written."""

    TAKE_OVER = "take over"
    LEAD = "lead"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write of the record: when it was sent, what, and why."""

    sent: float
    record: Record
    purpose: Purpose

    def took_over(self, record: Record) -> bool:
        """Whether this was a take-over, and is what is recorded now. Nothing else begins a
        leadership: a leader that stopped leads no more in its epoch."""
        mine = (self.record.epoch, self.record.holder)
        return self.purpose is Purpose.TAKE_OVER and (record.epoch, record.holder) == mine


class Recording:
    """`read_at` is when to read next, if nothing is in flight. `busy`: something is."""

    __slots__ = ("_journal", "_outputs", "_poll", "_write", "busy", "newest", "read_at", "unknown")

    def __init__(
        self,
        outputs: list[Output],
        journal: list[tuple[object, ...]] | None,
        poll: float,
        now: float,
    ) -> None:
        self.newest = Record(version=-1)
        self.busy = False
        self.unknown: Write | None = None
        self.read_at = now
        self._outputs = outputs
        self._journal = journal
        self._poll = poll
        self._write: Write | None = None

    def read(self) -> None:
        """Ask for the record."""
        self.busy = True
        self._outputs.append(ReadRecord())

    def write(self, record: Record, purpose: Purpose, now: float) -> None:
        """Ask for this to be written, if what it follows is still the newest."""
        self.busy = True
        self._write = Write(sent=now, record=record, purpose=purpose)
        self._outputs.append(WriteRecord(record))

    def was_read(self) -> None:
        """A read was answered, or the record was told unasked, which no write in flight is."""
        if self._write is None:
            self.busy = False

    def out_of_reach(self, now: float) -> None:
        """The record could not be read."""
        self.read_at = now + self._poll

    def was_written(self) -> Write:
        """The write in flight has ended."""
        write = self._write
        assert write is not None
        self._write = None
        self.busy = False
        return write

    def not_known(self, write: Write, now: float) -> None:
        """Nobody said how it ended: read it back before anything else."""
        self.unknown = write
        self.read_at = now
        self._note(write.record, Outcome.UNKNOWN)

    def saw(self, record: Record, now: float) -> Write | None:
        """This is the newest one, as it was read; gives the write that was not known, if any."""
        unknown, self.unknown = self.unknown, None
        if record.version > self.newest.version:
            self._note(record, "read")
        self.newest = record
        self.read_at = now + self._poll
        return unknown

    def saved(self, record: Record) -> None:
        """This is the newest one, as it was written."""
        self.unknown = None
        self.newest = record
        self._note(record, Outcome.SAVED)

    def _note(self, record: Record, outcome: str) -> None:
        if self._journal is not None:
            document = {"outcome": str(outcome), **record.as_document()}
            self._journal.append((Note.RECORD, document))
