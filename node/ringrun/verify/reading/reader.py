"""A journal: the records that could be read, as columns and documents, and where reading stopped.

Reads the format of docs/journal.md with code of its own. A journal that was cut off or is damaged
is read up to there, and says so in `damage`; it never makes an error. What the records mean is for
`history` and the checks.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ringrun.verify.reading.columns import (
    NO_APPROVALS,
    NO_ENTRIES,
    Approvals,
    Data,
    Entries,
    Integers,
    Numbers,
    field_at,
)
from ringrun.verify.reading.forms import FORMS
from ringrun.verify.reading.numbers import Streams
from ringrun.verify.reading.records import HEADER_BYTES, Records, place_of, scan

_TIME_AT = 5
_TIME = struct.Struct("<d")
_LENGTH = struct.Struct("<I")
_CHECKPOINT = struct.Struct("<Q32s")
_ENTRY_BYTES = 28
_SUMMED_BYTES = 32
_NUMBERS_AT = HEADER_BYTES + _ENTRY_BYTES
_APPROVED_BYTES = 13
_WITHHELD = 0x80
# Behind every record.
_NO_STOP = 1 << 62


class Kind(IntEnum):
    """The kinds of records."""

    META = 1
    ISSUED = 2
    HELD = 3
    SYNCED = 4
    APPROVED = 5
    VIEW = 6
    BASE = 7
    WEDGED = 8
    PHASE = 9
    COMMAND = 10
    CHECKPOINT = 11
    RESULT = 12
    RECORD = 13
    END = 14


_KINDS = {int(kind): kind for kind in Kind}
_CHECKPOINT_KIND = Kind.CHECKPOINT
_FORMS = {Kind[name]: form for name, form in FORMS.items()}


class UnreadableError(Exception):
    """What is given cannot be checked as one run; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A record that is JSON. `place` is its number in the journal, from 0."""

    place: int
    time: float
    kind: Kind
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeJournal:
    """One node's journal, as far as it could be read."""

    name: str
    version: int
    """Of the format; 0 if not even that could be read."""
    meta: dict[str, Any]
    entries: Entries
    approvals: Approvals
    documents: tuple[Document, ...]
    checkpoints: tuple[tuple[int, bytes], ...]
    numbers: Numbers
    """The number that begins at each byte of the journal: index it with places in bytes."""
    sums: NDArray[np.uint32]
    """The same for CRC-32s, of batches whose numbers are withheld."""
    streams: Streams
    """What the run's seed gives, for numbers that are withheld."""
    damage: str
    """Where reading stopped, and why; empty if all of it was read."""

    @property
    def clock(self) -> str:
        """The name of the clock behind the times; empty if unknown."""
        return str(self.meta.get("clock") or "")

    @property
    def ended(self) -> bool:
        """Whether its last record says that the process ended in order."""
        return not self.damage and bool(self.documents) and self.documents[-1].kind is Kind.END

    @property
    def has_result(self) -> bool:
        """Whether a slave gave its result."""
        return bool(self.of(Kind.RESULT))

    def of(self, kind: Kind) -> list[Document]:
        """The documents of one kind, in order."""
        return [document for document in self.documents if document.kind is kind]


