"""Which masters there are to be: every place is filled again when the last one in it has ended.

Called by every supervisor: the local run, the operator, the simulation. Pure, and without memory
beside the last incarnations, which the caller keeps. It knows of no process and of no pod.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringrun.core.node import MasterId

SHORT_LIFE: Final = 2.0
"""A master that ends sooner than this after its start counts as stillborn."""

STILLBORN_LIMIT: Final = 5
"""So many in a row, and its place stays empty: a new start does not mend what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Seconds from a stillborn master to the next: they double from the first to the longest."""

    first: float
    longest: float


PROCESSES: Final = Delays(first=0.1, longest=1.0)
"""A process costs little, and ends at once if it cannot be."""

PODS: Final = Delays(first=1.0, longest=30.0)
"""A cluster is not to be worn out by pods that cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterSeen:
    """One process or pod of a master. `lifetime` and `ended_at` are in seconds, of one that has
    ended; the latter is on the clock of `now`."""

    node: MasterId
    running: bool = False
    ended: bool = False
    deleting: bool = False
    disrupted: bool = False
    lifetime: float = 0.0
    ended_at: float = 0.0

    @property
    def living(self) -> bool:
        """Neither ended nor told to end."""
        return not self.ended and not self.deleting


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The last incarnation of each place, and the last that was there, to be kept before `create`
    is carried out. `living` are the holders that run. `given_up`: no master lives, and none will be
    made any more. `again`: when time alone changes this."""

    last: tuple[int, ...]
    seen: tuple[int, ...]
    create: tuple[MasterId, ...]
    living: tuple[str, ...]
    given_up: bool
    again: float


def fill(
    count: int,
    last: tuple[int, ...],
    seen: tuple[int, ...],
    masters: Iterable[MasterSeen],
    now: float,
    delays: Delays,
) -> Places:
    """What is to be done about the places 0 to count - 1; `last` and `seen` as they were kept."""
    used = dict(enumerate(last))
    there = dict(enumerate(seen))
    by_place: dict[int, list[MasterSeen]] = {}
    for master in masters:
        place, incarnation = master.node.number, master.node.incarnation
        by_place.setdefault(place, []).append(master)
        there[place] = max(there.get(place, 0), incarnation)
        used[place] = max(used.get(place, 0), incarnation)
    create: list[MasterId] = []
    living: list[str] = []
    alive = hopeless = 0
    again = math.inf
    for place in range(count):
        mine = sorted(by_place.get(place, ()), key=lambda each: each.node)
        alive += sum(each.living for each in mine)
        living.extend(str(each.node) for each in mine if each.living and each.running)
        if mine and mine[-1].living:
            continue
        incarnation = used.get(place, 0)
        if incarnation > there.get(place, 0):
            # It was written down and never seen: it may not have been made.
            create.append(MasterId(place, incarnation))
            continue
        stillborn = _stillborn(mine)
        if stillborn >= STILLBORN_LIMIT:
            hopeless += 1
            continue
        due = _due(mine, stillborn, delays)
        if now < due:
            again = min(again, due)
            continue
        used[place] = incarnation + 1
        create.append(MasterId(place, incarnation + 1))
    return Places(
        last=tuple(used.get(place, 0) for place in range(count)),
        seen=tuple(there.get(place, 0) for place in range(count)),
        create=tuple(create),
        living=tuple(living),
        given_up=not alive and hopeless == count,
        again=again,
    )


def _stillborn(mine: list[MasterSeen]) -> int:
    """How many of a place's last masters, in a row, ended by themselves before they could do
    anything."""
    found = 0
    for each in reversed(mine):
        if not each.ended or each.disrupted or each.deleting or each.lifetime >= SHORT_LIFE:
            break
        found += 1
    return found


def _due(mine: list[MasterSeen], stillborn: int, delays: Delays) -> float:
    if not stillborn:
        return 0.0
    return mine[-1].ended_at + min(delays.first * 2.0 ** (stillborn - 1), delays.longest)
