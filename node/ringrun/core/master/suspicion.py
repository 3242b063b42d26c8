"""What the leader makes of slaves that suspect each other (docs/protocol.md, Suspicion).

The first complaint of a pair leads to a new view with the same members (if all answer the wedge);
the same pair complaining again within ten seconds loses one of the two.
"""

from collections.abc import Iterable
from math import inf

from ringrun.core.messages import Trouble
from ringrun.core.node import SlaveId

_BLAME_SECONDS = 10.0
_NAMES = {
    Trouble.SILENT: "silent",
    Trouble.RESET: "connection reset",
    Trouble.WAITING: "no progress",
}


class Suspicion:
    """`edges` are the pairs (who complains, of whom) that led, or will lead, to a change."""

    __slots__ = ("_blamed", "_troubles", "edges")

    def __init__(self) -> None:
        self.edges: set[tuple[SlaveId, SlaveId]] = set()
        self._blamed: dict[tuple[SlaveId, SlaveId], float] = {}
        self._troubles: dict[SlaveId, str] = {}

    def report(self, reporter: SlaveId, suspect: SlaveId, trouble: Trouble) -> None:
        """A member complains of another."""
        self.edges.add((reporter, suspect))
        self._troubles[suspect] = _NAMES[trouble]

    def cause(self) -> str:
        """The complaint of this change, in words."""
        reporter, suspect = min(self.edges)
        trouble = self.trouble(suspect)
        return f"slave {reporter.ordinal} complains of slave {suspect.ordinal}: {trouble}"

    def suspect(self) -> SlaveId | None:
        """Of whom the complaint of this change is; None if nobody complained."""
        return min(self.edges)[1] if self.edges else None

    def trouble(self, suspect: SlaveId) -> str:
        """What was said against this slave last; empty if nothing."""
        return self._troubles.get(suspect, "")

    def blame(self, answered: Iterable[SlaveId], now: float) -> set[SlaveId]:
        """Whom to leave out though all of these answer."""
        inside = set(answered)
        again = {
            edge
            for edge in self.edges
            if now - self._blamed.get(edge, -inf) <= _BLAME_SECONDS and inside.issuperset(edge)
        }
        return worst(again)

    def answered(self, now: float) -> None:
        """A new view is recorded: the same complaint again is then the second one."""
        for edge in sorted(self.edges):
            self._blamed[edge] = now
        self.edges = set()


def worst(edges: Iterable[tuple[SlaveId, SlaveId]]) -> set[SlaveId]:
    """Whom to leave out so that no bad link is left: the node with most of them, again and again.

    A tie goes against the higher ordinal.
    """
    left = {frozenset(edge) for edge in edges}
    out: set[SlaveId] = set()
    while left:
        degree: dict[SlaveId, int] = {}
        for edge in left:
            for node in edge:
                degree[node] = degree.get(node, 0) + 1
        loser = max(degree, key=lambda node: (degree[node], node))
        out.add(loser)
        left = {edge for edge in left if loser not in edge}
    return out
