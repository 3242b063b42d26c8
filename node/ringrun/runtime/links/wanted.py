"""Which slaves a slave wants to be connected with, and when to dial them (again).

Times are given and nothing is done. Kept by `connections`, which does the dialling.
"""

from collections.abc import Collection, Iterable
from math import inf

from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.record import Member

FIRST_RETRY = 0.02
LAST_RETRY = 0.5


class Dial:
    """A slave that is wanted and dialled by this one."""

    __slots__ = ("again", "member", "retry")

    def __init__(self, member: Member, now: float) -> None:
        self.member = member
        self.again = now
        self.retry = FIRST_RETRY


class Wanted:
    """The starts of slaves that are wanted now, and the highest that ever was of each ordinal."""

    __slots__ = ("_dials", "_newest", "_nodes")

    def __init__(self) -> None:
        self._nodes: frozenset[SlaveId] = frozenset()
        self._newest: dict[int, int] = {}
        self._dials: dict[SlaveId, Dial] = {}

    def change(self, me: SlaveId, members: Iterable[Member], now: float) -> None:
        """Want these from now on; dial those of a higher ordinal until they are up."""
        dials: dict[SlaveId, Dial] = {}
        nodes: list[SlaveId] = []
        for member in members:
            node = SlaveId(member.ordinal, member.incarnation)
            nodes.append(node)
            self._newest[node.ordinal] = max(node.incarnation, self._newest.get(node.ordinal, 0))
            if node.ordinal > me.ordinal and member.port:
                # A start of a slave has one address for good.
                dials[node] = self._dials.get(node) or Dial(member, now)
        self._dials = dials
        self._nodes = frozenset(nodes)

    def stop_dialling(self) -> None:
        """Dial nobody any more."""
        self._dials = {}

    def dials(self, node: SlaveId) -> bool:
        """Whether this side dials that slave."""
        return node in self._dials

    def replaced(self, node: SlaveId) -> bool:
        """Whether a newer start of that slave was wanted, and this one no longer is."""
        return node.incarnation < self._newest.get(node.ordinal, 0) and node not in self._nodes

    def source(self, peer: NodeId) -> int:
        """The ordinal by which the core knows data of this peer; -1 if it must not reach it."""
        if isinstance(peer, MasterId):
            return -1
        if peer not in self._nodes and any(node.ordinal == peer.ordinal for node in self._nodes):
            return -1
        return peer.ordinal

    def due(self, now: float, busy: Collection[NodeId | None]) -> list[Dial]:
        """Who is to be dialled now, of those that are not connected or dialled already."""
        due = [dial for node, dial in self._dials.items() if node not in busy and now >= dial.again]
        for dial in due:
            dial.again = now + dial.retry
            dial.retry = min(2 * dial.retry, LAST_RETRY)
        return due

    def next_time(self, busy: Collection[NodeId | None]) -> float:
        """When somebody will be due."""
        return min(
            (dial.again for node, dial in self._dials.items() if node not in busy), default=inf
        )

    def up(self, node: SlaveId) -> None:
        """The link to it is there."""
        if node in self._dials:
            self._dials[node].retry = FIRST_RETRY

    def down(self, node: SlaveId, now: float) -> None:
        """It is gone: dial again, not quite at once."""
        if node in self._dials:
            self._dials[node].again = now + self._dials[node].retry
