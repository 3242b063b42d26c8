"""Which slaves a master wants links to: leader and standbys alike dial all of them, so that a
take-over finds its links there. Called by `core.master.master`.
"""

from ringrun.core.orders import Orders
from ringrun.core.record import Member, Record


class WantedLinks:
    """What was said last, and from what: it changes seldom, and is asked at every input."""

    __slots__ = ("_links", "_orders", "_record")

    def __init__(self) -> None:
        self._links: tuple[Member, ...] = ()
        self._record: Record | None = None
        self._orders: Orders | None = None

    def changed(self, record: Record, orders: Orders) -> tuple[Member, ...] | None:
        """The links that are wanted from now on, in order; None if they are as they were."""
        if record is self._record and orders is self._orders:
            return None
        self._record, self._orders = record, orders
        dead = set(orders.dead)
        wanted = {
            member.node: member
            for member in (*record.send_members, *record.members, *orders.roster)
            if member.port and member.node not in dead
        }
        # Who leaves has a result to tell, and is on no roster any more.
        leaving = {each.node for each in orders.leaving} - dead
        wanted |= {member.node: member for member in self._links if member.node in leaving}
        links = tuple(member for _, member in sorted(wanted.items()))
        if links == self._links:
            return None
        self._links = links
        return links
