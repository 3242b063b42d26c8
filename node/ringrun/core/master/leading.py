"""A leader of one epoch: what its stages share, and how they follow from the record.

It never reads or writes the record itself: `wants` says what should be written, `saved` and `saw`
say what is recorded, and only that is acted on. What is done in each stage is in
`core.master.stages`.
"""

from math import inf
from typing import TYPE_CHECKING, Any

from ringrun.core.master.change import Change
from ringrun.core.master.chronicle import Chronicle
from ringrun.core.master.runclock import RunClock
from ringrun.core.master.stages.changing import Changing
from ringrun.core.master.stages.closing import Closing
from ringrun.core.master.stages.installing import Installing
from ringrun.core.master.stages.interface import Stage
from ringrun.core.master.stages.preparing import Preparing
from ringrun.core.master.stages.steady import Steady
from ringrun.core.master.suspicion import Suspicion
from ringrun.core.messages import (
    Control,
    Frozen,
    Leave,
    Refused,
    ResultSaid,
    Status,
    Stored,
    Suspect,
    Wedged,
)
from ringrun.core.node import SlaveId
from ringrun.core.outcome.collecting import Collected
from ringrun.core.outputs import Live
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record

if TYPE_CHECKING:
    from ringrun.core.master.master import Master


_REPEAT_SECONDS = 0.1
_LIVE_SECONDS = 0.25
_ANSWER_SECONDS = 0.005
# Stages that one event may lead through; there is no way round in fewer events than this.
_MOST_STAGES = 4


