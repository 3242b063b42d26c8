"""Which master pods there are to be: every place is filled again when its pod has ended.

Called by `reconcile`; pure, and without memory beside the ledger's last incarnations. What a
master does is the core's.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringrun_operator.names import PodId, Role
from ringrun_operator.objects.pod_seen import PodSeen

SHORT_LIFE: Final = 2.0
"""A master that ends sooner than this after its start counts as stillborn."""

STILLBORN_LIMIT: Final = 5
"""So many in a row, and its place stays empty: a new start does not mend what is wrong."""

LONGEST_DELAY: Final = 30.0
"""Seconds between a stillborn master and the next, at most; they double from one second on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The last incarnation of each place, and the last whose pod was there, to be kept before
    `create` is carried out. `living` are the holders that run. `given_up`: no master lives, and
    none will be made any more. `again`: when time alone changes this."""

    last: tuple[int, ...]
    seen: tuple[int, ...]
    create: tuple[PodId, ...]
    living: tuple[str, ...]
    given_up: bool
    again: float


def fill(
    count: int, last: tuple[int, ...], seen: tuple[int, ...], pods: Iterable[PodSeen], now: float
) -> Places:
    """What is to be done about the places 0 to count - 1; `last` and `seen` as they were kept."""
    used = dict(enumerate(last))
    there = dict(enumerate(seen))
    by_place: dict[int, list[PodSeen]] = {}
    for pod in pods:
        if pod.id.role is Role.MASTER:
            place, incarnation = pod.id.number, pod.id.incarnation
            by_place.setdefault(place, []).append(pod)
            there[place] = max(there.get(place, 0), incarnation)
            used[place] = max(used.get(place, 0), incarnation)
    create: list[PodId] = []
    living: list[str] = []
    alive = hopeless = 0
    again = math.inf
    for place in range(count):
        mine = sorted(by_place.get(place, ()), key=lambda pod: pod.id)
        alive += sum(pod.living for pod in mine)
        living.extend(pod.id.node for pod in mine if pod.living and pod.running)
        if mine and mine[-1].living:
            continue
        incarnation = used.get(place, 0)
        if incarnation > there.get(place, 0):
            # It was written down and never seen: it may not have been made.
            create.append(PodId(role=Role.MASTER, number=place, incarnation=incarnation))
            continue
        stillborn = _stillborn(mine)
        if stillborn >= STILLBORN_LIMIT:
            hopeless += 1
            continue
        due = _due(mine, stillborn)
        if now < due:
            again = min(again, due)
            continue
        used[place] = incarnation + 1
        create.append(PodId(role=Role.MASTER, number=place, incarnation=incarnation + 1))
    return Places(
        last=tuple(used.get(place, 0) for place in range(count)),
        seen=tuple(there.get(place, 0) for place in range(count)),
        create=tuple(create),
        living=tuple(living),
        given_up=not alive and hopeless == count,
        again=again,
    )


def _stillborn(pods: list[PodSeen]) -> int:
    """How many of a place's last pods, in a row, ended by themselves before they could do
    anything."""
    found = 0
    for pod in reversed(pods):
        if not pod.ended or pod.disrupted or pod.deleting or pod.lifetime >= SHORT_LIFE:
            break
        found += 1
    return found


def _due(pods: list[PodSeen], stillborn: int) -> float:
    if not stillborn:
        return 0.0
    return pods[-1].ended_at + min(2.0 ** (stillborn - 1), LONGEST_DELAY)
