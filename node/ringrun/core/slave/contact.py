"""Whom a slave is in contact with: its links, the heartbeats on them, and what it complains of.

Called by `core.slave.slave`. Who lives is `watch`'s to judge; this says it, to the peers and to
whoever leads.
"""

from math import inf

from ringrun.core.messages import Heartbeat, Hello, Suspect
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.outputs import Beat, Send
from ringrun.core.record import Plan
from ringrun.core.rules import Rules
from ringrun.core.slave.position import Position
from ringrun.core.slave.voice import Voice
from ringrun.core.slave.watch import Watch


class Contact:
    """`up` are the authenticated links. `beat_at` is when the next heartbeats go; before there is
    a plan, none do."""

    __slots__ = ("_at", "_rules", "_voice", "beat_at", "up", "watch")

    def __init__(self, *, rules: Rules, voice: Voice, at: Position, now: float) -> None:
        self.up: set[NodeId] = set()
        self.watch = Watch(now=now)
        self.beat_at = inf
        self._rules = rules
        self._voice = voice
        self._at = at

    def plan(self, plan: Plan, now: float) -> None:
        """The plan is known: it says how often, and how long to wait."""
        self.watch.begin(plan, now)
        self.beat_at = self.watch.next_beat(now)

    def link_up(self, peer: NodeId, now: float) -> None:
        """A connection is authenticated; a member of the view is told what this slave has."""
        self.up.add(peer)
        if not isinstance(peer, SlaveId):
            return
        self.watch.up(peer, now)
        at = self._at
        if at.model is not None and at.log is not None and at.holds(peer):
            hello = Hello(
                view=at.view,
                held=at.log.held,
                approved=at.log.approved,
                turn=at.model.turn_from(peer.ordinal),
            )
            self._voice.outputs.append(Send(peer, hello))

    def link_down(self, peer: NodeId, now: float) -> None:
        """A connection is gone."""
        self.up.discard(peer)
        if isinstance(peer, SlaveId):
            self.watch.down(peer, now)

    def heartbeat(self, src: SlaveId, message: Heartbeat, now: float) -> None:
        """A heartbeat came, which may carry times."""
        self.watch.heartbeat_from(src, message, now)

    def hello(self, src: SlaveId, message: Hello, now: float) -> bool:
        """A link was restored: the model sends again what the other lacks. Whether a turn is due
        by that."""
        at = self._at
        member = at.holds(src) and message.view == at.view
        if at.model is None or not member or not self._rules.resend_after_reset:
            return False
        at.model.hello(src.ordinal, message.held, message.approved, message.turn, now)
        return at.model.due

    def tick(self, now: float) -> None:
        """Heartbeats, when they are due, and complaints to whoever leads."""
        if now < self.beat_at:
            return
        watch = self.watch
        self.beat_at = watch.next_beat(now)
        peers = tuple(peer for peer in watch.peers if peer in self.up)
        if watch.measures():
            sends = (Send(peer, watch.heartbeat_to(peer, now)) for peer in peers)
            self._voice.outputs.extend(sends)
        else:
            self._voice.outputs.append(Beat(peers))
        model, log = self._at.model, self._at.log
        if model is None or log is None:
            return
        mark = (log.held, log.approved)
        for peer, trouble in watch.troubles(mark, model.waits_for(), now):
            self._voice.answer(Suspect(view=self._at.view, suspect=peer, trouble=trouble))
