"""A master as a state machine: it stands for the lease, and leads when it holds it.

This module has what every candidate does: the record and the report by compare-and-swap, one
request of each in flight; the election; the orders. What a leader does with the slaves is in
`core.master.leading`, which exists only while this master leads. Nothing here decides by wall
clock.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ringrun.core.master.election import Election, Terms
from ringrun.core.master.leading import Leading
from ringrun.core.messages import Control
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import (
    Exit,
    Links,
    Outcome,
    Output,
    ReadRecord,
    ReadReport,
    Say,
    Send,
    WriteRecord,
    WriteReport,
)
from ringrun.core.record import Member, Plan, Record
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.spec import RunSpec

# How long a master that is told to end tries to free its lease.
_RELEASE_SECONDS = 1.5


class Purpose(StrEnum):
    """Why the record is being written."""

    TAKE_OVER = "take over"
    LEAD = "lead"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The one read (record None) or write of the record that is in flight."""

    sent: float
    record: Record | None = None
    purpose: Purpose = Purpose.LEAD


class Master:
    """One start of one master; the interface that runners use is the public part."""

    def __init__(
        self,
        *,
        me: MasterId,
        spec: RunSpec,
        plan: Plan,
        now: float,
        journal: bool = False,
        rules: Rules = ALL_RULES,
        by_hand: bool = False,
        poll: float = 0.1,
        terms: Terms | None = None,
    ) -> None:
        self.me = me
        # As the record has it.
        self.holder = str(me)
        self.spec = spec
        self.plan = plan
        self.rules = rules
        self.by_hand = by_hand
        self.outputs: list[Output] = []
        self.notes: list[tuple[object, ...]] = []
        self.deadline = now
        self.orders = Orders()
        self.up: set[SlaveId] = set()
        self.lead: Leading | None = None
        self.started = now
        self._journal = journal
        self._stood_aside = False
        self._free = False
        self._poll = poll
        self._election = Election(self.holder, now=now, terms=terms)
        self._record = Record(version=-1)
        self._request: Request | None = None
        self._unknown: Request | None = None
        self._read_at = now
        self._report_busy = False
        self._report_at = now
        self._links: tuple[Member, ...] = ()
        # What the links were last worked out from: it changes seldom, and is asked at every input.
        self._linked: tuple[Record | None, Orders | None] = (None, None)
        self._release_until: float | None = None
        self._done = False

    # Inputs

    def tick(self, now: float) -> None:
        """Time passed."""
        self._after(now)

    def receive(self, src: SlaveId, message: Control, now: float) -> None:
        """A slave said something. Whoever does not lead takes no notice."""
        if self.lead is not None:
            self.lead.receive(src, message, now)
        self._after(now)

    def link_up(self, peer: SlaveId, now: float) -> None:
        """A connection to this slave is authenticated."""
        self.up.add(peer)
        if self.lead is not None:
            self.lead.link_up(now)
        self._after(now)

    def link_down(self, peer: SlaveId, now: float) -> None:
        """Its connection is gone."""
        self.up.discard(peer)
        self._after(now)

    def orders_read(self, orders: Orders, now: float) -> None:
        """The newest orders; older ones are ignored, and with none the last ones stay."""
        if orders.version < self.orders.version:
            return
        lost = set(self.orders.masters) - set(orders.masters)
        self.orders = orders
        if lost and not self._election.leads:
            self._read_at = now
        if self.lead is not None:
            self.lead.orders_changed()
        self._after(now)

    def record_read(self, record: Record | None, now: float) -> None:
        """The record, asked for or not; None if it is out of reach."""
        request = self._request
        if request is not None and request.record is None:
            self._request = None
        if record is None:
            self._read_at = now + self._poll
        else:
            self._saw(record, now)
        self._after(now)

    def record_written(self, outcome: Outcome, record: Record | None, now: float) -> None:
        """How the write in flight ended; with the current record if another was first."""
        request = self._request
        assert request is not None
        assert request.record is not None
        self._request = None
        if outcome is Outcome.UNKNOWN and not self.rules.read_back:
            outcome = Outcome.SAVED
        if outcome is Outcome.SAVED:
            self._saved(request, request.record, now)
        elif outcome is Outcome.CONFLICT and record is not None:
            if request.purpose is Purpose.TAKE_OVER and not self.rules.epoch_by_same_write:
                self._saved(request, request.record, now)
            else:
                self._saw(record, now)
        else:
            # Only a record that was seen is acted on: read it back before anything else.
            self._unknown = request
            self._read_at = now
            self._note_record(request.record, Outcome.UNKNOWN.value)
        self._after(now)

    def report_read(self, version: int, document: dict[str, Any] | None, now: float) -> None:
        """The stored report and its version; None and 0 if there is none."""
        self._report_busy = False
        if self.lead is not None:
            self.lead.collected.report_seen(version, document)
            self.lead.report_seen(now)
        self._after(now)

    def report_unreachable(self, now: float) -> None:
        """The report could not be read."""
        self._report_busy = False
        self._report_at = now + self._poll
        self._after(now)

    def report_written(
        self, outcome: Outcome, version: int, document: dict[str, Any] | None, now: float
    ) -> None:
        """How the write of the report ended; with the stored one if another was first."""
        self._report_busy = False
        if self.lead is not None:
            if outcome is Outcome.SAVED:
                self.lead.report_saved(version, now)
            elif outcome is Outcome.CONFLICT:
                self.lead.collected.report_seen(version, document)
            else:
                self.lead.collected.report_lost()
                self._report_at = now + self._poll
            self.lead.report_seen(now)
        self._after(now)

    def release(self, now: float) -> None:
        """SIGTERM: free the lease, so that a standby need not wait for it, then end."""
        self._release_until = now + _RELEASE_SECONDS
        self._after(now)

    # What the leader says through its master

    def send(self, to: SlaveId, message: Control) -> None:
        """A command to a slave, lost if there is no link; commands are repeated."""
        if to in self.up:
            self.outputs.append(Send(to, message))

    def stop_leading(self, why: str, now: float) -> None:
        """For good in this epoch."""
        if not self._election.leads:
            return
        epoch = self._election.epoch
        self._election.stop()
        self.lead = None
        self._read_at = now
        self.outputs.append(Say(f"{self.me} no longer leads in epoch {epoch}: {why}"))

    @property
    def may_stand_aside(self) -> bool:
        """Whether there is a standby that this master has not yet let try."""
        return not self._stood_aside and any(name != self.holder for name in self.orders.masters)

    def stand_aside(self, now: float) -> None:
        """Let a standby try that may reach more; after two lease durations lead all the same."""
        self._stood_aside = True
        self._election.stand_aside(now + 2 * self._election.terms.lease)
        self._free = True
        self.stop_leading("it reaches less than half of the view", now)

    def done(self) -> None:
        """The report is complete and everyone has been told."""
        self._done = True

    # The record

    def _saw(self, record: Record, now: float) -> None:
        """A record was read: it alone says who leads and which view is installed."""
        before = self._record
        if record.version < before.version:
            return
        unknown, self._unknown = self._unknown, None
        if record.version > before.version:
            self._note_record(record, "read")
        self._record = record
        self._election.saw(record.version, record.holder, now)
        self._read_at = now + self._poll
        lead = self.lead
        if lead is None:
            # Only a take-over: a leader that stopped leads no more in its epoch.
            if unknown is not None and unknown.purpose is Purpose.TAKE_OVER:
                tried = unknown.record
                if tried is not None and (record.epoch, record.holder) == (
                    tried.epoch,
                    self.holder,
                ):
                    self._begin(unknown.sent, record, now)
        elif (record.epoch, record.holder) == (self._election.epoch, self.holder):
            if unknown is not None and unknown.record == record:
                self._election.renewed(unknown.sent)
            lead.saw(record, now)
        elif self.rules.stop_on_conflict:
            holder = record.holder or "nobody"
            self.stop_leading(f"the record says {holder} in epoch {record.epoch}", now)
        else:
            lead.write_over(record.version)
            self._record = lead.record

    def _saved(self, request: Request, record: Record, now: float) -> None:
        self._unknown = None
        self._record = record
        self._note_record(record, Outcome.SAVED.value)
        self._election.saw(record.version, record.holder, now)
        if request.purpose is Purpose.TAKE_OVER:
            self._begin(request.sent, record, now)
        elif request.purpose is Purpose.LEAD:
            self._election.renewed(request.sent)
            if self.lead is not None:
                self.lead.saved(record, now)

    def _begin(self, sent: float, record: Record, now: float) -> None:
        """Lead: the epoch is recorded, and seen."""
        self._election.won(record.epoch, sent)
        self._report_at = now
        self.lead = Leading(self, record, now)
        self.lead.begin(now)

    def _pump(self, now: float) -> None:
        """The next request of the record, if none is in flight."""
        if self._request is not None:
            return
        lead = self.lead
        if self._unknown is None:
            if self._release_until is not None:
                if lead is not None:
                    freed = self._record.evolve(holder="", done=self._done)
                    self._write(freed, Purpose.RELEASE, now)
                    self.stop_leading("all is done" if self._done else "told to end", now)
                return
            if self._free:
                # Nobody need wait for a lease that its holder has given up.
                self._free = False
                if self._record.holder == self.holder:
                    self._write(self._record.evolve(holder=""), Purpose.RELEASE, now)
                    return
            if lead is not None:
                wanted = lead.wants(now)
                if wanted is None and self._election.renewal_due(now):
                    wanted = self._record.evolve(renewed=now, count=lead.count)
                if wanted is not None:
                    self._write(wanted, Purpose.LEAD, now)
                return
            if self._record.done:
                # The leader that completed the report has gone; nobody has to come after it.
                self._release_until = now
                return
            if self._election.may_stand(now):
                record = self._record
                taken = record.evolve(epoch=record.epoch + 1, holder=self.holder, renewed=now)
                self._write(taken, Purpose.TAKE_OVER, now)
                return
        if now >= self._read_at:
            self._request = Request(sent=now)
            self.outputs.append(ReadRecord())

    def _write(self, record: Record, purpose: Purpose, now: float) -> None:
        self._request = Request(sent=now, record=record, purpose=purpose)
        self.outputs.append(WriteRecord(record))

    def _pump_report(self, now: float) -> None:
        lead = self.lead
        if lead is None or self._report_busy or now < self._report_at:
            return
        if lead.collected.version is None:
            self._report_busy = True
            self.outputs.append(ReadReport())
            return
        document = lead.report_wanted(now)
        if document is not None:
            self._report_busy = True
            self.outputs.append(WriteReport(lead.collected.version, document))

    def _after(self, now: float) -> None:
        """What follows from any input: election, stages, requests, links, the next deadline."""
        if self._election.too_late(now):
            self.stop_leading("it could not renew its lease in time", now)
        if self.lead is not None:
            self.lead.tick(now)
        self._pump(now)
        if self.lead is not None:
            self._pump_report(now)
        self._want_links()
        if self._done and self.lead is not None and self._release_until is None:
            self._release_until = now + _RELEASE_SECONDS
            self._pump(now)
        if self._release_until is not None and (
            self._request is None or now >= self._release_until
        ):
            self.outputs.append(Exit(0))
            self._release_until = float("inf")
        self._set_deadline(now)

    def _set_deadline(self, now: float) -> None:
        # The answer to what is in flight comes first; giving up is all that cannot wait for it.
        busy = self._request is not None
        due = [self._election.gives_up_at() if busy else self._election.next_time(now)]
        if self.lead is not None:
            due.append(self.lead.deadline)
            if not self._report_busy and self.lead.collected.version is None:
                due.append(self._report_at)
        if self._request is None and (self.lead is None or self._unknown is not None):
            due.append(self._read_at)
        if self._release_until is not None:
            due.append(self._release_until)
        self.deadline = max(min(due), now + 1e-3)

    def _want_links(self) -> None:
        """Leader and standbys alike dial all slaves: a take-over finds its links there."""
        record = self._record
        if record is self._linked[0] and self.orders is self._linked[1]:
            return
        self._linked = (record, self.orders)
        dead = set(self.orders.dead)
        wanted = {
            member.node: member
            for member in (*record.send_members, *record.members, *self.orders.roster)
            if member.port and member.node not in dead
        }
        # Who leaves has a result to tell, and is on no roster any more.
        leaving = {each.node for each in self.orders.leaving} - dead
        wanted |= {member.node: member for member in self._links if member.node in leaving}
        links = tuple(member for _, member in sorted(wanted.items()))
        if links != self._links:
            self._links = links
            self.outputs.append(Links(links))

    def _note_record(self, record: Record, outcome: str) -> None:
        if not self._journal:
            return
        document = {"outcome": outcome, **record.as_document()}
        self.notes.append((Note.RECORD, document))
