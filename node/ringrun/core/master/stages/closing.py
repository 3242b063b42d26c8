"""STOP: CLOSE to everyone, collect the results, write the report, let the slaves go (G10)."""

from math import inf
from typing import Any

from ringrun.core.master.stages.interface import Done, Next, Stage
from ringrun.core.master.term import Term
from ringrun.core.messages import Close
from ringrun.core.outcome.verdict import judge
from ringrun.core.outputs import EventKind
from ringrun.core.phase import Phase

_LINGER_SECONDS = 5.0


class Closing(Stage):
    """Goes on until every result that can still come is stored and everyone was told."""

    def __init__(self, term: Term, now: float) -> None:
        super().__init__(term, now)
        self._complete_at = inf

    def repeat(self, now: float) -> None:
        term = self.term
        record = term.record
        nodes = {member.node for member in (*record.send_members, *record.members)}
        if term.rules.close_to_roster:
            nodes |= {member.node for member in term.orders.roster}
        close = Close(**term.command(), record=record)
        for node in sorted(nodes - term.collected.results.keys()):
            term.send(node, close)
        # A slave may still be telling its result to the leader before this one.
        term.say_stored()

    def tick(self, now: float) -> Next | None:
        term = self.term
        if not term.collected.complete:
            return None
        if self._complete_at == inf:
            self._complete_at = now
        dead = set(term.orders.dead)
        waiting = any(node not in dead for node in term.up)
        late = now - self._complete_at > _LINGER_SECONDS
        return None if waiting and not late else Done()

    def report(self, now: float) -> dict[str, Any] | None:
        """The complete report, once no other result can come."""
        term = self.term
        record = term.record
        results = term.collected.results
        dead = set(term.orders.dead)
        late = self._is_late(now)
        if not late and any(
            member.node not in results and member.node not in dead for member in record.send_members
        ):
            return None
        judgement = judge(record, results, term.rules)
        # For who took over in STOP it seems longer than it was; the slaves know better.
        sent_for = term.clock.elapsed(self.since)
        return term.collected.report(
            term.spec, record, judgement, sent_for if sent_for >= 0.0 else None
        )

    def _is_late(self, now: float) -> bool:
        """Whether those that are silent now count as dead."""
        term = self.term
        # An early stop does not wait for the end that was planned.
        ended = min(term.clock.end_of_grace, self.since)
        limit = term.spec.active_deadline
        overdue = limit is not None and now - term.started >= limit
        return overdue or now >= ended + term.plan.result_wait

    def stored(self, now: float) -> None:
        """The complete report is stored."""
        term = self.term
        wanted = [member.node for member in term.record.send_members]
        got = sum(node in term.collected.results for node in wanted)
        text = f"{got} of {len(wanted)} results"
        term.chronicle.say(EventKind.RESULTS_COLLECTED, text, Phase.STOP, now)
