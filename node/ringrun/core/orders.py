"""The orders: what the supervisor (or the operator) tells the masters.

Written by one, read by all; kept whole in every version, so that only the newest matters.
"""

import msgspec

from ringrun.core.messages import Result
from ringrun.core.phase import Phase
from ringrun.core.record import Member


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """`phase` is the one ordered (START until SEND may begin, STOP for an early end).

    `complete` says that the roster has an address for every ordinal. `dead` are slaves whose end
    was seen; `results` those of slaves that ended. `masters` are the holders known to live.
    `leaving` are slaves that left the roster alive, and since when (on the writer's clock);
    `disruptions` is how many of those `replaced` the cluster itself took away. Only
    `core.supervise` reads these two.
    """

    version: int = 0
    phase: Phase = Phase.START
    stop_reason: str = ""
    complete: bool = False
    roster: tuple[Member, ...] = ()
    dead: tuple[tuple[int, int], ...] = ()
    results: tuple[Result, ...] = ()
    masters: tuple[str, ...] = ()
    replaced: int = 0
    causes: tuple[tuple[int, int, str], ...] = ()
    leaving: tuple[tuple[int, int, float], ...] = ()
    disruptions: int = 0
