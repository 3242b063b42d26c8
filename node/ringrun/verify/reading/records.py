"""The records of a journal's bytes, as far as they are whole: where each begins, and its kind.

Knows both versions of the format (docs/journal.md). From version 2 on each record ends with the
CRC-32 of all that comes before it, so that nothing behind a damage is taken for true. What is in a
record is for `reader`.
"""

import struct
from array import array
from dataclasses import dataclass
from zlib import crc32

_MAGICS = {b"RINGRUN-JOURNAL 1\n": 1, b"RINGRUN-JOURNAL-2\n": 2}
_MAGIC_BYTES = 18

_HEAD = struct.Struct("<IB")
_CHECK = struct.Struct("<I")
HEADER_BYTES = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Where every whole record begins, and its kind. `version` is 0 if this is no journal."""

    version: int
    places: "array[int]"
    kinds: bytearray
    damage: str
    """From where on nothing could be read, and why; empty if all was read."""


def scan(view: memoryview) -> Records:
    """The whole records from the first on, up to the first that is cut off or damaged."""
    version = _MAGICS.get(bytes(view[:_MAGIC_BYTES]), 0)
    places, kinds = array("q"), bytearray()
    if version:
        damage = (_checked if version > 1 else _unchecked)(view, places, kinds)
    elif not len(view):
        damage = "is empty"
    elif len(view) < _MAGIC_BYTES and any(m.startswith(bytes(view)) for m in _MAGICS):
        damage = f"is cut at byte {len(view)}"
    else:
        damage = "is damaged at byte 0: it does not begin as a journal does"
    return Records(version=version, places=places, kinds=kinds, damage=damage)


def place_of(record: int, at: int) -> str:
    """Where in a journal, in words: records are counted from 1, bytes from 0."""
    return f"byte {at:,} (record {record + 1:,})"


def _unchecked(view: memoryview, places: "array[int]", kinds: bytearray) -> str:
    size = len(view)
    last = size - HEADER_BYTES
    unpack, place, kind_of = _HEAD.unpack_from, places.append, kinds.append
    at = _MAGIC_BYTES
    while at <= last:
        length, kind = unpack(view, at)
        after = at + HEADER_BYTES + length
        if after > size:
            break
        place(at)
        kind_of(kind)
        at = after
    return "" if at == size else f"is cut at {place_of(len(places), at)}"


def _checked(view: memoryview, places: "array[int]", kinds: bytearray) -> str:
    size = len(view)
    last = size - HEADER_BYTES - _CHECK.size
    unpack, word = _HEAD.unpack_from, _CHECK.unpack_from
    place, kind_of = places.append, kinds.append
    at = _MAGIC_BYTES
    check = crc32(view[:at])
    while at <= last:
        length, kind = unpack(view, at)
        end = at + HEADER_BYTES + length
        if end + 4 > size:
            break
        check = crc32(view[at:end], check)
        if word(view, end)[0] != check:
            return f"is damaged at {place_of(len(places), at)}"
        place(at)
        kind_of(kind)
        at = end + 4
    where = place_of(len(places), at)
    return "" if at == size else f"is cut or damaged at {where}"
