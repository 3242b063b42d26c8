"""The orders: what the supervisor (or the operator) tells the masters.

Written by one, read by all; kept whole in every version, so that only the newest matters.
"""

from typing import Final, NamedTuple

import msgspec

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason
from ringrun.core.record import Member

ORDERS_KEY: Final = "orders.json"
"""Under this key the orders are kept, as JSON, where masters in pods read them."""


class Cause(NamedTuple):
    """Why a slave is lost, in words for people; on the wire an array of the three."""

    ordinal: int
    incarnation: int
    text: str

    @property
    def node(self) -> SlaveId:
        return SlaveId(self.ordinal, self.incarnation)


class Leaving(NamedTuple):
    """A slave that left the roster alive, and since when, on the clock of the orders' writer."""

    ordinal: int
    incarnation: int
    since: float

    @property
    def node(self) -> SlaveId:
        return SlaveId(self.ordinal, self.incarnation)


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """`phase` is the one ordered (START until SEND may begin, STOP for an early end).

    `complete` says that the roster has an address for every ordinal. `dead` are slaves whose end
    was seen; `results` those of slaves that ended. `masters` are the holders known to live.
    `leaving` are slaves that left the roster alive, and since when (on the writer's clock);
    `disruptions` is how many of those `replaced` the cluster itself took away. Only
    `core.supervisor.roster` reads these two.
    """

    version: int = 0
    phase: Phase = Phase.START
    stop_reason: Reason | None = None
    complete: bool = False
    roster: tuple[Member, ...] = ()
    dead: tuple[SlaveId, ...] = ()
    results: tuple[Result, ...] = ()
    masters: tuple[str, ...] = ()
    replaced: int = 0
    causes: tuple[Cause, ...] = ()
    leaving: tuple[Leaving, ...] = ()
    disruptions: int = 0
