"""A slave as a state machine: commands and frames in, frames and answers out (docs/protocol.md).

This is what runners talk to (`runtime.slave_loop`, `simulation.processes`): they drain `notes`,
`frames` and `outputs` after every call. Views are `core.slave.views`'s, the phases
`core.slave.timeline`'s, the end `core.slave.ending`'s; what happens on the ring is the model's.
"""

from math import inf
from typing import TYPE_CHECKING

from ringrun.core.errors import ProtocolError
from ringrun.core.log.entry import Stream
from ringrun.core.messages import (
    Close,
    Command,
    Control,
    Fetch,
    Fetched,
    Frozen,
    Heartbeat,
    Hello,
    Install,
    Kick,
    Meet,
    Refused,
    Result,
    Status,
    Stored,
    Suspect,
    Sync,
    Wedge,
)
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Beat, Drop, Output, Send
from ringrun.core.phase import Phase
from ringrun.core.ring.frame import HEADER, MAX_INDEX
from ringrun.core.ring.ring import Frames, Tally
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.core.slave.ending import Ending
from ringrun.core.slave.timeline import Timeline
from ringrun.core.slave.views import Membership
from ringrun.core.slave.watch import Watch

if TYPE_CHECKING:
    from ringrun.core.log.log import Log
    from ringrun.core.record import Plan
    from ringrun.core.ring.models import Model

# How often what must arrive is said again.
_REPEAT_SECONDS = 0.25


