"""A master as a state machine: it stands for the lease, and leads when it holds it.

This module has what every candidate does: the record and the report by compare-and-swap, one
request of each in flight (the report's are `reporting`'s); the election; the orders. What a leader
does with the slaves is in `core.master.leading`, which exists only while this master leads. Nothing
here decides by wall clock.
"""

from math import inf
from typing import Any

from ringrun.core.master.election import Election, Terms
from ringrun.core.master.leading import End, Leading
from ringrun.core.master.links import WantedLinks
from ringrun.core.master.recording import Purpose, Recording, Write
from ringrun.core.master.reporting import Reporting
from ringrun.core.master.term import Candidate, Term
from ringrun.core.messages import Control
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Exit, Links, Outcome, Output, StoodDown
from ringrun.core.record import Plan, Record
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.spec import RunSpec

# How long a master that is told to end tries to free its lease.
_RELEASE_SECONDS = 1.5


class Master:
    """One start of one master, whom the record calls `holder`; the interface is the public part."""

    def __init__(
        self,
        *,
        me: MasterId,
        spec: RunSpec,
        plan: Plan,
        now: float,
        journal: bool = False,
        rules: Rules = ALL_RULES,
        poll: float = 0.1,
        terms: Terms | None = None,
    ) -> None:
        self.me = me
        self.holder = str(me)
        self.rules = rules
        self.outputs: list[Output] = []
        self.notes: list[tuple[object, ...]] = []
        self.deadline = now
        self.orders = Orders()
        self.up: set[SlaveId] = set()
        self.lead: Leading | None = None
        self._candidate = Candidate(me=me, spec=spec, plan=plan, rules=rules, started=now)
        self._stood_aside = False
        self._free = False
        self._election = Election(self.holder, now=now, terms=terms)
        self._recording = Recording(self.outputs, self.notes if journal else None, poll, now)
        self._reporting = Reporting(self.outputs, poll, now)
        self._links = WantedLinks()
        self._release_until: float | None = None
        self._done = False

    # Inputs

    def tick(self, now: float) -> None:
        """Time passed."""
        self._after(now)

    def receive(self, src: SlaveId, message: Control, now: float) -> None:
        """A slave said something. Whoever does not lead takes no notice."""
        if self.lead is not None:
            self._ended(self.lead.receive(src, message, now), now)
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
            self._recording.read_at = now
        if self.lead is not None:
            self.lead.orders_changed(orders)
        self._after(now)

    def record_read(self, record: Record | None, now: float) -> None:
        """The record, asked for or not; None if it is out of reach."""
        self._recording.was_read()
        if record is None:
            self._recording.out_of_reach(now)
        else:
            self._saw(record, now)
        self._after(now)

    def record_written(self, outcome: Outcome, record: Record | None, now: float) -> None:
        """How the write in flight ended; with the current record if another was first."""
        write = self._recording.was_written()
        if outcome is Outcome.UNKNOWN and not self.rules.read_back:
            outcome = Outcome.SAVED
        if outcome is Outcome.SAVED:
            self._saved(write, now)
        elif outcome is Outcome.CONFLICT and record is not None:
            if write.purpose is Purpose.TAKE_OVER and not self.rules.epoch_by_same_write:
                self._saved(write, now)
            else:
                self._saw(record, now)
        else:
            self._recording.not_known(write, now)
        self._after(now)

    def report_read(self, version: int, document: dict[str, Any] | None, now: float) -> None:
        """The stored report and its version; None and 0 if there is none."""
        self._ended(self._reporting.read(self.lead, version, document), now)
        self._after(now)

    def report_unreachable(self, now: float) -> None:
        """The report could not be read."""
        self._reporting.unreachable(now)
        self._after(now)

    def report_written(
        self, outcome: Outcome, version: int, document: dict[str, Any] | None, now: float
    ) -> None:
        """How the write of the report ended; with the stored one if another was first."""
        end = self._reporting.written(self.lead, outcome, version, document, now)
        self._ended(end, now)
        self._after(now)

    def release(self, now: float) -> None:
        """SIGTERM: free the lease, so that a standby need not wait for it, then end."""
        self._release_until = now + _RELEASE_SECONDS
        self._after(now)

    # The end of a leadership

    def _ended(self, end: End | None, now: float) -> None:
        lead = self.lead
        if end is None or lead is None:
            return
        if end.done:
            self._done = True
            return
        if end.aside:
            # A standby may reach more; after two lease durations this master leads all the same.
            self._stood_aside = True
            self._election.stand_aside(now + 2 * self._election.terms.lease)
            self._free = True
        self._stop_leading(end.why, now)
        if not self.rules.silent_once_stopped:
            lead.repeat(now)

    def _stop_leading(self, why: str, now: float) -> None:
        """For good in this epoch."""
        if not self._election.leads:
            return
        epoch = self._election.epoch
        self._election.stop()
        self.lead = None
        self._recording.read_at = now
        text = f"{self.me} no longer leads in epoch {epoch}: {why}"
        self.outputs.append(StoodDown(epoch, text))

    # The record

    def _saw(self, record: Record, now: float) -> None:
        """A record was read: it alone says who leads and which view is installed."""
        recording = self._recording
        if record.version < recording.newest.version:
            return
        unknown = recording.saw(record, now)
        self._election.saw(record.version, record.holder, now)
        lead = self.lead
        if lead is None:
            if unknown is not None and unknown.took_over(record):
                self._begin(unknown.sent, record, now)
        elif (record.epoch, record.holder) == (self._election.epoch, self.holder):
            if unknown is not None and unknown.record == record:
                self._election.renewed(unknown.sent)
            self._ended(lead.saw(record, now), now)
        elif self.rules.stop_on_conflict:
            holder = record.holder or "nobody"
            self._stop_leading(f"the record says {holder} in epoch {record.epoch}", now)
        else:
            lead.write_over(record.version)
            recording.newest = lead.record

    def _saved(self, write: Write, now: float) -> None:
        record = write.record
        self._recording.saved(record)
        self._election.saw(record.version, record.holder, now)
        if write.purpose is Purpose.TAKE_OVER:
            self._begin(write.sent, record, now)
        elif write.purpose is Purpose.LEAD:
            self._election.renewed(write.sent)
            if self.lead is not None:
                self.lead.saved(record, now)

    def _begin(self, sent: float, record: Record, now: float) -> None:
        """Lead: the epoch is recorded, and seen."""
        self._election.won(record.epoch, sent)
        self._reporting.begin(now)
        term = Term(
            self._candidate,
            outputs=self.outputs,
            up=self.up,
            orders=self.orders,
            record=record,
            stood_aside=self._stood_aside,
            now=now,
        )
        self.lead = Leading(term, now)

    def _pump(self, now: float) -> None:
        """The next request of the record, if none is in flight."""
        recording = self._recording
        if recording.busy:
            return
        if recording.unknown is None and self._write_if_due(now):
            return
        if now >= recording.read_at:
            recording.read()

    def _write_if_due(self, now: float) -> bool:
        """Write what is to be written; False if it is time to read instead."""
        recording, lead = self._recording, self.lead
        record = recording.newest
        if self._release_until is not None:
            if lead is not None:
                freed = record.evolve(holder="", done=self._done)
                recording.write(freed, Purpose.RELEASE, now)
                self._stop_leading("all is done" if self._done else "told to end", now)
            return True
        free, self._free = self._free, False
        if free and record.holder == self.holder:
            # Nobody need wait for a lease that its holder has given up.
            recording.write(record.evolve(holder=""), Purpose.RELEASE, now)
        elif lead is not None:
            wanted = lead.wants(now)
            if wanted is None and self._election.renewal_due(now):
                wanted = record.evolve(renewed=now, count=lead.count)
            if wanted is not None:
                recording.write(wanted, Purpose.LEAD, now)
        elif record.done:
            # The leader that completed the report has gone; nobody has to come after it.
            self._release_until = now
        elif self._election.may_stand(now):
            taken = record.evolve(epoch=record.epoch + 1, holder=self.holder, renewed=now)
            recording.write(taken, Purpose.TAKE_OVER, now)
        else:
            return False
        return True

    def _after(self, now: float) -> None:
        """What follows from any input: election, stages, requests, links, the next deadline."""
        if self._election.too_late(now):
            self._stop_leading("it could not renew its lease in time", now)
        if self.lead is not None:
            self._ended(self.lead.tick(now), now)
        self._pump(now)
        if self.lead is not None:
            self._reporting.pump(self.lead, now)
        links = self._links.changed(self._recording.newest, self.orders)
        if links is not None:
            self.outputs.append(Links(links))
        if self._done and self.lead is not None and self._release_until is None:
            self._release_until = now + _RELEASE_SECONDS
            self._pump(now)
        until = self._release_until
        if until is not None and (not self._recording.busy or now >= until):
            self.outputs.append(Exit(0))
            self._release_until = inf
        self._set_deadline(now)

    def _set_deadline(self, now: float) -> None:
        # The answer to what is in flight comes first; giving up is all that cannot wait for it.
        recording, election = self._recording, self._election
        busy, unknown = recording.busy, recording.unknown is not None
        due = [election.gives_up_at() if busy or unknown else election.next_time(now)]
        if self.lead is not None:
            due += [self.lead.deadline, self._reporting.due(self.lead)]
        if not busy and (self.lead is None or unknown):
            due.append(recording.read_at)
        if self._release_until is not None:
            due.append(self._release_until)
        self.deadline = max(min(due), now + 1e-3)
