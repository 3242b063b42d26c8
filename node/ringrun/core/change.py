"""One view change, e to e+1, as the leader sees it: who answered what (docs/protocol.md, steps).

Values and questions only; `core.master` asks them and sends. A change is thrown away and begun
again whenever an answer of its attempt can no longer count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ringrun.core.messages import Synced, Wedged
from ringrun.core.record import FoldValue, Member, Record

Node = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class Change:
    """`without` answered but is to be left out; `closing` makes it the last change of the run."""

    attempt: int
    since: float
    closing: bool = False
    stop_reason: str = ""
    joiners: tuple[Member, ...] = ()
    without: set[Node] = field(default_factory=set)
    cause: str = ""
    wedged: dict[Node, Wedged] = field(default_factory=dict)
    synced: dict[Node, Synced] = field(default_factory=dict)
    survivors: tuple[Member, ...] = ()
    cut: int = 0
    donor: Member | None = None
    syncing_since: float | None = None

    def choose(self, members: Iterable[Member]) -> None:
        """Step 2: survivors, the cut, and a donor that holds it."""
        self.survivors = tuple(
            member
            for member in members
            if member.node in self.wedged and member.node not in self.without
        )
        self.cut = max((self.wedged[member.node].held for member in self.survivors), default=0)
        self.donor = next((m for m in self.survivors if self.wedged[m.node].held == self.cut), None)

    @property
    def everyone(self) -> tuple[Member, ...]:
        """The members of the view that will be recorded, in ring order."""
        return tuple(sorted((*self.survivors, *self.joiners), key=lambda member: member.ordinal))

    def unsynced(self) -> list[Member]:
        """Who has not yet said that it holds everything up to the cut."""
        return [member for member in self.everyone if member.node not in self.synced]

    def folds(self) -> set[tuple[int, str, str]]:
        """The different folds at the cut; more than one is a divergence."""
        return {
            (said.fold.count, said.fold.sum_exact, said.fold.digest)
            for said in self.synced.values()
        }

    def fold(self) -> FoldValue:
        """The fold at the cut, once everyone has said it."""
        return next((said.fold for said in self.synced.values()), FoldValue(count=self.cut))

    def sender(self) -> int:
        """Who sent the entry at the cut; -1 if nothing was issued."""
        return next((said.sender for said in self.synced.values()), -1)


def starter(record: Record, members: tuple[Member, ...], sender: int, cut: int) -> int:
    """Who issues first in the new view (docs/protocol.md, Starter)."""
    if not members:
        return record.starter
    if record.view == 0:
        return members[0].ordinal
    ordinals = [member.ordinal for member in members]
    if cut == 0:
        return next((each for each in ordinals if each >= record.starter), ordinals[0])
    return next((each for each in ordinals if each > sender), ordinals[0])


def worst(edges: Iterable[tuple[Node, Node]], members: Iterable[Node]) -> set[Node]:
    """Whom to leave out so that no bad link is left: the node with most of them, again and again.

    A tie goes against the higher ordinal.
    """
    inside = set(members)
    left = {frozenset(edge) for edge in edges if set(edge) <= inside and edge[0] != edge[1]}
    out: set[Node] = set()
    while left:
        degree: dict[Node, int] = {}
        for edge in left:
            for node in edge:
                degree[node] = degree.get(node, 0) + 1
        loser = max(degree, key=lambda node: (degree[node], node))
        out.add(loser)
        left = {edge for edge in left if loser not in edge}
    return out


def reachable(
    joiners: tuple[Member, ...], members: tuple[Member, ...], met: Mapping[Node, frozenset[Node]]
) -> tuple[Member, ...]:
    """Those joiners that have links, both ways, to every member and to each other."""
    good: list[Member] = []
    for joiner in joiners:
        others = [*(member.node for member in members), *(each.node for each in good)]
        mine = met.get(joiner.node, frozenset())
        if all(node in mine and joiner.node in met.get(node, frozenset()) for node in others):
            good.append(joiner)
    return tuple(good)