class Slave:
    """One start of one slave. What runners use is listed first; the rest is for the core."""

    def __init__(
        self,
        *,
        node: SlaveId,
        now: float,
        journal: bool = False,
        rules: Rules = ALL_RULES,
        start_deadline: float = inf,
    ) -> None:
        self.outputs: list[Output] = []
        self.frames: Frames = []
        self.notes: list[tuple[object, ...]] = []
        self.deadline = now
        self.pending = False
        self.pending_at = 0.0
        self.spin = 0.0
        self.node = node
        self.plan: Plan | None = None
        # For the other parts of the core:
        self.rules = rules
        self.journal = self.notes if journal else None
        self.epoch = 0
        self.leader: MasterId | None = None
        self.up: set[NodeId] = set()
        self.view = 0
        self.ordinals: frozenset[int] = frozenset()
        self.model: Model | None = None
        self.log: Log | None = None
        self.stream: Stream | None = None
        self.tally = Tally()
        self.timeline = Timeline()
        self.watch = Watch(heartbeat=0.1, suspect=0.5, now=now)
        self._membership = Membership(self)
        self._ending = Ending(self)
        self._start_deadline = start_deadline
        self._start_until = now + start_deadline
        self._noted: tuple[object, ...] = ()
        self._beat_at = now
        self._repeat_at = now

    @property
    def phase(self) -> Phase:
        """The phase by the own clock."""
        return self.timeline.phase

    @property
    def ended(self) -> bool:
        """Whether the result is made: nothing counts after it, and nothing is served."""
        return self._ending.giving

    @property
    def result(self) -> Result | None:
        """The result, once it is kept."""
        return self._ending.result

    # Time

    def tick(self, now: float) -> None:
        """Whatever is due: phase ends first, then heartbeats, suspicion and what is said again."""
        plan = self.plan
        self._move(now)
        if self.view == 0 and now >= self._start_until:
            self._start_until = inf
            self._ending.exit(1, "no master prepared this slave before its start deadline")
        if plan is not None and now >= self._beat_at:
            self._beat_at = self.watch.next_beat(now)
            self._beat(now)
        if now >= self._repeat_at:
            self._repeat_at = now + _REPEAT_SECONDS
            self._repeat(now)
        self._set_deadline()

    def _set_deadline(self) -> None:
        due = min(self._repeat_at, self.timeline.next_end(), self._ending.deadline())
        if self.plan is not None:
            due = min(due, self._beat_at)
        self.deadline = due

    def _move(self, now: float) -> None:
        if not self._ending.giving:
            self._entered(self.timeline.move(now), now)
        self._ending.tick(now)

    def _entered(self, phases: list[Phase], now: float) -> None:
        for phase in phases:
            self.note(Note.PHASE, phase=phase.value, elapsed=self.timeline.elapsed(now))
            sending = phase is Phase.SEND
            self.tally.counting = sending
            if sending:
                self.tally.since = now
            if self.model is not None:
                self.model.ring.sending = sending
            if phase is Phase.STOP:
                self.stop_model()
                self._repeat(now)

    def start_clock(self, elapsed: float, now: float) -> None:
        """GO, or an earlier GO than the own: the largest known time since counts."""
        if self.timeline.start(elapsed, now, spread=self.rules.largest_elapsed):
            self._entered([Phase.SEND], now)
        self._move(now)

    def freeze(self, now: float) -> None:
        """Drop data from now on; WEDGE, SYNC and FETCH are still served."""
        self._entered(self.timeline.freeze(now), now)
        self.stop_model()

    def stop_model(self) -> None:
        """Take no part in the view any more."""
        self.model = None
        self.pending = False

    # Data

    def data(self, src: int, frame: memoryview, now: float) -> None:
        """A data frame from a slave's link. Raises ProtocolError if no correct slave sends it."""
        if now >= self.deadline:
            self.tick(now)
        model = self.model
        if model is None:
            return
        if len(frame) < HEADER.size:
            raise ProtocolError(f"a data frame has at least {HEADER.size} bytes, got {len(frame)}")
        kind, wagons, view, turn, first, ack, approved = HEADER.unpack_from(frame)
        if (view != self.view and self.rules.view_in_frames) or src not in self.ordinals:
            return
        if (turn | first | ack | approved) >= MAX_INDEX or not first:
            raise ProtocolError(f"no run reaches turn {turn}, index {first}, {ack} or {approved}")
        tally = self.tally
        if tally.counting:
            tally.received += 1
        self.watch.heard(src, now)
        model.receive(src, kind, wagons, turn, first, ack, approved, frame, now)
        if model.due:
            self.turn_is_due(now)

    def turn_is_due(self, now: float) -> None:
        """This slave may issue, once everything that has arrived is handled."""
        plan = self.plan
        assert plan is not None
        # A frame that comes while a turn is due ends the wait for one (spec.tickMicroseconds).
        self.pending_at = now if self.pending else now + plan.tick
        self.pending = True

    def issue(self, now: float) -> None:
        """Take the turn that is due, now that everything that has arrived is handled."""
        if now >= self.deadline:
            self.tick(now)
        self.pending = False
        model = self.model
        if model is not None and model.due:
            model.issue(now)
            if model.due:
                self.turn_is_due(now)

    def fold(self) -> bool:
        """Idle work: fold one block of what is approved; True if there was one."""
        log = self.log
        if log is None or not log.fold(1):
            return False
        if self.journal is not None:
            for block, digest in log.checkpoints():
                self.journal.append((Note.CHECKPOINT, block, digest))
        return True

    # Links

    def link_up(self, peer: NodeId, now: float) -> None:
        """A connection to this node is authenticated."""
        self.up.add(peer)
        if isinstance(peer, MasterId):
            self._repeat(now)
            return
        self.watch.up(peer, now)
        model = self.model
        log = self.log
        if model is not None and log is not None and self._membership.holds(peer):
            turn = model.turn_from(peer.ordinal)
            hello = Hello(view=self.view, held=log.held, approved=log.approved, turn=turn)
            self.outputs.append(Send(peer, hello))
        self._membership.link_up()

    def link_down(self, peer: NodeId, now: float) -> None:
        """Its connection is gone."""
        self.up.discard(peer)
        if not isinstance(peer, MasterId):
            self.watch.down(peer, now)

    def heard(self, peer: SlaveId, now: float) -> None:
        """Something came from this slave."""
        self.watch.heard(peer.ordinal, now)

    def _beat(self, now: float) -> None:
        watch = self.watch
        peers = tuple(peer for peer in watch.peers if peer in self.up)
        if watch.measures():
            self.outputs.extend(Send(peer, watch.heartbeat_to(peer, now)) for peer in peers)
        else:
            self.outputs.append(Beat(peers))
        model = self.model
        log = self.log
        if model is None or log is None:
            return
        mark = (log.held, log.approved)
        for peer, trouble in watch.troubles(mark, model.waits_for(), now):
            self.answer(Suspect(view=self.view, suspect=peer, trouble=trouble))

    def _repeat(self, now: float) -> None:
        """Say again to whoever leads what must arrive."""
        log = self.log
        ending = self._ending
        if self.leader is None:
            return
        ending.repeat()
        if self.view and log is not None and not ending.giving:
            elapsed = self.timeline.elapsed(now)
            if self.timeline.frozen:
                self.answer(Frozen(view=self.view, held=log.held, elapsed=elapsed))
            else:
                p99 = self.tally.latency.quantile(0.99)
                self.answer(Status(view=self.view, approved=log.approved, elapsed=elapsed, p99=p99))
        if not ending.giving:
            self._membership.repeat()

    # Messages

    def receive(self, src: NodeId, message: Control, now: float) -> None:
        """A control message. Raises ProtocolError if the sender may not say it."""
        if now >= self.deadline:
            self.tick(now)
        if isinstance(src, MasterId):
            if isinstance(message, Command):
                self._command(src, message, now)
            elif not isinstance(message, Heartbeat):
                raise ProtocolError(f"a master does not say {type(message).__name__}")
        else:
            self.watch.heard(src.ordinal, now)
            self._from_slave(src, message, now)
        self._set_deadline()

    def _from_slave(self, src: SlaveId, message: Control, now: float) -> None:
        if isinstance(message, Heartbeat):
            self.watch.heartbeat_from(src, message, now)
        elif isinstance(message, Hello):
            self._hello(src, message, now)
        elif isinstance(message, Fetch):
            self._membership.fetch(src, message)
        elif isinstance(message, Fetched):
            self._membership.fetched(src, message)
        else:
            raise ProtocolError(f"a slave does not say {type(message).__name__} to a slave")

    def _hello(self, src: SlaveId, message: Hello, now: float) -> None:
        model = self.model
        member = self._membership.holds(src) and message.view == self.view
        if model is not None and member and self.rules.resend_after_reset:
            model.hello(src.ordinal, message.held, message.approved, message.turn, now)
            if model.due:
                self.turn_is_due(now)

    def _command(self, src: MasterId, message: Command, now: float) -> None:
        """Obey the highest (epoch, holder), refuse all others and say so (G7)."""
        if message.holder != str(src):
            raise ProtocolError(f"master {src} commands in the name of {message.holder}")
        name = type(message).__name__.lower()
        obeyed = message.epoch > self.epoch or ((message.epoch, src) == (self.epoch, self.leader))
        said = (name, message.epoch, message.holder, obeyed, self.view)
        if said != self._noted:
            # Commands are repeated until they are answered; once is enough to know.
            self._noted = said
            keys = ("command", "epoch", "holder", "obeyed", "view")
            self.note(Note.COMMAND, **dict(zip(keys, said, strict=True)))
        if not obeyed:
            self.outputs.append(Send(src, Refused(epoch=self.epoch, holder=str(self.leader))))
            reason = f"{name} of epoch {message.epoch}, but {self.leader} leads in {self.epoch}"
            self.outputs.append(Drop(src, reason))
            return
        self.epoch = message.epoch
        self.leader = src
        if self.plan is None:
            self._take_plan(message, now)
        self._start_until = now + self._start_deadline
        if self._ending.giving and (self.result is None or self.rules.nothing_after_result):
            self._ending.told(stored=isinstance(message, Stored))
        else:
            self._obey(message, now)

    def _obey(self, message: Command, now: float) -> None:
        membership = self._membership
        if isinstance(message, Meet):
            membership.meet(message)
        elif isinstance(message, Wedge):
            membership.wedge(message, now)
        elif isinstance(message, Sync):
            membership.sync(message)
        elif isinstance(message, Install):
            if not membership.install(message, now) and self._ending.leaving:
                self._ending.give(now, final=False)
        elif isinstance(message, Kick):
            membership.kick(message, now)
        elif isinstance(message, Close):
            self._ending.close(message, now)

    def _take_plan(self, message: Command, now: float) -> None:
        plan = message.plan if isinstance(message, Meet | Sync) else None
        if isinstance(message, Wedge | Install | Close):
            plan = message.record.plan
        if plan is None:
            return
        self.plan = self.timeline.plan = plan
        self.spin = plan.spin
        if self._start_deadline == inf:
            self._start_deadline = plan.start_deadline
        self.stream = Stream(plan.seed, self.node.ordinal if self.rules.own_streams else 0)
        self.watch = Watch.of_plan(plan, now)
        self._beat_at = self.watch.next_beat(now)

    # The end

    def finish(self, result: Result, now: float) -> None:
        """The runner has kept and printed the result: say it to whoever leads, until stored."""
        self._ending.result = result
        self._repeat(now)
        self._set_deadline()

    def leave(self, now: float) -> None:
        """SIGTERM: say so, serve on until a view without this slave, or five seconds."""
        self._ending.leave(now)
        self._repeat(now)
        self._set_deadline()

    # What the parts of the core say through their slave

    def answer(self, message: Control) -> None:
        """Say something to whoever leads; lost without a link, so it is repeated or asked again."""
        assert self.leader is not None, "whoever is answered has said something"
        self.outputs.append(Send(self.leader, message))

    def note(self, kind: Note, *values: object, **document: object) -> None:
        """For the journal: what the kind says, a document or a fixed row of values."""
        if self.journal is not None:
            self.journal.append((kind, *values) if values else (kind, document))
