"""Where a slave stands: the view it has installed, the log, and whether it still takes part.

Written by `core.slave.views` alone; the slave and its other parts read it.
"""

from ringrun.core.log.log import Log
from ringrun.core.node import SlaveId
from ringrun.core.record import Member
from ringrun.core.ring.models import Model


class Position:
    """`view` is 0 before the first. Without a `model` the slave takes no part in its view; once
    `wedged` it does so never again in this one. `ordinals` are those of the members."""

    __slots__ = ("log", "members", "model", "ordinals", "view", "wedged")

    def __init__(self) -> None:
        self.view = 0
        self.members: tuple[Member, ...] = ()
        self.ordinals: frozenset[int] = frozenset()
        self.log: Log | None = None
        self.model: Model | None = None
        self.wedged = False

    def holds(self, peer: SlaveId) -> bool:
        """Whether this incarnation is a member of the installed view."""
        return any(member.node == peer for member in self.members)
