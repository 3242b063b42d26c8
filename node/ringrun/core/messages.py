"""The control messages: everything that slaves and masters say to each other but the data frames.

The cores build and read these values; `runtime.wire` turns them into bytes. Data frames, which
are on the hot path, have their own binary form in `core.ring.frame`.
"""

from enum import StrEnum

import msgspec

from ringrun.core.node import SlaveId
from ringrun.core.record import FoldValue, Member, Plan, Record


class Trouble(StrEnum):
    """What a slave holds against another."""

    SILENT = "silent"
    RESET = "reset"
    WAITING = "waiting"


class Command(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What only a leader may say: every command carries the epoch and its holder (G7)."""

    epoch: int
    holder: str


class Meet(Command, frozen=True, kw_only=True, tag=True):
    """Prove the links to all of these; answered by Met."""

    attempt: int
    joiners: tuple[Member, ...]
    members: tuple[Member, ...]
    plan: Plan


class Wedge(Command, frozen=True, kw_only=True, tag=True):
    """Stop in the recorded view for good and say what you hold; answered by Wedged."""

    attempt: int
    record: Record
    elapsed: float


class Sync(Command, frozen=True, kw_only=True, tag=True):
    """Come to hold everything up to the cut, from the donor; answered by Synced."""

    attempt: int
    view: int
    cut: int
    donor: Member | None
    plan: Plan


class Install(Command, frozen=True, kw_only=True, tag=True):
    """Go on in the recorded view; in view 1 this is GO. Answered by Installed."""

    record: Record
    elapsed: float


class Kick(Command, frozen=True, kw_only=True, tag=True):
    """The kickstart; answered by Kicked."""

    view: int
    elapsed: float


class Close(Command, frozen=True, kw_only=True, tag=True):
    """The run is over: give the result for this record; answered by ResultSaid."""

    record: Record


class Stored(Command, frozen=True, kw_only=True, tag=True):
    """The result is kept outside of the leader; the slave may exit."""


class Met(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answers MEET: the links that work."""

    epoch: int
    attempt: int
    links: tuple[SlaveId, ...]


class Wedged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answers WEDGE: stopped in `view`; what is held contiguously and approved.

    `elapsed`: seconds since the own GO, negative if there was none.
    """

    epoch: int
    attempt: int
    view: int
    held: int
    approved: int
    elapsed: float


class Synced(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answers SYNC: the own fold at the cut, and the sender of the entry there (-1 for none)."""

    epoch: int
    attempt: int
    view: int
    fold: FoldValue
    sender: int


class Installed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Acknowledges INSTALL; `wedged` says that the view is installed but already given up."""

    epoch: int
    view: int
    wedged: bool
    elapsed: float


class Kicked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answers KICK."""

    epoch: int
    view: int


class Suspect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A slave has trouble with another; only the leader decides."""

    view: int
    suspect: SlaveId
    trouble: Trouble


class Status(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """For display alone, a few times a second."""

    view: int
    approved: int
    elapsed: float
    p99: float


class Frozen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """GRACE is over by the own clock: data is dropped from now on."""

    view: int
    held: int
    elapsed: float


class ResultSaid(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Repeated to whoever leads until it is stored."""

    result: "Result"


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A command of a lower epoch, or of a second holder, was refused; here is the highest."""

    epoch: int
    holder: str


class Leave(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """This slave was told to end (SIGTERM); it serves on until a view without it."""

    view: int


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """After a connection came up: what I have, so that you can send what I lack of yours.

    `turn` is the last turn that was received from the other side in this view.
    """

    view: int
    held: int
    approved: int
    turn: int


class Fetch(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask the donor for entries first..last; with `snapshot` for all after its approved fold."""

    epoch: int
    attempt: int
    view: int
    first: int
    last: int
    snapshot: bool


class Fetched(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Entries first..last of the donor; `base` comes with the first answer to a joiner."""

    epoch: int
    attempt: int
    view: int
    batches: tuple[tuple[int, int, int, int], ...]
    numbers: bytes
    base: "Base | None" = None


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The approved fold of the donor, with which a joiner starts (core.log.fold.Snapshot)."""

    count: int
    sum_exact: str
    senders: tuple[tuple[int, int], ...]
    last_sender: int
    digest: bytes
    runs: tuple[tuple[int, int, int, int], ...]
    numbers: bytes


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """I live. Sent on every watched link; any other frame says so as well.

    `sent` is the sender's clock; `echo` the last `sent` that came from the other side and `kept`
    the seconds since then, so that both sides measure the way there and back.
    """

    sent: float = 0.0
    echo: float = 0.0
    kept: float = 0.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One slave's tally, with what is needed to prove that it is a prefix of others.

    `blocks` are (count, digest) of the last full blocks and `cuts` those at the last cuts;
    times in seconds; `latency` is a sparse histogram (core.ring.latency).
    """

    ordinal: int
    incarnation: int
    view: int
    count: int
    sum_exact: str
    digest: str
    final: bool
    issued: int
    blocks: tuple[tuple[int, str], ...]
    cuts: tuple[tuple[int, str], ...]
    frames_sent: int
    frames_received: int
    cpu_seconds: float
    send_seconds: float
    grace_seconds: float
    longest_gap: float
    slowest_peer: int
    slowest_wait: float
    latency: tuple[tuple[int, int], ...]
    latency_max: float = 0.0

    @property
    def node(self) -> SlaveId:
        return SlaveId(self.ordinal, self.incarnation)


Control = (
    Meet
    | Wedge
    | Sync
    | Install
    | Kick
    | Close
    | Stored
    | Met
    | Wedged
    | Synced
    | Installed
    | Kicked
    | Suspect
    | Status
    | Frozen
    | ResultSaid
    | Refused
    | Leave
    | Hello
    | Fetch
    | Fetched
    | Heartbeat
)
