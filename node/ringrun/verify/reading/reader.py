"""A journal as columns: one array for each field of its entries, whatever their number.

Reads the format of docs/journal.md with code of its own. A journal that was cut off by a kill is
read up to its last whole record; anything else that is not as the format says is an
`UnreadableError`. What the records mean is for `history` and the checks.
"""

import struct
from array import array
from dataclasses import dataclass
from enum import IntEnum
from mmap import mmap
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

MAGIC = b"RINGRUN-JOURNAL 1\n"

Data = bytes | bytearray | memoryview | mmap
Integers = NDArray[np.int64]
Numbers = NDArray[np.uint64]
Times = NDArray[np.float64]

_HEAD = struct.Struct("<IB")
_HEADER_BYTES = 13
_TIME_AT = 5
_TIME = struct.Struct("<d")
_CHECKPOINT = struct.Struct("<Q32s")
_ENTRY_BYTES = 28
_NUMBERS_AT = _HEADER_BYTES + _ENTRY_BYTES
_APPROVED_BYTES = 13


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


_KINDS = {int(kind): kind for kind in Kind}
_CHECKPOINT_KIND = Kind.CHECKPOINT


# What the checks rely on; a record may say more.
_NEEDED = {
    Kind.VIEW: {"number", "epoch", "members", "cut"},
    Kind.PHASE: {"phase"},
    Kind.COMMAND: {"command", "epoch", "holder", "obeyed"},
    Kind.RESULT: {"count", "sumExact", "digest", "final"},
    Kind.RECORD: {"outcome", "version", "epoch", "holder", "view", "members", "cut", "phase"},
}
_NOTHING_NEEDED: set[str] = set()


class UnreadableError(Exception):
    """Not a journal, or one that no node of ours wrote; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A record that is JSON. `place` is its number in the journal, from 0."""

    place: int
    time: float
    kind: Kind
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The batches of entries in the order of the journal; `at` is where a batch's numbers begin."""

    place: Integers
    time: Times
    kind: NDArray[np.uint8]
    view: Integers
    first: Integers
    sender: Integers
    k: Integers
    count: Integers
    at: Integers

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """The approvals in the order of the journal. `how`: 0 confirmed, 1 by a cut, 2 by the last."""

    place: Integers
    time: Times
    view: Integers
    up_to: Integers
    how: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.place)