def read(name: str, data: Data) -> NodeJournal:
    """The journal of the node with this name, as far as its bytes can be trusted."""
    view = memoryview(data)
    records = scan(view)
    kinds = np.frombuffer(bytes(records.kinds), dtype=np.uint8)
    withheld = kinds >= _WITHHELD if records.version > 1 else np.zeros(len(kinds), dtype=np.bool_)
    plain = np.where(withheld, kinds - np.uint8(_WITHHELD), kinds)
    rows = _Rows(
        view=view,
        at=np.frombuffer(records.places, dtype=np.int64),
        number=np.arange(len(kinds)),
        kind=plain,
        withheld=withheld,
    )
    is_entry = (plain >= Kind.ISSUED) & (plain <= Kind.SYNCED)
    is_approval = kinds == Kind.APPROVED
    documents, checkpoints, stop, why = _documents(
        view, records, rows.number[~(is_entry | is_approval)].tolist()
    )
    entries, approvals = rows.some(is_entry), rows.some(is_approval)
    for misfit, what in (
        (entries.misfit_entries(), "a record of entries is not as long as its count says"),
        (approvals.misfit_approvals(), f"an approval does not have {_APPROVED_BYTES} bytes"),
    ):
        if misfit < stop:
            stop, why = misfit, what
    damage = records.damage
    if why:
        damage = f"is damaged at {place_of(stop, records.places[stop])}: {why}"
        entries, approvals = entries.before(stop), approvals.before(stop)
        documents = [document for document in documents if document.place < stop]
    meta = documents[0].values if documents and documents[0].kind is Kind.META else {}
    return NodeJournal(
        name=name,
        version=records.version,
        meta=meta,
        entries=entries.entries(),
        approvals=approvals.approvals(),
        documents=tuple(documents),
        checkpoints=tuple((block, digest) for at, block, digest in checkpoints if at < stop),
        numbers=field_at(view, "<u8", 0),
        sums=field_at(view, "<u4", 0),
        streams=Streams(int(meta.get("seed") or 0)),
        damage=damage,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Some of a journal's records, by where they begin and by their number in it."""

    view: memoryview
    at: Integers
    number: Integers
    kind: NDArray[np.uint8]
    withheld: NDArray[np.bool_]

    def some(self, which: NDArray[np.bool_]) -> "_Rows":
        return _Rows(
            view=self.view,
            at=self.at[which],
            number=self.number[which],
            kind=self.kind[which],
            withheld=self.withheld[which],
        )

    def before(self, stop: int) -> "_Rows":
        return self.some(self.number < stop)

    def _field(self, form: str, offset: int) -> NDArray[Any]:
        return field_at(self.view, form, offset)[self.at]

    def _first(self, wrong: NDArray[np.bool_]) -> int:
        return int(self.number[wrong.argmax()]) if wrong.any() else _NO_STOP

    def _counts(self) -> Integers:
        counts: Integers = self._field("<u4", HEADER_BYTES + 24).astype(np.int64)
        return counts

    def misfit_entries(self) -> int:
        """The number of the first batch that is not as long as it says."""
        if not len(self.at):
            return _NO_STOP
        length = self._field("<u4", 0).astype(np.int64)
        short = length < _ENTRY_BYTES
        if short.any():
            first = self._first(short)
            return min(first, self.before(first).misfit_entries())
        count = self._counts()
        due = np.where(self.withheld, _SUMMED_BYTES, count * 8 + _ENTRY_BYTES)
        return self._first((due != length) | (count == 0))

    def misfit_approvals(self) -> int:
        """The number of the first approval that is not as long as one is."""
        if not len(self.at):
            return _NO_STOP
        return self._first(self._field("<u4", 0) != _APPROVED_BYTES)

    def entries(self) -> Entries:
        if not len(self.at):
            return NO_ENTRIES
        return Entries(
            place=self.number,
            time=self._field("<f8", _TIME_AT),
            kind=self.kind,
            view=self._field("<u4", HEADER_BYTES).astype(np.int64),
            first=self._field("<i8", HEADER_BYTES + 4),
            sender=self._field("<u4", HEADER_BYTES + 12).astype(np.int64),
            k=self._field("<i8", HEADER_BYTES + 16),
            count=self._counts(),
            at=self.at + _NUMBERS_AT,
            withheld=self.withheld,
        )

    def approvals(self) -> Approvals:
        if not len(self.at):
            return NO_APPROVALS
        return Approvals(
            place=self.number,
            time=self._field("<f8", _TIME_AT),
            view=self._field("<u4", HEADER_BYTES).astype(np.int64),
            up_to=self._field("<i8", HEADER_BYTES + 4),
            how=self._field("u1", HEADER_BYTES + 12),
        )


_Checkpoint = tuple[int, int, bytes]


def _documents(
    view: memoryview, records: Records, numbers: list[int]
) -> tuple[list[Document], list[_Checkpoint], int, str]:
    """Documents, and checkpoints with their places, up to one that is not as the format says.

    Of that one the number comes back too, and why.
    """
    documents: list[Document] = []
    checkpoints: list[_Checkpoint] = []
    for number in numbers:
        at = records.places[number]
        begin = at + HEADER_BYTES
        length = _LENGTH.unpack_from(view, at)[0]
        try:
            kind = _KINDS.get(records.kinds[number])
            if kind is None:
                raise ValueError(f"there is no kind {records.kinds[number]}")
            if kind is _CHECKPOINT_KIND:
                checkpoints.append((number, *_CHECKPOINT.unpack(view[begin : begin + length])))
                continue
            values = msgspec.json.decode(view[begin : begin + length])
            if type(values) is not dict:
                raise ValueError("not an object")
            form = _FORMS.get(kind)
            if form is not None:
                msgspec.convert(values, form)
            if kind is Kind.META and int(values.get("seed") or 0) >= 1 << 64:
                raise ValueError("the seed does not fit in 64 bits")
        except (ValueError, msgspec.MsgspecError, struct.error) as error:
            return documents, checkpoints, number, str(error)
        time = _TIME.unpack_from(view, at + _TIME_AT)[0]
        documents.append(Document(place=number, time=time, kind=kind, values=values))
    return documents, checkpoints, _NO_STOP, ""
