"""The ring runs: watch for the end of a phase, for slaves that are gone, suspected, or new."""

from math import inf

from ringrun.core.master.change import Change, reachable
from ringrun.core.master.stages.interface import Alter, Next, Stage, StandAside
from ringrun.core.master.term import Term
from ringrun.core.messages import Control, Meet, Met
from ringrun.core.node import SlaveId
from ringrun.core.orders import Orders
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Member

_QUIET_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0


class Steady(Stage):
    """Holds the joiners that are being introduced; the ring does not wait for them."""

    WATCHES = True

    def __init__(self, term: Term, now: float) -> None:
        super().__init__(term, now)
        self._joiners: tuple[Member, ...] = ()
        self._attempt = 0
        self._met: dict[SlaveId, frozenset[SlaveId]] = {}
        self._met_since = now
        self._looked_at = -inf
        self._orders: Orders | None = None
        self._leavers = 0
        self._news = False

    def tick(self, now: float) -> Next | None:
        term = self.term
        orders = term.orders
        if orders.phase is Phase.STOP:
            reason = orders.stop_reason or Reason(Why.STOPPED)
            return Alter(
                change=Change(cause="the run is stopped", closing=True, stop_reason=reason)
            )
        if term.record.phase is Phase.GRACE and self._grace_is_over(now):
            return Alter(change=Change(cause="the run is over", closing=True))
        if self._may_differ(now) and (gone := self._left()):
            return Alter(change=Change(cause="slaves are gone", without=gone))
        if term.suspicion.edges:
            return Alter(change=Change(cause=term.suspicion.cause()))
        return self._look(now) if self._looked_at == now else None

    def _may_differ(self, now: float) -> bool:
        """Whether to look at the members one by one: every message of every slave comes by here."""
        term = self.term
        orders = term.orders
        leavers = len(term.leavers)
        same = orders is self._orders and leavers == self._leavers and not self._news
        if same and now - self._looked_at < _LOOK_SECONDS:
            return False
        self._orders = orders
        self._leavers = leavers
        self._news = False
        self._looked_at = now
        return True

    def _look(self, now: float) -> Next | None:
        quiet = self._quiet(now)
        if not quiet:
            return self._introduce(now)
        if len(quiet) < len(self.term.record.members):
            return Alter(change=Change(cause=f"nothing heard from slave {quiet[0].ordinal}"))
        # Nobody is heard: it may be this master that is cut off.
        return StandAside() if self.term.may_stand_aside else None

    def _grace_is_over(self, now: float) -> bool:
        term = self.term
        ended = term.frozen | term.gone()
        if all(member.node in ended for member in term.record.members):
            return True
        return now >= term.clock.end_of_grace + term.plan.stop_wait / 4

    def _left(self) -> set[SlaveId]:
        """Members that are dead, leaving, or replaced on the roster."""
        term = self.term
        orders = term.orders
        dead = set(orders.dead)
        newest = {member.ordinal: member.incarnation for member in orders.roster}
        return {
            member.node
            for member in term.record.members
            if member.node in dead
            or member.node in term.leavers
            or newest.get(member.ordinal, 0) > member.incarnation
        }

    def _quiet(self, now: float) -> list[SlaveId]:
        """Members that say nothing to their leader."""
        term = self.term
        limit = 2 * term.plan.suspect + _QUIET_SECONDS
        nodes = [member.node for member in term.record.members]
        return [node for node in nodes if now - max(term.heard_at(node), self.since) > limit]

    # Introducing joiners: MEET proves their links before the ring is stopped for them.

    def _candidates(self, now: float) -> tuple[Member, ...]:
        """Fresh incarnations on the roster that may be admitted now (G12)."""
        term = self.term
        record = term.record
        if term.send_is_over(now):
            return ()
        inside = {member.ordinal for member in record.members}
        dead = set(term.orders.dead)
        return tuple(
            member
            for member in term.orders.roster
            if member.port
            and member.ordinal not in inside
            and member.node not in dead
            and (
                member.incarnation > record.admitted(member.ordinal)
                or not term.rules.fresh_incarnations
            )
            and term.held_back.get(member.node, (0.0, 0.0))[0] <= now
        )

    def _introduce(self, now: float) -> Next | None:
        term = self.term
        joiners = self._candidates(now)
        if joiners != self._joiners:
            self._joiners = joiners
            self._attempt = term.next_attempt()
            self._met = {}
            self._met_since = now
            self.repeat(now)
        if not joiners:
            return None
        good = reachable(joiners, term.record.members, self._met)
        late = now - self._met_since > 2 * term.plan.suspect
        if good and (len(good) == len(joiners) or late):
            return Alter(change=Change(cause="a slave joins", joiners=good))
        if late:
            for joiner in joiners:
                term.hold_back(joiner.node, _FIRST_DELAY, _LONGEST_DELAY, now)
        return None

    def repeat(self, now: float) -> None:
        if not self._joiners:
            return
        term = self.term
        members = term.record.members
        meet = Meet(
            **term.command(),
            attempt=self._attempt,
            joiners=self._joiners,
            members=members,
            plan=term.plan,
        )
        for member in (*self._joiners, *members):
            term.send(member.node, meet)

    def receive(self, node: SlaveId, message: Control, now: float) -> Next | None:
        if isinstance(message, Met) and self._joiners and message.attempt == self._attempt:
            self._met[node] = frozenset(message.links)
            self._news = True
        return None
