"""What the cores ask of whoever runs them; drained from `outputs` after every call, in order.

Data frames and journal notes have lists of their own (`frames`, `notes`), since they are on the
hot path: notes must be written before any frame or output of the same call leaves.
"""

from enum import StrEnum
from typing import Any

import msgspec

from ringrun.core.messages import Control, Result
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.record import Member, Record


class Outcome(StrEnum):
    """How a compare-and-swap ended."""

    SAVED = "saved"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


class Send(msgspec.Struct, frozen=True):
    """A control message to a slave or a master. Lost if there is no link to it."""

    to: NodeId
    message: Control


class Beat(msgspec.Struct, frozen=True):
    """A plain Heartbeat() to each of these. Large rings send very many: encode it once."""

    to: tuple[SlaveId, ...]


class Links(msgspec.Struct, frozen=True):
    """The links that are wanted from now on. Whoever dials, dials until they are up."""

    wanted: tuple[Member, ...]


class Finish(msgspec.Struct, frozen=True):
    """Keep this result, print it, then call `finish`."""

    result: Result


class Exit(msgspec.Struct, frozen=True):
    """The process is done. `reason` is one line, empty if all is well."""

    code: int
    reason: str = ""


class StoodDown(msgspec.Struct, frozen=True):
    """A master leads no more in this epoch, and says nothing more in it (G7); one line for the
    log."""

    epoch: int
    text: str


class Drop(msgspec.Struct, frozen=True):
    """Close the connection to this node after what was sent; the reason is logged once."""

    peer: NodeId
    reason: str


class ReadRecord(msgspec.Struct, frozen=True):
    """Answered by `record_read`."""


class WriteRecord(msgspec.Struct, frozen=True):
    """Write if `record.version - 1` is still the newest; answered by `record_written`."""

    record: Record


class ReadReport(msgspec.Struct, frozen=True):
    """Answered by `report_read`."""


class WriteReport(msgspec.Struct, frozen=True):
    """Write if the report's version is still `version`; answered by `report_written`."""

    version: int
    document: dict[str, Any]


class EventKind(StrEnum):
    """What a leader tells as it happens."""

    LEADER_ELECTED = "LeaderElected"
    SLAVES_READY = "SlavesReady"
    SEND_STARTED = "SendStarted"
    SLAVE_LOST = "SlaveLost"
    SLAVE_REPLACED = "SlaveReplaced"
    SAME_MEMBERS = "SameMembers"
    GRACE_STARTED = "GraceStarted"
    DRAINED = "Drained"
    UNCLOSED = "Unclosed"
    RESULTS_COLLECTED = "ResultsCollected"


class Event(msgspec.Struct, frozen=True):
    """Something a user wants to see as it happens."""

    kind: EventKind
    text: str
    at: float
    phase: str


class Live(msgspec.Struct, frozen=True):
    """The figures of the moment while the ring runs. Seconds; rate per second."""

    approved: int
    rate: float
    p99: float
    elapsed: float


Output = (
    Send
    | Beat
    | Links
    | Finish
    | Exit
    | StoodDown
    | Drop
    | ReadRecord
    | WriteRecord
    | ReadReport
    | WriteReport
    | Event
    | Live
)
