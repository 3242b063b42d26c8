"""The view change: wedge, cut, sync, record; also the closing of the run (docs/protocol.md).

Each step can be repeated, by this leader or the next. Installing what is recorded is the next
stage's.
"""

from ringrun.core.master.change import Change
from ringrun.core.master.stages.interface import Alter, Next, Stage, StandAside, Unrecorded
from ringrun.core.master.term import Term
from ringrun.core.messages import Control, Sync, Synced, Wedge, Wedged
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Member, Record

# An early stop that nobody answers for so long is recorded without a closing cut.
_ABORT_SECONDS = 5.0


class Changing(Stage):
    """Wedging until everyone who can has answered, then syncing, then asking for the record."""

    WATCHES = True

    def __init__(self, term: Term, now: float, change: Change, began: float) -> None:
        super().__init__(term, now)
        self.change = change
        self._began = began
        self._syncing = False
        self._unclosed = False
        self._unclosed_for: Reason | None = None

    def tick(self, now: float) -> Next | None:
        term = self.term
        change = self.change
        orders = term.orders
        stop = orders.phase is Phase.STOP and not change.closing
        if stop or (change.joiners and term.send_is_over(now)):
            if stop:
                change.closing = True
                change.stop_reason = orders.stop_reason or Reason(Why.STOPPED)
            return self._again(now)
        if self._unclosed:
            return None
        if not self._syncing:
            return self._wedge(now)
        if change.unsynced():
            return self._sync(now)
        if change.closing and not term.rules.closing_cut_recorded:
            return Unrecorded(record=self._record())
        return None

    def _again(
        self, now: float, without: frozenset[SlaveId] = frozenset(), *, tried: int = 0
    ) -> Next:
        """The same change from the wedge on, under a new attempt."""
        change = self.change
        late = change.closing or self.term.send_is_over(now)
        again = Change(
            cause=change.cause,
            closing=change.closing,
            stop_reason=change.stop_reason,
            joiners=() if late else change.joiners,
            without=change.without | without,
            tried=tried,
        )
        return Alter(change=again, began=self._began)

    def not_written(self, now: float) -> Next | None:
        return self._again(now) if self._syncing and not self.change.unsynced() else None

    def left_out(self) -> set[SlaveId]:
        return self.change.without & self.change.wedged.keys()

    def why(self) -> str:
        return self.change.cause

    def repeat(self, now: float) -> None:
        term = self.term
        change = self.change
        if self._syncing:
            sync = Sync(
                **term.command(),
                attempt=change.attempt,
                view=term.record.view,
                cut=change.cut,
                donor=change.donor,
                plan=term.plan,
            )
            for member in change.unsynced():
                term.send(member.node, sync)
            return
        wedge = Wedge(
            **term.command(),
            attempt=change.attempt,
            record=term.record,
            elapsed=term.clock.elapsed(now),
        )
        gone = term.gone()
        for member in term.record.members:
            if member.node not in change.wedged and member.node not in gone:
                term.send(member.node, wedge)

    def receive(self, node: SlaveId, message: Control, now: float) -> Next | None:
        change = self.change
        if isinstance(message, Wedged):
            tag = (message.attempt, message.view)
            if tag == (change.attempt, self.term.record.view) and not self._syncing:
                change.wedged[node] = message
        elif isinstance(message, Synced) and self._syncing:
            answer = (message.attempt, message.view, message.fold.count)
            asked = (change.attempt, self.term.record.view, change.cut)
            if answer == asked or not self.term.rules.tagged_answers:
                change.synced[node] = message
                self._compare()
        return None

    def _compare(self) -> None:
        """All have answered, and their folds differ (G1): this change is the last one."""
        change = self.change
        if change.diverged and not change.unsynced():
            view = self.term.record.view
            change.closing = True
            detail = f"unequal folds at cut {change.cut:,} of view {view}"
            change.stop_reason = Reason(Why.DIVERGED, detail)

    # Steps 1 and 2

    def _wedge(self, now: float) -> Next | None:
        term = self.term
        change = self.change
        members = term.record.members
        gone = term.gone()
        living = [member for member in members if member.node not in gone]
        answered = change.wedged.keys() | change.without
        if now - self.since <= term.patience and any(m.node not in answered for m in living):
            return None
        if not change.closing:
            change.without |= term.suspicion.blame(change.wedged, now)
        change.choose(members)
        if self._too_few(living):
            return StandAside()
        if not change.survivors:
            return self._nobody(living, now)
        self._syncing = True
        self.since = now
        self.repeat(now)
        return None

    def _too_few(self, living: list[Member]) -> bool:
        """Whether a standby may reach more than this leader, which has not yet let it try."""
        survivors = self.change.survivors
        if not self.term.may_stand_aside or (self.change.closing and survivors):
            return False
        return 2 * len(survivors) < len(living)

    def _nobody(self, living: list[Member], now: float) -> Next | None:
        """Repeat and record nothing, until it is sure that nobody can answer any more."""
        term = self.term
        change = self.change
        results = term.collected.results
        anyone = any(member.node in results for member in term.record.members)
        late = now >= term.clock.end_of_grace + term.plan.result_wait
        answered = {member.node for member in living if member.node in change.wedged}
        if answered - term.leavers:
            # They answer again, and were out only for an earlier silence, or for bad links.
            change.without = set(term.leavers)
            return self._again(now)
        if anyone and not term.rules.unclosed_stop:
            self.since = now
        elif not living or late:
            self._unclosed = True
            lost = None if anyone else Reason(Why.NO_SURVIVOR)
            self._unclosed_for = change.stop_reason or lost
        elif change.stop_reason and now - self._began > _ABORT_SECONDS:
            self._unclosed = True
            self._unclosed_for = change.stop_reason
        else:
            self.since = now
        return None

    # Steps 3 to 5

    def _sync(self, now: float) -> Next | None:
        """Whoever stays silent is left out: a survivor by a new attempt, a joiner at once.

        Before that another donor is tried: it may be the donor that they cannot reach.
        """
        term = self.term
        change = self.change
        gone = term.gone()
        survivors = {member.node for member in change.survivors}
        if survivors & gone:
            return self._again(now)
        unsynced = {member.node for member in change.unsynced()}
        late = now - self.since > term.patience
        lost = unsynced if late else unsynced & gone
        change.joiners = tuple(each for each in change.joiners if each.node not in lost)
        silent = lost & survivors
        if not silent:
            self._compare()
            return None
        if not change.tried and len(change.donors()) > 1:
            return self._again(now, tried=1)
        return self._again(now, frozenset(silent))

    def wants(self, now: float) -> Record | None:
        term = self.term
        record = term.record
        if self._unclosed:
            return record.evolve(
                phase=Phase.STOP,
                closed=False,
                stop_reason=self._unclosed_for,
                send_members=record.send_members or record.members,
            )
        if not self._syncing or (self.change.unsynced() and term.rules.sync_before_record):
            return None
        if self.change.closing and not term.rules.closing_cut_recorded:
            return None
        return self._record()

    def _record(self) -> Record:
        term = self.term
        return self.change.next_record(term.record, term.plan)
