"""What a supervisor decides: the roster, what is created and deleted, which phase is ordered.

`decide` is called by the local run, the operator and the simulation whenever what they see has
changed and at `Decision.deadline`, and by the master by hand at every look. It keeps no state:
everything it must remember is in the orders, so deciding twice is deciding once, and a restarted
supervisor goes on where the last one stopped. How the decision is carried out (processes or pods,
files or ConfigMaps) is the caller's: it keeps the new orders first, then creates, then deletes, so
that an incarnation is never used twice (G12).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.orders import Cause, Leaving, Orders
from ringrun.core.phase import RANK, Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Member, Record
from ringrun.core.supervisor.observed import Observed, SlaveSeen
from ringrun.spec import FailurePolicy, RunSpec

DELETE_AFTER = 10.0
"""Seconds between leaving the roster and being deleted: time to end by itself, its result told."""

SEND_TOLERANCE = 0.05
"""A result whose SEND is shorter than the spec's by no more than this saw the end of SEND."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The orders to keep, then what to create, then what to delete; both in order of (ordinal,
    incarnation). At `deadline` time alone will change the decision."""

    orders: Orders
    create: tuple[SlaveId, ...]
    delete: tuple[SlaveId, ...]
    deadline: float


def decide(
    spec: RunSpec,
    orders: Orders,
    observed: Observed,
    record: Record | None,
    now: float,
    started: float,
) -> Decision:
    """The next orders (a version higher if anything changed) and what follows from them.

    `record` is None while it is out of reach. `now` and `started` are seconds on one clock.
    """
    return _Case(
        spec=spec, orders=orders, observed=observed, record=record, now=now, started=started
    ).decide()


def is_suspended(spec: RunSpec, orders: Orders, record: Record | None) -> bool:
    """Whether, under these orders, the run is not to begin. One that has cannot be suspended."""
    reached = orders.phase if record is None else record.phase
    return spec.suspend and orders.phase is Phase.START and reached is Phase.START


@dataclass(slots=True, kw_only=True)
class _Case:
    """One call of `decide`: what was given, and what the new orders are made of."""

    spec: RunSpec
    orders: Orders
    observed: Observed
    record: Record | None
    now: float
    started: float

    seen: dict[SlaveId, SlaveSeen] = field(default_factory=dict)
    roster: dict[int, Member] = field(default_factory=dict)
    leaving: dict[SlaveId, float] = field(default_factory=dict)
    dead: set[SlaveId] = field(default_factory=set)
    used: dict[int, int] = field(default_factory=dict)
    admitted: dict[int, int] = field(default_factory=dict)
    inside: set[SlaveId] = field(default_factory=set)
    causes: dict[SlaveId, str] = field(default_factory=dict)
    results: dict[SlaveId, Result] = field(default_factory=dict)
    phase: Phase = Phase.START
    stop_reason: Reason | None = None
    replaced: int = 0
    disruptions: int = 0

    def decide(self) -> Decision:
        self._take()
        self._bury()
        self._thin()
        if self._suspended:
            for member in list(self.roster.values()):
                self._leave(member.node)
        else:
            self._stop_if_asked()
            self._fill()
        self._address()
        orders = self._orders()
        create = tuple(
            member.node
            for member in orders.roster
            if orders.phase is not Phase.STOP and not member.port and member.node not in self.seen
        )
        return Decision(
            orders=orders,
            create=create,
            delete=tuple(sorted(self._due())),
            deadline=self._deadline(orders.phase),
        )

    def _take(self) -> None:
        """Start from the orders; where they are behind the record, they were lost: catch up."""
        orders = self.orders
        self.seen = {slave.node: slave for slave in self.observed.slaves}
        self.roster = {member.ordinal: member for member in orders.roster}
        self.leaving = {each.node: each.since for each in orders.leaving}
        self.dead = set(orders.dead)
        self.causes = {each.node: each.text for each in orders.causes}
        self.results = {result.node: result for result in orders.results}
        self.phase, self.stop_reason = orders.phase, orders.stop_reason
        self.replaced, self.disruptions = orders.replaced, orders.disruptions
        if self.record is not None and orders.phase is Phase.START:
            if self.record.phase is Phase.STOP:
                self.phase, self.stop_reason = Phase.STOP, self.record.stop_reason
            elif RANK[self.record.phase] >= RANK[Phase.SEND]:
                self.phase = Phase.SEND
        if self.record is not None:
            self.admitted = dict(self.record.incarnations)
            self.inside = {member.node for member in self.record.members}
        self._count_incarnations()

    @property
    def _reached(self) -> Phase:
        """The phase that the run is in: the record's, or as far as the orders let it go."""
        return self.record.phase if self.record is not None else self.phase

    def _bury(self) -> None:
        """Note who has ended, and who was there once and is gone."""
        for slave in self.seen.values():
            if slave.result is not None and slave.ended:
                self.results.setdefault(slave.node, slave.result)
            if slave.ended:
                self._die(slave.node, slave.cause)
        gone = [member.node for member in self.roster.values() if member.port]
        for node in [*gone, *self.leaving]:
            if node not in self.seen:
                self._die(node, "gone")
        for node in self.dead:
            self.leaving.pop(node, None)

    def _die(self, node: SlaveId, cause: str) -> None:
        if node not in self.dead:
            self.dead.add(node)
            if cause:
                self.causes[node] = cause

    @property
    def _suspended(self) -> bool:
        return is_suspended(self.spec, self.orders, self.record)

    def _thin(self) -> None:
        """Adopt who is not on the roster but is its ordinal's newest, and take off who is lost."""
        for slave in sorted(self.seen.values(), key=lambda slave: slave.node):
            node = slave.node
            if node in self.dead or node in self.leaving:
                continue
            mine = self.roster.get(slave.ordinal)
            if mine is None and node.incarnation == self.used[slave.ordinal]:
                # Orders that were lost are made again from what lives.
                self.roster[slave.ordinal] = Member(
                    ordinal=node.ordinal, incarnation=node.incarnation
                )
            elif mine is None or mine.node != node:
                self.leaving[node] = self.now
        for member in list(self.roster.values()):
            if member.node in self.dead:
                del self.roster[member.ordinal]
            elif self._is_going(member.node):
                self._leave(member.node)

    def _is_going(self, node: SlaveId) -> bool:
        """Whether a living slave has lost its place: being deleted, or dropped from the view."""
        slave = self.seen.get(node)
        if slave is not None and slave.deleting:
            return True
        record = self.record
        if record is None or record.view < 1 or record.phase is not Phase.SEND:
            return False
        admitted = self.admitted.get(node.ordinal, 0)
        # A newer one was admitted, so this one is of a past that the orders forgot.
        return admitted > node.incarnation or (
            admitted == node.incarnation and node not in self.inside
        )

    def _leave(self, node: SlaveId) -> None:
        del self.roster[node.ordinal]
        if node in self.seen:
            self.leaving[node] = self.now
        else:
            self._die(node, "gone")

    def _stop_if_asked(self) -> None:
        if self.phase is Phase.STOP or self._reached is Phase.STOP:
            return
        deadline = self.spec.active_deadline
        reason = None
        if self.observed.stop is not None:
            reason = self.observed.stop
        elif self.spec.abort:
            reason = Reason(Why.ABORTED)
        elif self.spec.suspend:
            reason = Reason(Why.SUSPENDED)
        elif self.spec.on_slave_failure is FailurePolicy.FAIL and any(self._failed()):
            reason = Reason(Why.SLAVE_FAILED)
        elif deadline is not None and self.now >= self.started + deadline:
            reason = Reason(Why.ACTIVE_DEADLINE)
        if reason is not None:
            self.phase, self.stop_reason = Phase.STOP, reason

    def _failed(self) -> Iterator[SlaveId]:
        """The ordinals' newest that are lost without having done their part."""
        for ordinal in range(self.spec.nodes):
            node = SlaveId(ordinal, self.used.get(ordinal, 0))
            if node.incarnation and ordinal not in self.roster and not self._saw_the_end(node):
                yield node

    def _fill(self) -> None:
        """Give every ordinal that needs one its next incarnation; then SEND, if all is ready."""
        for ordinal in range(self.spec.nodes):
            last = self.used.get(ordinal, 0)
            if ordinal in self.roster or not self._may_place(last):
                continue
            if last:
                lost = self.seen.get(SlaveId(ordinal, last))
                disrupted = lost is not None and lost.disrupted
                if not disrupted and self._exhausted():
                    if self._reached is Phase.START:
                        # The ring starts whole or not at all, so nothing is left to wait for.
                        self._exhaust(SlaveId(ordinal, last))
                        return
                    continue
                self.replaced += 1
                self.disruptions += disrupted
            self.roster[ordinal] = Member(ordinal=ordinal, incarnation=last + 1)

    def _exhaust(self, last: SlaveId) -> None:
        cause = self.causes.get(last, "")
        detail = f"{last.in_words} ended: {cause}" if cause else ""
        self.phase, self.stop_reason = Phase.STOP, Reason(Why.REPLACEMENTS_EXHAUSTED, detail)

    def _may_place(self, last: int) -> bool:
        if self.phase is Phase.STOP or self._reached not in {Phase.START, Phase.SEND}:
            return False
        if self._reached is Phase.START or not last:
            return True
        return self.spec.on_slave_failure is FailurePolicy.REPLACE and not any(
            self._saw_the_end(node) for node in self.results
        )

    def _exhausted(self) -> bool:
        return self.replaced - self.disruptions >= self.spec.max_replacements

    def _saw_the_end(self, node: SlaveId) -> bool:
        """Whether this slave gave its result because SEND was over, not because it had to go."""
        result = self.results.get(node)
        return result is not None and result.send_seconds >= self.spec.send - SEND_TOLERANCE

    def _count_incarnations(self) -> None:
        """Find the highest incarnation of each ordinal that anything knows of (G12)."""
        record = self.record
        known: list[SlaveId] = [*self.seen, *self.leaving, *self.dead]
        known.extend(member.node for member in self.roster.values())
        if record is not None:
            known.extend((*record.incarnations, *record.prepared))
        for ordinal, incarnation in known:
            self.used[ordinal] = max(incarnation, self.used.get(ordinal, 0))

    def _address(self) -> None:
        for ordinal, member in self.roster.items():
            slave = self.seen.get(member.node)
            if slave is not None and slave.port:
                self.roster[ordinal] = Member(
                    ordinal=ordinal,
                    incarnation=member.incarnation,
                    host=slave.host,
                    port=slave.port,
                )
        if self.phase is Phase.START and self._complete() and self._prepared():
            self.phase = Phase.SEND

    def _complete(self) -> bool:
        members = self.roster.values()
        return len(members) == self.spec.nodes and all(member.port for member in members)

    def _prepared(self) -> bool:
        record = self.record
        return (
            record is not None
            and record.phase is Phase.START
            and {member.node for member in self.roster.values()} <= set(record.prepared)
        )

    def _orders(self) -> Orders:
        orders = self.orders
        new = Orders(
            version=orders.version,
            phase=self.phase,
            stop_reason=self.stop_reason,
            complete=self._complete(),
            roster=tuple(self.roster[ordinal] for ordinal in sorted(self.roster)),
            dead=tuple(sorted(self.dead)),
            results=tuple(self.results[node] for node in sorted(self.results)),
            masters=tuple(sorted(self.observed.masters)),
            replaced=self.replaced,
            causes=tuple(Cause(*node, cause) for node, cause in sorted(self.causes.items())),
            leaving=tuple(Leaving(*node, since) for node, since in sorted(self.leaving.items())),
            disruptions=self.disruptions,
        )
        return orders if new == orders else msgspec.structs.replace(new, version=orders.version + 1)

    def _due(self) -> Iterator[SlaveId]:
        for node, slave in self.seen.items():
            if slave.ended or slave.deleting:
                continue
            # Missing once and given up: the masters were told, so it may not come back.
            given_up = node in self.dead
            since = self.leaving.get(node, math.inf)
            if given_up or self.now >= since + (0.0 if self._suspended else DELETE_AFTER):
                yield node

    def _deadline(self, phase: Phase) -> float:
        deadline = min(
            (
                since + DELETE_AFTER
                for since in self.leaving.values()
                if since + DELETE_AFTER > self.now
            ),
            default=math.inf,
        )
        if self.spec.active_deadline is not None and phase is not Phase.STOP:
            return min(deadline, self.started + self.spec.active_deadline)
        return deadline
