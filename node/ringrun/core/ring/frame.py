"""Data frames: the binary form in which entries, confirmations and approvals travel.

A frame is one header, then a table of wagons, then all their numbers:

    header   kind u8, wagons u16, view u32, turn u64, first u64, ack u64, approved u64
    wagon    sender u32, first draw number k u64, how many u32
    numbers  u of every entry in order, each u64

`first` is the index of the first entry, or the next index if there is none; wagons follow each
other without a gap. All little-endian. `runtime.wire` puts length and type before it.
"""

from enum import IntEnum
from struct import Struct

from ringrun.core.errors import ProtocolError

HEADER = Struct("<BHIQQQQ")
WAGON = Struct("<IQI")
ONE = Struct("<BHIQQQQIQIQ")
MAX_INDEX = 1 << 62


class Kind(IntEnum):
    """What a data frame is for; the models say which kinds they use."""

    MESSAGE = 1
    CONFIRM = 2
    APPROVE = 3
    TURN = 4
    TRAIN = 5


def wagons_of(frame: memoryview, count: int) -> tuple[list[tuple[int, int, int]], memoryview, int]:
    """(sender, k, length) of each wagon, the numbers behind them, and how many those are.

    Raises ProtocolError if the frame is not exactly as long as its wagons say.
    """
    end = HEADER.size + count * WAGON.size
    if len(frame) < end:
        raise ProtocolError(f"{count} wagons need {end} bytes, got {len(frame)}")
    wagons = list(WAGON.iter_unpack(frame[HEADER.size : end]))
    total = 0
    for _, k, length in wagons:
        if not length or not 1 <= k < MAX_INDEX:
            raise ProtocolError(f"a wagon holds entries from draw 1 on, got {length} from {k}")
        total += length
    if len(frame) != end + 8 * total:
        raise ProtocolError(f"{total} entries need {end + 8 * total} bytes, got {len(frame)}")
    return wagons, frame[end:], total
