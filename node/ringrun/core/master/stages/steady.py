"""The ring runs: watch for the end of a phase, for slaves that are gone, suspected, or new."""

from math import inf
from typing import TYPE_CHECKING

from ringrun.core.master.change import reachable
from ringrun.core.master.stages.interface import Stage
from ringrun.core.messages import Control, Meet, Met
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import Member

if TYPE_CHECKING:
    from ringrun.core.master.leading import Leading
    from ringrun.core.orders import Orders

_QUIET_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0


class Steady(Stage):
    """Holds the joiners that are being introduced; the ring does not wait for them."""

    def __init__(self, lead: "Leading", now: float) -> None:
        super().__init__(lead, now)
        self._joiners: tuple[Member, ...] = ()
        self._attempt = 0
        self._met: dict[SlaveId, frozenset[SlaveId]] = {}
        self._met_since = now
        self._looked_at = -inf
        self._orders: Orders | None = None
        self._leavers = 0
        self._news = False

    def tick(self, now: float) -> None:
        lead = self.lead
        record = lead.record
        orders = lead.master.orders
        if orders.phase is Phase.STOP:
            reason = orders.stop_reason or "Stopped"
            lead.change(now, "the run is stopped", closing=True, stop_reason=reason)
        elif record.phase is Phase.GRACE and self._grace_is_over(now):
            lead.change(now, "the run is over", closing=True)
        elif self._may_differ(now) and (gone := self._left()):
            lead.change(now, "slaves are gone", without=gone)
        elif lead.suspicion.edges:
            lead.change(now, lead.suspicion.cause())
        elif self._looked_at == now:
            self._look(now)

    def _may_differ(self, now: float) -> bool:
        """Whether to look at the members one by one: every message of every slave comes by here."""
        lead = self.lead
        orders = lead.master.orders
        leavers = len(lead.leavers)
        same = orders is self._orders and leavers == self._leavers and not self._news
        if same and now - self._looked_at < _LOOK_SECONDS:
            return False
        self._orders = orders
        self._leavers = leavers
        self._news = False
        self._looked_at = now
        return True

    def _look(self, now: float) -> None:
        lead = self.lead
        record = lead.record
        if quiet := self._quiet(now):
            if len(quiet) < len(record.members):
                lead.change(now, f"nothing heard from slave {quiet[0].ordinal}")
            elif lead.master.may_stand_aside:
                # Nobody is heard: it may be this master that is cut off.
                lead.master.stand_aside(now)
        else:
            self._introduce(now)

    def _grace_is_over(self, now: float) -> bool:
        lead = self.lead
        ended = lead.frozen | lead.gone()
        if all(member.node in ended for member in lead.record.members):
            return True
        return now >= lead.clock.end_of_grace + lead.plan.stop_wait / 4

    def _left(self) -> set[SlaveId]:
        """Members that are dead, leaving, or replaced on the roster."""
        lead = self.lead
        orders = lead.master.orders
        dead = set(orders.dead)
        newest = {member.ordinal: member.incarnation for member in orders.roster}
        return {
            member.node
            for member in lead.record.members
            if member.node in dead
            or member.node in lead.leavers
            or newest.get(member.ordinal, 0) > member.incarnation
        }

    def _quiet(self, now: float) -> list[SlaveId]:
        """Members that say nothing to their leader."""
        lead = self.lead
        limit = 2 * lead.plan.suspect + _QUIET_SECONDS
        nodes = [member.node for member in lead.record.members]
        return [node for node in nodes if now - max(lead.heard_at(node), self.since) > limit]

    # Introducing joiners: MEET proves their links before the ring is stopped for them.

    def _candidates(self, now: float) -> tuple[Member, ...]:
        """Fresh incarnations on the roster that may be admitted now (G12)."""
        lead = self.lead
        record = lead.record
        if lead.clock.send_is_over(record, now):
            return ()
        inside = {member.ordinal for member in record.members}
        dead = set(lead.master.orders.dead)
        return tuple(
            member
            for member in lead.master.orders.roster
            if member.port
            and member.ordinal not in inside
            and member.node not in dead
            and (
                member.incarnation > record.admitted(member.ordinal)
                or not lead.rules.fresh_incarnations
            )
            and lead.held_back.get(member.node, (0.0, 0.0))[0] <= now
        )

    def _introduce(self, now: float) -> None:
        lead = self.lead
        joiners = self._candidates(now)
        if joiners != self._joiners:
            self._joiners = joiners
            self._attempt = lead.next_attempt()
            self._met = {}
            self._met_since = now
            self.repeat(now)
        if not joiners:
            return
        good = reachable(joiners, lead.record.members, self._met)
        late = now - self._met_since > 2 * lead.plan.suspect
        if good and (len(good) == len(joiners) or late):
            lead.change(now, "a slave joins", joiners=good)
        elif late:
            for joiner in joiners:
                _, delay = lead.held_back.get(joiner.node, (0.0, _FIRST_DELAY))
                lead.held_back[joiner.node] = (now + delay, min(2 * delay, _LONGEST_DELAY))

    def repeat(self, now: float) -> None:
        if not self._joiners:
            return
        lead = self.lead
        members = lead.record.members
        meet = Meet(
            **lead.command(),
            attempt=self._attempt,
            joiners=self._joiners,
            members=members,
            plan=lead.plan,
        )
        for member in (*self._joiners, *members):
            lead.master.send(member.node, meet)

    def receive(self, node: SlaveId, message: Control, now: float) -> None:
        if isinstance(message, Met) and self._joiners and message.attempt == self._attempt:
            self._met[node] = frozenset(message.links)
            self._news = True
