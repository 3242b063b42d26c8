"""The record: the run's one truth about who leads, which view is installed, where the phases are.

Values only. `core.master.master` proposes changes, the stores in `ringrun.record` keep it by
compare-and-swap, `core.supervisor.roster` and the operator read it.
"""

from typing import Any

import msgspec

from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason

ZERO_DIGEST = "0" * 64


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A slave of one incarnation and where it is dialled."""

    ordinal: int
    incarnation: int
    host: str = ""
    port: int = 0

    @property
    def node(self) -> SlaveId:
        return SlaveId(self.ordinal, self.incarnation)


class FoldValue(msgspec.Struct, frozen=True, kw_only=True):
    """A fold as it travels: the exact sum as decimal digits, the digest as 64 hex digits."""

    count: int = 0
    sum_exact: str = "0"
    digest: str = ZERO_DIGEST


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the slaves need of the spec. Times in seconds."""

    run: str
    nodes: int
    seed: int
    model: str
    send: float
    grace: float
    tick: float = 0.0
    spin: float = 50e-6
    burst: int = 1
    window: int = 5
    heartbeat: float = 0.1
    suspect: float = 0.5
    start_deadline: float = 300.0
    stop_wait: float = 1.0
    result_wait: float = 300.0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the record.

    `closed` is None until STOP; then True (a closing cut is recorded) or False (unclosed).
    `done` says that the report is complete and its leader has gone: no standby need lead any more.
    `incarnations` has the last incarnation of each ordinal that was admitted to a view.
    """

    version: int = 0
    epoch: int = 0
    holder: str = ""
    renewed: float = 0.0
    view: int = 0
    members: tuple[Member, ...] = ()
    cut: int = 0
    fold: FoldValue = FoldValue()
    starter: int = -1
    phase: Phase = Phase.START
    prepared: tuple[SlaveId, ...] = ()
    send_members: tuple[Member, ...] = ()
    closed: bool | None = None
    stop_reason: Reason | None = None
    incarnations: tuple[SlaveId, ...] = ()
    plan: Plan | None = None
    count: int = 0
    done: bool = False

    def evolve(self, **changes: Any) -> "Record":
        """The next version with these fields changed."""
        return msgspec.structs.replace(self, version=self.version + 1, **changes)

    def at(self, version: int) -> "Record":
        """The same under another version."""
        return msgspec.structs.replace(self, version=version)

    def admitted(self, ordinal: int) -> int:
        """The last incarnation of this ordinal that any view held; 0 if none (G12)."""
        return dict(self.incarnations).get(ordinal, 0)

    def holds(self, node: SlaveId) -> bool:
        """Whether this incarnation is a member of the recorded view."""
        return any(member.node == node for member in self.members)

    def as_document(self) -> dict[str, object]:
        """What the journal keeps of it."""
        return {
            "version": self.version,
            "epoch": self.epoch,
            "holder": self.holder,
            "view": self.view,
            "members": [list(member.node) for member in self.members],
            "cut": self.cut,
            "count": self.fold.count,
            "sumExact": self.fold.sum_exact,
            "digest": self.fold.digest,
            "phase": self.phase.value,
            "closed": self.closed,
            "stopReason": str(self.stop_reason or ""),
            "sendMembers": [list(member.node) for member in self.send_members],
            "prepared": [list(node) for node in self.prepared],
        }
