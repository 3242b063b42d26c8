"""INSTALL at all members, in parallel; in view 1 it is GO. When all have it, the kickstart."""

from ringrun.core.master.change import Change
from ringrun.core.master.stages.interface import Alter, Next, Stage, Watch
from ringrun.core.master.term import Term
from ringrun.core.messages import Control, Install, Installed, Kick, Kicked
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase

# GO reaches all slaves of a large run one after the other: nobody is out for being the last.
_GO_SECONDS = 2.0


class Installing(Stage):
    """Holds who has acknowledged the recorded view, and whether the kick is what is waited for."""

    def __init__(self, term: Term, now: float) -> None:
        super().__init__(term, now)
        self._done: set[SlaveId] = set()
        self._kicking = not term.rules.kick_after_installed

    def tick(self, now: float) -> Next | None:
        term = self.term
        record = term.record
        if term.orders.phase is Phase.STOP:
            return Watch()
        gone = term.gone() | term.leavers
        if any(member.node in gone for member in record.members):
            return self._change("slaves are gone", without=set(term.leavers))
        if self._kicking:
            if now - self.since > term.patience:
                return self._change("no answer to the kickstart")
        elif all(member.node in self._done for member in record.members):
            return self._installed(now)
        elif now - self.since > (_GO_SECONDS if record.view == 1 else 0.0) + term.patience:
            return self._change("not all installed the view")
        return None

    def _change(self, cause: str, without: set[SlaveId] | None = None) -> Next:
        return Alter(change=Change(cause=cause, without=without or set()))

    def _installed(self, now: float) -> Next | None:
        term = self.term
        if term.record.view == 1:
            term.chronicle.go(term.record, now)
        if term.record.phase is not Phase.SEND or term.send_is_over(now):
            return Watch()
        self._kicking = True
        self.since = now
        self.repeat(now)
        return None

    def repeat(self, now: float) -> None:
        term = self.term
        record = term.record
        elapsed = term.clock.elapsed(now)
        for node in [*(member.node for member in record.members), *sorted(term.leavers)]:
            if node not in self._done:
                term.clock.asked(node, now)
                term.send(node, Install(**term.command(), record=record, elapsed=elapsed))
        if self._kicking:
            starter = next((m.node for m in record.members if m.ordinal == record.starter), None)
            if starter is not None:
                kick = Kick(**term.command(), view=record.view, elapsed=elapsed)
                term.send(starter, kick)

    def receive(self, node: SlaveId, message: Control, now: float) -> Next | None:
        term = self.term
        if isinstance(message, Installed) and message.view == term.record.view:
            if message.view == 1:
                term.clock.acknowledged(node, message.elapsed, now)
            term.clock.learn(message.elapsed, now)
            if message.wedged and term.rules.wedge_is_final:
                return self._change(f"slave {node.ordinal} is wedged in view {message.view}")
            self._done.add(node)
        elif isinstance(message, Kicked) and message.view == term.record.view and self._kicking:
            return Watch()
        return None
