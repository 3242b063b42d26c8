"""What a leader tells as it happens: events for whoever watches, and the history in the report.

Called by `leading` and by stages, which give it the record that they speak of. It decides nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from ringrun.core.master.runclock import RunClock
from ringrun.core.master.suspicion import Suspicion
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Cause
from ringrun.core.outcome.collecting import Collected
from ringrun.core.outputs import Event, EventKind, Output
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.report import EpochReport, FailureKind, FailureReport, ViewReport
from ringrun.wording import ring


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What is known of those that a view is without: causes by the supervisor, who was told to
    end, and who was left out though it answered."""

    causes: tuple[Cause, ...]
    leavers: Collection[SlaveId]
    out: Collection[SlaveId]


class Chronicle:
    """Times are seconds since GO; before anyone has spoken of one, since the master's start."""

    def __init__(
        self,
        *,
        me: MasterId,
        started: float,
        outputs: list[Output],
        clock: RunClock,
        collected: Collected,
        suspicion: Suspicion,
    ) -> None:
        self._me = me
        self._started = started
        self._outputs = outputs
        self._clock = clock
        self._collected = collected
        self._suspicion = suspicion

    def at(self, now: float) -> float:
        """The time that users see."""
        elapsed = self._clock.elapsed(now)
        return round(elapsed if elapsed >= 0 else now - self._started, 6)

    def say(self, kind: EventKind, text: str, phase: Phase, now: float) -> None:
        """One event."""
        self._outputs.append(Event(kind, text, self.at(now), phase.value))

    def _fail(self, kind: FailureKind, node: str, cause: str, view: int, now: float) -> None:
        failure = FailureReport(at=self.at(now), kind=kind, node=node, cause=cause, view=view)
        self._collected.fail(failure)

    def elected(self, record: Record, now: float) -> None:
        """This master leads; if another did before, that one is lost."""
        self._collected.epochs[record.epoch] = EpochReport(
            number=record.epoch, holder=str(self._me), at=self.at(now)
        )
        if record.epoch > 1:
            # Its name may be known by the time of the report.
            lost = record.epoch - 1
            cause = f"{self._me.place} took over"
            failure = FailureReport(
                at=self.at(now),
                kind=FailureKind.MASTER_LOST,
                node=f"epoch {lost}",
                cause=cause,
                view=record.view,
                epoch=lost,
            )
            self._collected.fail(failure)
        phase = record.phase if record.view else Phase.START
        text = f"{self._me.place} leads (epoch {record.epoch})"
        self.say(EventKind.LEADER_ELECTED, text, phase, now)
        if record.view:
            self.view(record, now)

    def go(self, record: Record, now: float) -> None:
        """All have acknowledged GO: how far apart it was."""
        measured = self._clock.start_skew()
        if measured is None or self._collected.start_skew is not None:
            return
        count, skew = measured
        self._collected.start_skew = skew
        self._collected.dirty = True
        text = f"{count} slaves in SEND, start skew {skew * 1e3:.1f} ms"
        self.say(EventKind.SEND_STARTED, text, record.phase, now)

    def view(self, record: Record, now: float) -> None:
        """The recorded view belongs to the history."""
        view = ViewReport(
            number=record.view,
            members=tuple(member.ordinal for member in record.members),
            incarnations=tuple(member.incarnation for member in record.members),
            at=self.at(now) if record.view > 1 else 0.0,
            cut=record.cut,
        )
        self._collected.views.setdefault(record.view, view)
        self._collected.dirty = True

    def entered(self, before: Record, record: Record, why: str, losses: Losses, now: float) -> None:
        """A view follows another: who was lost, who joined."""
        self.view(record, now)
        old = {member.node for member in before.members}
        new = {member.node for member in record.members}
        where = _where(record)
        if not before.view:
            ready = f"{len(new)} of {len(new)} slaves ready; {_ring(record)}"
            self.say(EventKind.SLAVES_READY, ready, Phase.START, now)
            self.never_joined(record, losses.causes, now)
            return
        self.lost(before, record, losses, now)
        self.never_joined(record, losses.causes, now)
        for node in sorted(new - old):
            text = f"{node.in_words} joined; {where}"
            self.say(EventKind.SLAVE_REPLACED, text, record.phase, now)
        if old == new:
            self.say(EventKind.SAME_MEMBERS, f"{why}; {where}", record.phase, now)
            suspect = self._suspicion.suspect()
            if suspect is not None:
                # Healed, and nobody is out; but what made the ring stop is no secret.
                self._fail(FailureKind.LINK_LOST, str(suspect), why, before.view, now)

    def lost(self, before: Record, record: Record, losses: Losses, now: float) -> None:
        """Members of the view before that are not in the one recorded now, and why."""
        new = {member.node for member in record.members}
        for node in sorted(member.node for member in before.members):
            if node in new:
                continue
            cause = self._cause(node, losses)
            self._fail(FailureKind.SLAVE_LOST, str(node), cause, before.view, now)
            text = f"{node.in_words} lost: {cause}; {_where(record)}"
            self.say(EventKind.SLAVE_LOST, text, record.phase, now)

    def never_joined(self, record: Record, causes: tuple[Cause, ...], now: float) -> None:
        """Slaves that ended before they ever were in a view: another has their place, or the run
        ends without one."""
        admitted = dict(record.incarnations)
        for lost in causes:
            if not record.view or lost.incarnation < admitted.get(lost.ordinal, 0):
                self._fail(FailureKind.SLAVE_LOST, str(lost.node), lost.text, record.view, now)

    def _cause(self, node: SlaveId, losses: Losses) -> str:
        for lost in losses.causes:
            if lost.node == node and lost.text:
                return lost.text
        if node in losses.leavers:
            return "told to end"
        if node in losses.out:
            return "left out for its bad links"
        return self._suspicion.trouble(node) or "no answer to the wedge"


def _ring(record: Record) -> str:
    return f"view {record.view} {ring(member.ordinal for member in record.members)}"


def _where(record: Record) -> str:
    return f"{_ring(record)}, cut {record.cut:,}"
