"""What a journal is as columns: one array for each field of its entries, whatever their number.

`reader` fills them from the bytes; everything above reads them. No bytes are looked at here.
"""

from dataclasses import dataclass
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

Data = bytes | bytearray | memoryview | mmap
Integers = NDArray[np.int64]
Numbers = NDArray[np.uint64]
Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The batches of entries in the order of the journal.

    `at` is the byte where a batch's numbers begin; of a batch that is `withheld`, the journal has
    no numbers, and `at` is where their CRC-32 is.
    """

    place: Integers
    time: Times
    kind: NDArray[np.uint8]
    view: Integers
    first: Integers
    sender: Integers
    k: Integers
    count: Integers
    at: Integers
    withheld: NDArray[np.bool_]

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
    withheld=np.empty(0, dtype=np.bool_),
)
NO_APPROVALS = Approvals(place=_NONE, time=_NEVER, view=_NONE, up_to=_NONE, how=_NOTHING)


def field_at(view: memoryview, form: str, offset: int) -> NDArray[Any]:
    """The field that begins `offset` bytes after each byte, as an array to be indexed by bytes.

    The fields lie at odd places, so the array steps by one byte; only what is taken is read.
    """
    dtype = np.dtype(form)
    span = max(0, len(view) - offset - dtype.itemsize + 1)
    return np.ndarray((span,), dtype, view, offset if span else 0, (1,))