class Leading:
    """`record` is the newest one seen, always of this epoch."""

    def __init__(self, master: "Master", record: Record, now: float) -> None:
        self.master = master
        self.rules = master.rules
        self.plan = master.plan
        # How long an answer is waited for: a large ring on a small machine takes its time.
        self.patience = master.plan.suspect + master.plan.nodes * _ANSWER_SECONDS
        self.record = record
        self.deadline = now
        self.count = record.count
        self.clock = RunClock(master.plan, now)
        self.collected = Collected(record.epoch, master.rules)
        self.suspicion = Suspicion()
        self.chronicle = Chronicle(self)
        self.leavers: set[SlaveId] = set()
        self.frozen: set[SlaveId] = set()
        self.held_back: dict[SlaveId, tuple[float, float]] = {}
        self._heard: dict[SlaveId, float] = {}
        self._attempt = 0
        self._stage: Stage = Steady(self, now)
        self._repeat_at = now
        self._writing_final = False
        self._live_at = now
        self._live_since: tuple[float, int] | None = None

    # The stages

    def begin(self, now: float) -> None:
        """Go on from the record as it was taken over."""
        self.orders_changed()
        self.chronicle.elected(now)
        record = self.record
        if record.phase is Phase.STOP:
            self._enter(Closing(self, now), now)
        elif record.view == 0:
            self._enter(Preparing(self, now), now)
        elif self.rules.reinstall_on_takeover:
            self._enter(Installing(self, now), now)
        else:
            self.steady(now)

    def steady(self, now: float) -> None:
        """The recorded view is installed and kicked."""
        self._enter(Steady(self, now), now)

    def change(
        self,
        now: float,
        cause: str,
        *,
        closing: bool = False,
        stop_reason: str = "",
        joiners: tuple[Member, ...] = (),
        without: set[SlaveId] | None = None,
        began: float | None = None,
        tried: int = 0,
    ) -> None:
        """Change the view, from the wedge on, under a new attempt."""
        change = Change(
            attempt=self.next_attempt(),
            cause=cause,
            closing=closing,
            stop_reason=stop_reason,
            joiners=joiners,
            without=set(without or ()),
            tried=tried,
        )
        self._enter(Changing(self, now, change, now if began is None else began), now)

    def _enter(self, stage: Stage, now: float) -> None:
        self._stage = stage
        self._repeat(now)

    def _repeat(self, now: float) -> None:
        self._repeat_at = now + _REPEAT_SECONDS
        self._stage.repeat(now)

    # What the stages share

    def next_attempt(self) -> int:
        """A number for answers to be matched by; never used twice in an epoch."""
        self._attempt += 1
        return self._attempt

    def command(self) -> dict[str, Any]:
        """What every command carries (G7)."""
        return {"epoch": self.record.epoch, "holder": self.master.holder}

    def gone(self) -> set[SlaveId]:
        """Slaves that cannot answer any more: named dead, or with a result."""
        return {*self.master.orders.dead, *self.collected.results}

    def heard_at(self, node: SlaveId) -> float:
        """When this slave last said anything."""
        return self._heard.get(node, -inf)

    def tell_skew(self, now: float) -> None:
        """All have acknowledged GO: how far apart it was."""
        measured = self.clock.start_skew()
        if measured is None or self.collected.start_skew is not None:
            return
        count, skew = measured
        self.collected.start_skew = skew
        self.collected.dirty = True
        text = f"{count} slaves in SEND, start skew {skew * 1e3:.1f} ms"
        self.chronicle.say("SendStarted", text, now)

    # The record

    def wants(self, now: float) -> Record | None:
        """The next version of the record, if something should be recorded now."""
        record = self.record
        if record.phase is Phase.STOP:
            return None
        known = self.clock.go is not None
        if record.phase is Phase.SEND and known and self.clock.send_is_over(record, now):
            return record.evolve(phase=Phase.GRACE, send_members=record.members)
        return self._stage.wants(now)

    def saved(self, record: Record, now: float) -> None:
        """A write of ours is recorded."""
        before, self.record = self.record, record
        if record.phase is Phase.STOP:
            if before.phase is not Phase.STOP:
                if record.closed:
                    self.chronicle.lost(before, self._left_out(), now)
                self._stopped(now)
        elif record.view > before.view:
            stage = self._stage
            why = stage.change.cause if isinstance(stage, Changing) else "recorded before"
            self.chronicle.entered(before, why, self._left_out(), now)
            self.suspicion.answered(now)
            self._enter(Installing(self, now), now)
        elif record.phase is Phase.GRACE and before.phase is Phase.SEND:
            text = f"{len(record.send_members)} slaves in GRACE"
            self.chronicle.say("GraceStarted", text, now)

    def _left_out(self) -> set[SlaveId]:
        """Whom the change that is recorded left out though they answered."""
        stage = self._stage
        if not isinstance(stage, Changing):
            return set()
        return stage.change.without & stage.change.wedged.keys()

    def saw(self, record: Record, now: float) -> None:
        """A record was read. Go on from whatever it shows that was not known (late successes)."""
        before = self.record
        moved = record.view != before.view or record.phase is not before.phase
        if moved and self.rules.go_on_from_read:
            self.saved(record, now)
            return
        self.record = record
        if record.version == before.version:
            self._stage.not_written(now)

    def _stopped(self, now: float) -> None:
        if self.record.closed:
            text = f"drained at index {self.record.cut:,}"
            self.chronicle.say("Drained", text, now, Phase.GRACE)
        elif self.record.view:
            self.chronicle.say("Unclosed", "ended without a closing cut", now, Phase.GRACE)
        self._enter(Closing(self, now), now)

    def write_over(self, version: int) -> None:
        """Without the rule stop_on_conflict: take the newer version for the own one."""
        self.record = self.record.at(version)

    def close_unrecorded(self, record: Record, now: float) -> None:
        """Without the rule closing_cut_recorded: close by a cut that nobody else will know."""
        self.record = record.at(self.record.version)
        self._stopped(now)

    # Inputs

    def receive(self, src: SlaveId, message: Control, now: float) -> None:
        """What a slave says to its leader."""
        self._heard[src] = now
        epoch = getattr(message, "epoch", self.record.epoch)
        if isinstance(message, Refused):
            mine = (self.record.epoch, self.master.holder)
            if (epoch, message.holder) != mine and epoch >= mine[0]:
                self.master.stop_leading(f"{src} obeys {message.holder}", now)
        elif isinstance(message, Suspect):
            self._suspected(src, message)
        elif isinstance(message, Status):
            self._live(message, now)
        elif isinstance(message, Frozen):
            self.clock.learn(message.elapsed, now)
            self.frozen.add(src)
        elif isinstance(message, ResultSaid):
            self._result(src, message)
        elif isinstance(message, Leave):
            self.leavers.add(src)
        elif epoch == self.record.epoch:
            if isinstance(message, Wedged):
                self.clock.learn(message.elapsed, now)
            self._stage.receive(src, message, now)

    def link_up(self, now: float) -> None:
        """What is repeated is said at once on a new link."""
        self._repeat_at = min(self._repeat_at, now)

    def orders_changed(self) -> None:
        """The roster, the phase or who is dead changed; `tick` follows."""
        for result in self.master.orders.results:
            self.collected.add(result)

    def _suspected(self, node: SlaveId, message: Suspect) -> None:
        suspect = message.suspect
        watched = isinstance(self._stage, Steady | Changing) and message.view == self.record.view
        if watched and self.record.holds(node) and self.record.holds(suspect):
            self.suspicion.report(node, suspect, message.trouble)

    def _live(self, message: Status, now: float) -> None:
        self.clock.learn(message.elapsed, now)
        self.count = max(self.count, message.approved)
        if now < self._live_at or self.record.phase is not Phase.SEND:
            return
        before, self._live_since = self._live_since, (now, self.count)
        self._live_at = now + _LIVE_SECONDS
        if before is None or now <= before[0]:
            # The first word of a new leader: what it counts from may be long ago.
            return
        rate = (self.count - before[1]) / (now - before[0])
        live = Live(self.count, rate, message.p99, self.clock.elapsed(now))
        self.master.outputs.append(live)

    def _result(self, node: SlaveId, message: ResultSaid) -> None:
        if message.result.node != node:
            return
        self.collected.add(message.result)
        if node in self.collected.stored or self.collected.complete:
            self.master.send(node, Stored(**self.command()))

    # The report

    def report_wanted(self, now: float) -> dict[str, Any] | None:
        """The document to write now, if there is something new."""
        if self.collected.complete:
            return None
        if isinstance(self._stage, Closing):
            document = self._stage.report(now)
            if document is not None:
                self._writing_final = True
                return document
        return self.collected.draft() if self.collected.dirty else None

    def report_saved(self, version: int, now: float) -> None:
        """The document that was given last is stored; nothing replaces a complete one."""
        self.collected.report_saved(version)
        if self._writing_final and isinstance(self._stage, Closing):
            self.collected.complete = True
            self._stage.stored(now)

    def report_seen(self, now: float) -> None:
        """The stored report was read, or a write of it has ended."""
        self._writing_final = False
        if self.collected.overtaken:
            self.master.stop_leading("the report is of a higher epoch", now)
            return
        self.say_stored()

    def say_stored(self) -> None:
        """Let the slaves go whose results are kept outside of this process."""
        stored = Stored(**self.command())
        for node in sorted(self.collected.stored):
            self.master.send(node, stored)

    # Time

    def tick(self, now: float) -> None:
        """Whatever is due in this stage, and what must be said again."""
        # Between two ticks lies what this asked for; only what is beyond that is absence.
        away = now - self.deadline
        if away > self.plan.suspect / 2:
            # This master itself was away: what came meanwhile may still be unread.
            self._heard = dict.fromkeys(self._heard, now)
            self._stage.since = min(now, self._stage.since + away)
        for _ in range(_MOST_STAGES):
            stage = self._stage
            stage.tick(now)
            if self._stage is stage:
                break
        if now >= self._repeat_at:
            self._repeat(now)
        self.deadline = min(self._repeat_at, self._next_end(now))

    def _next_end(self, now: float) -> float:
        end = inf
        if self.record.phase is Phase.SEND and self.clock.go is not None:
            end = self.clock.end_of_send
        elif self.record.phase is Phase.GRACE:
            end = self.clock.end_of_grace + self.plan.stop_wait / 4
        return end if end > now else inf
