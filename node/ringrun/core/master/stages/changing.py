"""The view change: wedge, cut, sync, record; also the closing of the run (docs/protocol.md).

Each step can be repeated, by this leader or the next. Installing what is recorded is the next
stage's.
"""

from typing import TYPE_CHECKING

from ringrun.core.master.change import Change
from ringrun.core.master.stages.interface import Stage
from ringrun.core.messages import Control, Sync, Synced, Wedge, Wedged
from ringrun.core.node import SlaveId
from ringrun.core.outcome.verdict import DIVERGED, NO_SURVIVOR
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record

if TYPE_CHECKING:
    from ringrun.core.master.leading import Leading

# An early stop that nobody answers for so long is recorded without a closing cut.
_ABORT_SECONDS = 5.0


class Changing(Stage):
    """Wedging until everyone who can has answered, then syncing, then asking for the record."""

    def __init__(self, lead: "Leading", now: float, change: Change, began: float) -> None:
        super().__init__(lead, now)
        self.change = change
        self._began = began
        self._syncing = False
        self._unclosed: str | None = None

    def tick(self, now: float) -> None:
        lead = self.lead
        change = self.change
        orders = lead.master.orders
        stop = orders.phase is Phase.STOP and not change.closing
        if stop or (change.joiners and lead.clock.send_is_over(lead.record, now)):
            if stop:
                change.closing = True
                change.stop_reason = orders.stop_reason or "Stopped"
            self._again(now)
        elif self._unclosed is not None:
            return
        elif not self._syncing:
            self._wedge(now)
        elif change.unsynced():
            self._sync(now)
        elif change.closing and not lead.rules.closing_cut_recorded:
            lead.close_unrecorded(self._record(), now)

    def _again(
        self, now: float, without: frozenset[SlaveId] = frozenset(), *, tried: int = 0
    ) -> None:
        """The same change from the wedge on, under a new attempt."""
        change = self.change
        late = change.closing or self.lead.clock.send_is_over(self.lead.record, now)
        self.lead.change(
            now,
            change.cause,
            closing=change.closing,
            stop_reason=change.stop_reason,
            joiners=() if late else change.joiners,
            without=change.without | without,
            began=self._began,
            tried=tried,
        )

    def not_written(self, now: float) -> None:
        if self._syncing and not self.change.unsynced():
            self._again(now)

    def repeat(self, now: float) -> None:
        lead = self.lead
        change = self.change
        if self._syncing:
            sync = Sync(
                **lead.command(),
                attempt=change.attempt,
                view=lead.record.view,
                cut=change.cut,
                donor=change.donor,
                plan=lead.plan,
            )
            for member in change.unsynced():
                lead.master.send(member.node, sync)
            return
        wedge = Wedge(
            **lead.command(),
            attempt=change.attempt,
            record=lead.record,
            elapsed=lead.clock.elapsed(now),
        )
        gone = lead.gone()
        for member in lead.record.members:
            if member.node not in change.wedged and member.node not in gone:
                lead.master.send(member.node, wedge)

    def receive(self, node: SlaveId, message: Control, now: float) -> None:
        change = self.change
        if isinstance(message, Wedged):
            tag = (message.attempt, message.view)
            if tag == (change.attempt, self.lead.record.view) and not self._syncing:
                change.wedged[node] = message
        elif isinstance(message, Synced) and self._syncing:
            answer = (message.attempt, message.view, message.fold.count)
            asked = (change.attempt, self.lead.record.view, change.cut)
            if answer == asked or not self.lead.rules.tagged_answers:
                change.synced[node] = message

    # Steps 1 and 2

    def _wedge(self, now: float) -> None:
        lead = self.lead
        change = self.change
        members = lead.record.members
        gone = lead.gone()
        living = [member for member in members if member.node not in gone]
        answered = change.wedged.keys() | change.without
        if now - self.since <= lead.patience and any(m.node not in answered for m in living):
            return
        if not change.closing:
            change.without |= lead.suspicion.blame(change.wedged, now)
        change.choose(members)
        if self._too_few(living):
            lead.master.stand_aside(now)
        elif not change.survivors:
            self._nobody(living, now)
        else:
            self._syncing = True
            self.since = now
            self.repeat(now)

    def _too_few(self, living: list[Member]) -> bool:
        """Whether a standby may reach more than this leader, which has not yet let it try."""
        survivors = self.change.survivors
        if not self.lead.master.may_stand_aside or (self.change.closing and survivors):
            return False
        return 2 * len(survivors) < len(living)

    def _nobody(self, living: list[Member], now: float) -> None:
        """Repeat and record nothing, until it is sure that nobody can answer any more."""
        lead = self.lead
        change = self.change
        results = lead.collected.results
        anyone = any(member.node in results for member in lead.record.members)
        late = now >= lead.clock.end_of_grace + lead.plan.result_wait
        answered = {member.node for member in living if member.node in change.wedged}
        if answered - lead.leavers:
            # They answer again, and were out only for an earlier silence, or for bad links.
            change.without = set(lead.leavers)
            self._again(now)
        elif anyone and not lead.rules.unclosed_stop:
            self.since = now
        elif not living or late:
            self._unclosed = change.stop_reason or ("" if anyone else NO_SURVIVOR)
        elif change.stop_reason and now - self._began > _ABORT_SECONDS:
            self._unclosed = change.stop_reason
        else:
            self.since = now

    # Steps 3 to 5

    def _sync(self, now: float) -> None:
        """Whoever stays silent is left out: a survivor by a new attempt, a joiner at once.

        Before that another donor is tried: it may be the donor that they cannot reach.
        """
        lead = self.lead
        change = self.change
        gone = lead.gone()
        survivors = {member.node for member in change.survivors}
        if survivors & gone:
            self._again(now)
            return
        unsynced = {member.node for member in change.unsynced()}
        late = now - self.since > lead.patience
        lost = unsynced if late else unsynced & gone
        if not lost:
            return
        change.joiners = tuple(each for each in change.joiners if each.node not in lost)
        silent = lost & survivors
        if silent and not change.tried and len(change.donors()) > 1:
            self._again(now, tried=1)
        elif silent:
            self._again(now, frozenset(silent))

    def wants(self, now: float) -> Record | None:
        lead = self.lead
        record = lead.record
        if self._unclosed is not None:
            return record.evolve(
                phase=Phase.STOP,
                closed=False,
                stop_reason=self._unclosed,
                send_members=record.send_members or record.members,
            )
        if not self._syncing or (self.change.unsynced() and lead.rules.sync_before_record):
            return None
        if self.change.closing and not lead.rules.closing_cut_recorded:
            return None
        return self._record()

    def _record(self) -> Record:
        change = self.change
        record = self.lead.record
        reason = change.stop_reason
        if change.diverged:
            change.closing = True
            reason = f"{DIVERGED}: unequal folds at cut {change.cut:,} of view {record.view}"
            change.stop_reason = reason
        return change.next_record(record, self.lead.plan, reason)
