"""START: nobody is left out. MEET and SYNC repeat until every ordinal has answered; then view 1."""

from ringrun.core.master.change import starter
from ringrun.core.master.stages.interface import Next, Stage
from ringrun.core.master.term import Term
from ringrun.core.messages import Control, Meet, Met, Sync, Synced
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import FoldValue, Record
from ringrun.wording import ordinals


class Preparing(Stage):
    """Holds who proved its links and who is synced, of the roster as it is now."""

    def __init__(self, term: Term, now: float) -> None:
        super().__init__(term, now)
        self._nodes: tuple[SlaveId, ...] = ()
        self._attempt = 0
        self._met: dict[SlaveId, frozenset[SlaveId]] = {}
        self._synced: set[SlaveId] = set()

    def tick(self, now: float) -> Next | None:
        orders = self.term.orders
        nodes = tuple(member.node for member in orders.roster) if orders.complete else ()
        if nodes != self._nodes:
            self._nodes = nodes
            self._attempt = self.term.next_attempt()
            self._met = {}
            self._synced = set()
            self.repeat(now)
        return None

    def repeat(self, now: float) -> None:
        term = self.term
        roster = term.orders.roster
        everyone = set(self._nodes)
        command = term.command()
        for node in self._nodes:
            if not everyone - {node} <= self._met.get(node, frozenset()):
                meet = Meet(
                    **command,
                    attempt=self._attempt,
                    joiners=roster,
                    members=(),
                    plan=term.plan,
                )
                term.send(node, meet)
        if self._all_met():
            sync = Sync(**command, attempt=self._attempt, view=0, cut=0, donor=None, plan=term.plan)
            for node in self._nodes:
                if node not in self._synced:
                    term.send(node, sync)

    def _all_met(self) -> bool:
        everyone = set(self._nodes)
        return all(everyone - {node} <= self._met.get(node, frozenset()) for node in self._nodes)

    def receive(self, node: SlaveId, message: Control, now: float) -> Next | None:
        if isinstance(message, Met) and message.attempt == self._attempt:
            before = self._all_met()
            self._met[node] = frozenset(message.links)
            if self._all_met() and not before:
                self.repeat(now)
        elif isinstance(message, Synced) and (message.attempt, message.view) == (self._attempt, 0):
            self._synced.add(node)
        return None

    def wants(self, now: float) -> Record | None:
        term = self.term
        orders = term.orders
        record = term.record
        if orders.phase is Phase.STOP:
            reason = orders.stop_reason or Reason(Why.STOPPED)
            return record.evolve(phase=Phase.STOP, closed=False, stop_reason=reason)
        if now - term.started >= term.spec.start_deadline:
            silent = [m.ordinal for m in orders.roster if m.node not in self._synced]
            named = ordinals(silent, ", ") or "none"
            reason = Reason(Why.START_DEADLINE, f"slaves not prepared: {named}")
            return record.evolve(phase=Phase.STOP, closed=False, stop_reason=reason)
        nodes = self._nodes
        if record.prepared and record.prepared != nodes:
            return record.evolve(prepared=())
        if not nodes or not self._synced.issuperset(nodes):
            return None
        if not record.prepared:
            return record.evolve(prepared=nodes, plan=term.plan)
        if orders.phase is not Phase.SEND:
            return None
        return record.evolve(
            view=1,
            members=orders.roster,
            cut=0,
            fold=FoldValue(),
            starter=starter(record, orders.roster, -1, 0),
            phase=Phase.SEND,
            incarnations=nodes,
            plan=term.plan,
        )
