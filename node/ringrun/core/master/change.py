"""One view change, e to e+1, as the leader sees it: who answered what (docs/protocol.md, steps).

Values and questions only; `stages.changing` asks them and sends. A change is thrown away and begun
again whenever an answer of its attempt can no longer count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringrun.core.messages import Synced, Wedged
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason
from ringrun.core.record import FoldValue, Member, Plan, Record


@dataclass(slots=True, kw_only=True)
class Change:
    """`attempt` is 0 until it begins. `without` are left out even if they answer; `closing` makes
    it the last change of the run."""

    cause: str
    attempt: int = 0
    closing: bool = False
    stop_reason: Reason | None = None
    joiners: tuple[Member, ...] = ()
    without: set[SlaveId] = field(default_factory=set)
    wedged: dict[SlaveId, Wedged] = field(default_factory=dict)
    synced: dict[SlaveId, Synced] = field(default_factory=dict)
    survivors: tuple[Member, ...] = ()
    cut: int = 0
    donor: Member | None = None
    tried: int = 0
    """Donors that were tried before, in attempts that not all could fetch from."""

    def choose(self, members: Iterable[Member]) -> None:
        """Step 2: survivors, the cut, and a donor that holds it."""
        self.survivors = tuple(
            member
            for member in members
            if member.node in self.wedged and member.node not in self.without
        )
        self.cut = max((self.wedged[member.node].held for member in self.survivors), default=0)
        donors = self.donors()
        self.donor = donors[self.tried % len(donors)] if donors else None

    def donors(self) -> list[Member]:
        """Who holds everything up to the cut, in ring order."""
        return [each for each in self.survivors if self.wedged[each.node].held == self.cut]

    @property
    def everyone(self) -> tuple[Member, ...]:
        """The members of the view that will be recorded, in ring order."""
        return tuple(sorted((*self.survivors, *self.joiners), key=lambda member: member.ordinal))

    def unsynced(self) -> list[Member]:
        """Who has not yet said that it holds everything up to the cut."""
        return [member for member in self.everyone if member.node not in self.synced]

    @property
    def diverged(self) -> bool:
        """Whether the folds at the cut differ (G1)."""
        return len({said.fold for said in self.synced.values()}) > 1

    def next_record(self, record: Record, plan: Plan) -> Record:
        """Step 5: what the record will say."""
        said = next(iter(self.synced.values()), None)
        members = self.everyone
        used = dict(record.incarnations)
        used.update({member.ordinal: member.incarnation for member in members})
        end: dict[str, Any] = {}
        if self.closing:
            end = {
                "phase": Phase.STOP,
                "closed": True,
                "stop_reason": self.stop_reason,
                "send_members": record.send_members or record.members,
            }
        return record.evolve(
            view=record.view + 1,
            members=members,
            cut=self.cut,
            fold=said.fold if said else FoldValue(count=self.cut),
            starter=starter(record, members, said.sender if said else -1, self.cut),
            incarnations=tuple(SlaveId(*each) for each in sorted(used.items())),
            plan=plan,
            **end,
        )


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


def reachable(
    joiners: tuple[Member, ...],
    members: tuple[Member, ...],
    met: Mapping[SlaveId, frozenset[SlaveId]],
) -> tuple[Member, ...]:
    """Those joiners that have links, both ways, to every member and to each other."""
    good: list[Member] = []
    for joiner in joiners:
        others = [*(member.node for member in members), *(each.node for each in good)]
        mine = met.get(joiner.node, frozenset())
        if all(node in mine and joiner.node in met.get(node, frozenset()) for node in others):
            good.append(joiner)
    return tuple(good)
