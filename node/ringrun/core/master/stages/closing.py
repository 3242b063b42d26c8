"""STOP: CLOSE to everyone, collect the results, write the report, let the slaves go (G10)."""

from math import inf
from typing import TYPE_CHECKING, Any

from ringrun.core.master.stages.interface import Stage
from ringrun.core.messages import Close
from ringrun.core.outcome.verdict import judge
from ringrun.core.phase import Phase

if TYPE_CHECKING:
    from ringrun.core.master.leading import Leading

_LINGER_SECONDS = 5.0


class Closing(Stage):
    """Goes on until every result that can still come is stored and everyone was told."""

    def __init__(self, lead: "Leading", now: float) -> None:
        super().__init__(lead, now)
        self._complete_at = inf

    def repeat(self, now: float) -> None:
        lead = self.lead
        record = lead.record
        nodes = {member.node for member in (*record.send_members, *record.members)}
        if lead.rules.close_to_roster:
            nodes |= {member.node for member in lead.master.orders.roster}
        close = Close(**lead.command(), record=record)
        for node in sorted(nodes - lead.collected.results.keys()):
            lead.master.send(node, close)
        # A slave may still be telling its result to the leader before this one.
        lead.say_stored()

    def tick(self, now: float) -> None:
        lead = self.lead
        if not lead.collected.complete:
            return
        if self._complete_at == inf:
            self._complete_at = now
        dead = set(lead.master.orders.dead)
        waiting = any(node not in dead for node in lead.master.up)
        if not waiting or now - self._complete_at > _LINGER_SECONDS:
            lead.master.done()

    def report(self, now: float) -> dict[str, Any] | None:
        """The complete report, once no other result can come."""
        lead = self.lead
        record = lead.record
        results = lead.collected.results
        dead = set(lead.master.orders.dead)
        late = self._is_late(now)
        if not late and any(
            member.node not in results and member.node not in dead for member in record.send_members
        ):
            return None
        judgement = judge(record, results, lead.rules)
        return lead.collected.report(lead.master.spec, record, judgement)

    def _is_late(self, now: float) -> bool:
        """Whether those that are silent now count as dead."""
        lead = self.lead
        # An early stop does not wait for the end that was planned.
        ended = min(lead.clock.end_of_grace, self.since)
        limit = lead.master.spec.active_deadline
        overdue = limit is not None and now - lead.master.started >= limit
        return overdue or now >= ended + lead.plan.result_wait

    def stored(self, now: float) -> None:
        """The complete report is stored."""
        lead = self.lead
        wanted = [member.node for member in lead.record.send_members]
        got = sum(node in lead.collected.results for node in wanted)
        text = f"{got} of {len(wanted)} results"
        lead.chronicle.say("ResultsCollected", text, now, Phase.STOP)
