"""INSTALL at all members, in parallel; in view 1 it is GO. When all have it, the kickstart."""

from typing import TYPE_CHECKING

from ringrun.core.master.stages.interface import Stage
from ringrun.core.messages import Control, Install, Installed, Kick, Kicked
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase

if TYPE_CHECKING:
    from ringrun.core.master.leading import Leading

# GO reaches all slaves of a large run one after the other: nobody is out for being the last.
_GO_SECONDS = 2.0


class Installing(Stage):
    """Holds who has acknowledged the recorded view, and whether the kick is what is waited for."""

    def __init__(self, lead: "Leading", now: float) -> None:
        super().__init__(lead, now)
        self._done: set[SlaveId] = set()
        self._kicking = not lead.rules.kick_after_installed

    def tick(self, now: float) -> None:
        lead = self.lead
        record = lead.record
        if lead.master.orders.phase is Phase.STOP:
            lead.steady(now)
            return
        gone = lead.gone() | lead.leavers
        if any(member.node in gone for member in record.members):
            lead.change(now, "slaves are gone", without=set(lead.leavers))
            return
        if self._kicking:
            if now - self.since > lead.patience:
                lead.change(now, "no answer to the kickstart")
        elif all(member.node in self._done for member in record.members):
            self._installed(now)
        elif now - self.since > (_GO_SECONDS if record.view == 1 else 0.0) + lead.patience:
            lead.change(now, "not all installed the view")

    def _installed(self, now: float) -> None:
        lead = self.lead
        if lead.record.view == 1:
            lead.tell_skew(now)
        if lead.record.phase is Phase.SEND and not lead.clock.send_is_over(lead.record, now):
            self._kicking = True
            self.since = now
            self.repeat(now)
        else:
            lead.steady(now)

    def repeat(self, now: float) -> None:
        lead = self.lead
        record = lead.record
        elapsed = lead.clock.elapsed(now)
        for node in [*(member.node for member in record.members), *sorted(lead.leavers)]:
            if node not in self._done:
                lead.clock.asked(node, now)
                lead.master.send(node, Install(**lead.command(), record=record, elapsed=elapsed))
        if self._kicking:
            starter = next((m.node for m in record.members if m.ordinal == record.starter), None)
            if starter is not None:
                kick = Kick(**lead.command(), view=record.view, elapsed=elapsed)
                lead.master.send(starter, kick)

    def receive(self, node: SlaveId, message: Control, now: float) -> None:
        lead = self.lead
        if isinstance(message, Installed) and message.view == lead.record.view:
            if message.view == 1:
                lead.clock.acknowledged(node, message.elapsed, now)
            lead.clock.learn(message.elapsed, now)
            if message.wedged and lead.rules.wedge_is_final:
                lead.change(now, f"slave {node.ordinal} is wedged in view {message.view}")
            else:
                self._done.add(node)
        elif isinstance(message, Kicked) and message.view == lead.record.view and self._kicking:
            lead.steady(now)