_NONE: Integers = np.empty(0, dtype=np.int64)
_NEVER: Times = np.empty(0, dtype=np.float64)
_NOTHING: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
# A master's journal has neither; it is read for every run of the simulation.
NO_ENTRIES = Entries(
    place=_NONE,
    time=_NEVER,
    kind=_NOTHING,
    view=_NONE,
    first=_NONE,
    sender=_NONE,
    k=_NONE,
    count=_NONE,
    at=_NONE,
)
NO_APPROVALS = Approvals(place=_NONE, time=_NEVER, view=_NONE, up_to=_NONE, how=_NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeJournal:
    """One node's journal."""

    name: str
    meta: dict[str, Any]
    entries: Entries
    approvals: Approvals
    documents: tuple[Document, ...]
    checkpoints: tuple[tuple[int, bytes], ...]
    numbers: Numbers
    """The number that begins at each byte of the journal: index it with places in bytes."""
    cut_off: bool

    @property
    def clock(self) -> str:
        """The name of the clock behind the times; empty if unknown."""
        return str(self.meta.get("clock") or "")

    def of(self, kind: Kind) -> list[Document]:
        """The documents of one kind, in order."""
        return [document for document in self.documents if document.kind is kind]


def read(name: str, data: Data) -> NodeJournal:
    """The journal of the node with this name; UnreadableError if it is none."""
    view = memoryview(data)
    size = len(view)
    if bytes(view[: len(MAGIC)]) != MAGIC[:size]:
        raise UnreadableError(f"{name} is not a journal: it does not begin with its magic line")
    places, kinds, end = _records(view)
    offsets = np.frombuffer(places, dtype=np.int64)
    kind = np.frombuffer(bytes(kinds), dtype=np.uint8)
    number = np.arange(len(kind))
    is_entry = (kind >= Kind.ISSUED) & (kind <= Kind.SYNCED)
    is_approval = kind == Kind.APPROVED
    documents, checkpoints = _documents(
        name, view, places, kinds, number[~(is_entry | is_approval)].tolist()
    )
    meta = documents[0].values if documents and documents[0].kind is Kind.META else {}
    return NodeJournal(
        name=name,
        meta=meta,
        entries=_entries(name, view, offsets[is_entry], kind[is_entry], number[is_entry]),
        approvals=_approvals(name, view, offsets[is_approval], number[is_approval]),
        documents=tuple(documents),
        checkpoints=tuple(checkpoints),
        numbers=_field(view, "<u8", 0),
        cut_off=end != size or size < len(MAGIC),
    )


def _records(view: memoryview) -> tuple["array[int]", bytearray, int]:
    """Where every whole record begins, its kind, and where the last one ends."""
    places = array("q")
    kinds = bytearray()
    size = len(view)
    last = size - _HEADER_BYTES
    unpack, place, kind_of = _HEAD.unpack_from, places.append, kinds.append
    at = len(MAGIC)
    while at <= last:
        length, kind = unpack(view, at)
        after = at + _HEADER_BYTES + length
        if after > size:
            break
        place(at)
        kind_of(kind)
        at = after
    return places, kinds, at


def _field(view: memoryview, form: str, offset: int) -> NDArray[Any]:
    """The field that begins `offset` bytes after each byte, as an array to be indexed by bytes.

    The fields lie at odd places, so the array steps by one byte; only what is taken is read.
    """
    dtype = np.dtype(form)
    span = max(0, len(view) - offset - dtype.itemsize + 1)
    return np.ndarray((span,), dtype, view, offset if span else 0, (1,))


def _entries(
    name: str,
    view: memoryview,
    at: Integers,
    kind: NDArray[np.uint8],
    place: Integers,
) -> Entries:
    if not len(at):
        return NO_ENTRIES
    length = _field(view, "<u4", 0)[at].astype(np.int64)
    if (length < _ENTRY_BYTES).any():
        raise UnreadableError(f"{name}: a record of entries is too short")
    count = _field(view, "<u4", _HEADER_BYTES + 24)[at].astype(np.int64)
    if ((count * 8 + _ENTRY_BYTES != length) | (count == 0)).any():
        raise UnreadableError(f"{name}: a record of entries is not as long as its count says")
    return Entries(
        place=place,
        time=_field(view, "<f8", _TIME_AT)[at],
        kind=kind,
        view=_field(view, "<u4", _HEADER_BYTES)[at].astype(np.int64),
        first=_field(view, "<i8", _HEADER_BYTES + 4)[at],
        sender=_field(view, "<u4", _HEADER_BYTES + 12)[at].astype(np.int64),
        k=_field(view, "<i8", _HEADER_BYTES + 16)[at],
        count=count,
        at=at + _NUMBERS_AT,
    )


def _approvals(name: str, view: memoryview, at: Integers, place: Integers) -> Approvals:
    if not len(at):
        return NO_APPROVALS
    if (_field(view, "<u4", 0)[at] != _APPROVED_BYTES).any():
        raise UnreadableError(f"{name}: an approval does not have {_APPROVED_BYTES} bytes")
    return Approvals(
        place=place,
        time=_field(view, "<f8", _TIME_AT)[at],
        view=_field(view, "<u4", _HEADER_BYTES)[at].astype(np.int64),
        up_to=_field(view, "<i8", _HEADER_BYTES + 4)[at],
        how=_field(view, "u1", _HEADER_BYTES + 12)[at],
    )


def _documents(
    name: str,
    view: memoryview,
    places: "array[int]",
    kinds: bytearray,
    numbers: list[int],
) -> tuple[list[Document], list[tuple[int, bytes]]]:
    documents = []
    checkpoints = []
    for number in numbers:
        at = places[number]
        begin = at + _HEADER_BYTES
        length = _HEAD.unpack_from(view, at)[0]
        try:
            kind = _KINDS.get(kinds[number])
            if kind is None:
                raise ValueError(f"there is no kind {kinds[number]}")
            if kind is _CHECKPOINT_KIND:
                checkpoints.append(_CHECKPOINT.unpack(view[begin : begin + length]))
                continue
            values = msgspec.json.decode(view[begin : begin + length])
            if type(values) is not dict:
                raise ValueError("not an object")
            if not values.keys() >= _NEEDED.get(kind, _NOTHING_NEEDED):
                lacks = ", ".join(sorted(_NEEDED[kind] - values.keys()))
                raise ValueError(f"a {kind.name} record lacks {lacks}")
        except (ValueError, msgspec.DecodeError, struct.error) as error:
            raise UnreadableError(f"{name}: record {number} at byte {at}: {error}") from error
        time = _TIME.unpack_from(view, at + _TIME_AT)[0]
        documents.append(Document(place=number, time=time, kind=kind, values=values))
    return documents, checkpoints
