"""A leader of one epoch: it enters the stages that its stages and the record lead to.

It never reads or writes the record itself: `wants` says what should be written, `saved` and `saw`
say what is recorded, and only that is acted on. What is done in each stage is in
`core.master.stages`; that this master leads no more is given back to it as an `End`.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from ringrun.core.master.figures import Figures
from ringrun.core.master.stages import AFTER
from ringrun.core.master.stages.changing import Changing
from ringrun.core.master.stages.closing import Closing
from ringrun.core.master.stages.installing import Installing
from ringrun.core.master.stages.interface import Alter, Done, Next, Stage, StandAside, Unrecorded
from ringrun.core.master.stages.preparing import Preparing
from ringrun.core.master.stages.steady import Steady
from ringrun.core.master.term import Term
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
from ringrun.core.orders import Orders
from ringrun.core.outputs import EventKind
from ringrun.core.phase import Phase
from ringrun.core.record import Record

_REPEAT_SECONDS = 0.1
# Stages that one event may lead through; there is no way round in fewer events than this.
_MOST_STAGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """This master leads no more in its epoch. `aside`: a standby may reach more; `done`: all is
    told, and it leads on only until its lease is freed."""

    why: str
    aside: bool = False
    done: bool = False


class Leading:
    """One leadership."""

    def __init__(self, term: Term, now: float) -> None:
        self.term = term
        self.deadline = now
        self._repeat_at = now
        self._writing_final = False
        self._figures = Figures(term.record.count, now)
        self._take_results()
        term.chronicle.elected(term.record, now)
        self._stage = self._first(now)
        self.repeat(now)

    @property
    def count(self) -> int:
        """How far the ring is known to have come, for display."""
        return self._figures.count

    @property
    def record(self) -> Record:
        """The newest one seen."""
        return self.term.record

    # The stages

    def _first(self, now: float) -> Stage:
        """Go on from the record as it was taken over."""
        term = self.term
        if term.record.phase is Phase.STOP:
            return Closing(term, now)
        if term.record.view == 0:
            return Preparing(term, now)
        return (Installing if term.rules.reinstall_on_takeover else Steady)(term, now)

    def _enter(self, stage: Stage, now: float) -> None:
        before = type(self._stage)
        assert type(stage) in AFTER[before], f"from {before.__name__} to {type(stage).__name__}"
        self._stage = stage
        self.repeat(now)

    def _follow(self, then: Next | None, now: float) -> End | None:
        """Do what a stage says comes next."""
        term = self.term
        if isinstance(then, Alter):
            then.change.attempt = term.next_attempt()
            began = now if then.began is None else then.began
            self._enter(Changing(term, now, then.change, began), now)
        elif isinstance(then, StandAside):
            return End(why="it reaches less than half of the view", aside=True)
        elif isinstance(then, Done):
            return End(why="all is done", done=True)
        elif isinstance(then, Unrecorded):
            term.record = then.record.at(term.record.version)
            self._stopped(now)
        elif then is not None:
            self._enter(Steady(term, now), now)
        return None

    def repeat(self, now: float) -> None:
        """Say again whatever has not been answered in this stage."""
        self._repeat_at = now + _REPEAT_SECONDS
        self._stage.repeat(now)

    # The record

    def wants(self, now: float) -> Record | None:
        """The next version of the record, if something should be recorded now."""
        term = self.term
        record = term.record
        if record.phase is Phase.STOP:
            return None
        known = term.clock.go is not None
        if record.phase is Phase.SEND and known and term.send_is_over(now):
            return record.evolve(phase=Phase.GRACE, send_members=record.members)
        return self._stage.wants(now)

    def saved(self, record: Record, now: float) -> None:
        """A write of ours is recorded."""
        term = self.term
        before, term.record = term.record, record
        losses = term.losses(self._stage.left_out())
        if record.phase is Phase.STOP:
            if before.phase is not Phase.STOP:
                if not record.view:
                    term.chronicle.never_joined(record, losses.causes, now)
                if record.closed:
                    term.chronicle.lost(before, record, losses, now)
                self._stopped(now)
        elif record.view > before.view:
            term.chronicle.entered(before, record, self._stage.why(), losses, now)
            term.suspicion.answered(now)
            self._enter(Installing(term, now), now)
        elif record.phase is Phase.GRACE and before.phase is Phase.SEND:
            text = f"{len(record.send_members)} slaves in GRACE"
            term.chronicle.say(EventKind.GRACE_STARTED, text, record.phase, now)

    def saw(self, record: Record, now: float) -> End | None:
        """A record was read. Go on from whatever it shows that was not known (late successes)."""
        before = self.term.record
        moved = record.view != before.view or record.phase is not before.phase
        if moved and self.term.rules.go_on_from_read:
            self.saved(record, now)
            return None
        self.term.record = record
        same = record.version == before.version
        return self._follow(self._stage.not_written(now), now) if same else None

    def _stopped(self, now: float) -> None:
        term = self.term
        record = term.record
        if record.closed:
            text = f"drained at index {record.cut:,}"
            term.chronicle.say(EventKind.DRAINED, text, Phase.GRACE, now)
        elif record.view:
            text = "ended without a closing cut"
            term.chronicle.say(EventKind.UNCLOSED, text, Phase.GRACE, now)
        self._enter(Closing(term, now), now)

    def write_over(self, version: int) -> None:
        """Without the rule stop_on_conflict: take the newer version for the own one."""
        self.term.record = self.term.record.at(version)

    # Inputs

    def receive(self, src: SlaveId, message: Control, now: float) -> End | None:
        """What a slave says to its leader."""
        term = self.term
        term.heard(src, now)
        epoch = getattr(message, "epoch", term.record.epoch)
        if isinstance(message, Refused):
            mine = (term.record.epoch, term.holder)
            if (epoch, message.holder) != mine and epoch >= mine[0]:
                return End(why=f"{src} obeys {message.holder}")
        elif isinstance(message, Suspect):
            self._suspected(src, message)
        elif isinstance(message, Status):
            self._live(message, now)
        elif isinstance(message, Frozen):
            term.clock.learn(message.elapsed, now)
            term.frozen.add(src)
        elif isinstance(message, ResultSaid):
            self._result(src, message)
        elif isinstance(message, Leave):
            term.leavers.add(src)
        elif epoch == term.record.epoch:
            if isinstance(message, Wedged):
                term.clock.learn(message.elapsed, now)
            return self._follow(self._stage.receive(src, message, now), now)
        return None

    def link_up(self, now: float) -> None:
        """What is repeated is said at once on a new link."""
        self._repeat_at = min(self._repeat_at, now)

    def orders_changed(self, orders: Orders) -> None:
        """The roster, the phase or who is dead changed; `tick` follows."""
        self.term.orders = orders
        self._take_results()

    def _take_results(self) -> None:
        for result in self.term.orders.results:
            self.term.collected.add(result)

    def _suspected(self, node: SlaveId, message: Suspect) -> None:
        record = self.term.record
        watched = self._stage.WATCHES and message.view == record.view
        if watched and record.holds(node) and record.holds(message.suspect):
            self.term.suspicion.report(node, message.suspect, message.trouble)

    def _live(self, message: Status, now: float) -> None:
        term = self.term
        term.clock.learn(message.elapsed, now)
        self._figures.heard(message)
        if term.record.phase is Phase.SEND:
            live = self._figures.live(message.p99, term.clock.elapsed(now), now)
            if live is not None:
                term.outputs.append(live)

    def _result(self, node: SlaveId, message: ResultSaid) -> None:
        if message.result.node != node:
            return
        collected = self.term.collected
        collected.add(message.result)
        if node in collected.stored or collected.complete:
            self.term.send(node, Stored(**self.term.command()))

    # The report

    def report_wanted(self, now: float) -> dict[str, Any] | None:
        """The document to write now, if there is something new."""
        collected = self.term.collected
        if collected.complete:
            return None
        document = self._stage.report(now)
        if document is not None:
            self._writing_final = True
            return document
        return collected.draft() if collected.dirty else None

    def report_saved(self, version: int, now: float) -> None:
        """The document that was given last is stored; nothing replaces a complete one."""
        collected = self.term.collected
        collected.report_saved(version)
        if self._writing_final:
            collected.complete = True
            self._stage.stored(now)

    def report_seen(self) -> End | None:
        """The stored report was read, or a write of it has ended."""
        self._writing_final = False
        if self.term.collected.overtaken:
            return End(why="the report is of a higher epoch")
        self.term.say_stored()
        return None

    # Time

    def tick(self, now: float) -> End | None:
        """Whatever is due in this stage, and what must be said again."""
        # Between two ticks lies what this asked for; only what is beyond that is absence.
        away = now - self.deadline
        if away > self.term.plan.suspect / 2:
            self.term.was_away(now)
            self._stage.was_away(away, now)
        end = None
        for _ in range(_MOST_STAGES):
            then = self._stage.tick(now)
            if then is None:
                break
            end = self._follow(then, now)
            if end is not None:
                break
        if end is not None and not end.done:
            # It has no more to say in this epoch.
            return end
        if now >= self._repeat_at:
            self.repeat(now)
        self.deadline = min(self._repeat_at, self._next_end(now))
        return end

    def _next_end(self, now: float) -> float:
        term = self.term
        end = inf
        if term.record.phase is Phase.SEND and term.clock.go is not None:
            end = term.clock.end_of_send
        elif term.record.phase is Phase.GRACE:
            end = term.clock.end_of_grace + term.plan.stop_wait / 4
        return end if end > now else inf
