"""What a leader tells as it happens: events for whoever watches, and the history in the report."""

from typing import TYPE_CHECKING

from ringrun.core.node import SlaveId
from ringrun.core.outputs import Event
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.report import EpochReport, FailureKind, FailureReport, ViewReport

if TYPE_CHECKING:
    from ringrun.core.master.leading import Leading


class Chronicle:
    """Written by the stages of one leader. Times are seconds since GO, or else since its start."""

    def __init__(self, lead: "Leading") -> None:
        self._lead = lead

    def at(self, now: float) -> float:
        """The time that users see."""
        elapsed = self._lead.clock.elapsed(now)
        return round(elapsed if elapsed >= 0 else now - self._lead.master.started, 6)

    def say(self, kind: str, text: str, now: float, phase: Phase | None = None) -> None:
        """One event."""
        shown = self._lead.record.phase if phase is None else phase
        self._lead.master.outputs.append(Event(kind, text, self.at(now), shown.value))

    def _fail(self, kind: FailureKind, node: str, cause: str, view: int, now: float) -> None:
        failure = FailureReport(at=self.at(now), kind=kind, node=node, cause=cause, view=view)
        self._lead.collected.fail(failure)

    def elected(self, now: float) -> None:
        """This master leads; if another did before, that one is lost."""
        lead = self._lead
        record = lead.record
        name = lead.master.me.place
        lead.collected.epochs[record.epoch] = EpochReport(
            number=record.epoch, holder=lead.master.holder, at=self.at(now)
        )
        if record.epoch > 1:
            lost = f"epoch {record.epoch - 1}"
            self._fail(FailureKind.MASTER_LOST, lost, f"{name} took over", record.view, now)
        phase = record.phase if record.view else Phase.START
        self.say("LeaderElected", f"{name} leads (epoch {record.epoch})", now, phase)
        if record.view:
            self.view(now)

    def view(self, now: float) -> None:
        """The recorded view belongs to the history."""
        collected = self._lead.collected
        record = self._lead.record
        view = ViewReport(
            number=record.view,
            members=tuple(member.ordinal for member in record.members),
            incarnations=tuple(member.incarnation for member in record.members),
            at=self.at(now) if record.view > 1 else 0.0,
            cut=record.cut,
        )
        collected.views.setdefault(record.view, view)
        collected.dirty = True

    def entered(self, before: Record, why: str, out: set[SlaveId], now: float) -> None:
        """A view follows another: who was lost, who joined. `out` were left out though alive."""
        record = self._lead.record
        self.view(now)
        old = {member.node for member in before.members}
        new = {member.node for member in record.members}
        where = _where(record)
        if not before.view:
            ready = f"{len(new)} of {len(new)} slaves ready; {where.partition(',')[0]}"
            self.say("SlavesReady", ready, now, Phase.START)
            return
        self.lost(before, out, now)
        for node in sorted(new - old):
            self.say("SlaveReplaced", f"{node.in_words} joined; {where}", now)
        if old == new:
            self.say("SameMembers", f"{why}; {where}", now)
            suspect = self._lead.suspicion.suspect()
            if suspect is not None:
                # Healed, and nobody is out; but what made the ring stop is no secret.
                named = str(suspect)
                self._fail(FailureKind.LINK_LOST, named, why, before.view, now)

    def lost(self, before: Record, out: set[SlaveId], now: float) -> None:
        """Members of the view before that are not in the one recorded now, and why."""
        record = self._lead.record
        new = {member.node for member in record.members}
        for node in sorted(member.node for member in before.members):
            if node in new:
                continue
            cause = self._cause(node, out)
            self._fail(FailureKind.SLAVE_LOST, str(node), cause, before.view, now)
            self.say("SlaveLost", f"{node.in_words} lost: {cause}; {_where(record)}", now)

    def _cause(self, node: SlaveId, out: set[SlaveId]) -> str:
        lead = self._lead
        for lost in lead.master.orders.causes:
            if lost.node == node and lost.text:
                return lost.text
        if node in lead.leavers:
            return "told to end"
        if node in out:
            return "left out for its bad links"
        return lead.suspicion.trouble(node) or "no answer to the wedge"


def _where(record: Record) -> str:
    shown = " ".join(str(member.ordinal) for member in record.members)
    return f"view {record.view} [{shown}], cut {record.cut:,}"
