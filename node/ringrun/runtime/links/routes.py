"""Which link leads to whom: by peer for control, by ordinal for data. Kept by `connections`.

`slave.sending` binds `by_ordinal` and `older` once, so they are changed and never replaced.
"""

from ringrun.core.node import NodeId, SlaveId
from ringrun.runtime.links.link import Link


class Routes:
    """The links that are up."""

    __slots__ = ("by_ordinal", "by_peer", "older")

    def __init__(self) -> None:
        self.by_peer: dict[NodeId, Link] = {}
        # Where data frames for an ordinal go, and, seldom, older starts that are wanted as well.
        self.by_ordinal: dict[int, Link] = {}
        self.older: dict[SlaveId, Link] = {}

    def add(self, link: Link) -> None:
        """It came up; there is no other one to the same peer."""
        assert link.peer not in self.by_peer
        self.by_peer[link.peer] = link
        self._route(link.peer)

    def remove(self, link: Link) -> None:
        """It is no longer up."""
        del self.by_peer[link.peer]
        self._route(link.peer)

    def _route(self, changed: NodeId) -> None:
        """Data for an ordinal goes to its newest start; an older one that is wanted gets it too."""
        if not isinstance(changed, SlaveId):
            return
        ordinal = changed.ordinal
        starts = sorted(
            peer for peer in self.by_peer if isinstance(peer, SlaveId) and peer.ordinal == ordinal
        )
        for node in [node for node in self.older if node.ordinal == ordinal]:
            del self.older[node]
        if not starts:
            self.by_ordinal.pop(ordinal, None)
            return
        self.by_ordinal[ordinal] = self.by_peer[starts.pop()]
        for node in starts:
            self.older[node] = self.by_peer[node]
