"""A slave as a state machine: commands and frames in, frames and answers out (DESIGN 3, 6, 7).

It installs views, wedges, syncs, moves its phases by the plan it got, and gives its result. What a
view does while it is installed is its model's business (`core.models`). The runner
(`runtime.slave_loop`, `simulation.world`) drains `notes`, `frames` and `outputs` after every call.
"""

from math import inf

from ringrun.core.entry import Stream
from ringrun.core.errors import ProtocolError
from ringrun.core.frame import HEADER
from ringrun.core.joining import Joining, capacity, fold_value
from ringrun.core.log import Log
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
    Installed,
    Kick,
    Kicked,
    Leave,
    Meet,
    Met,
    NodeId,
    Refused,
    Result,
    ResultSaid,
    Status,
    Stored,
    Suspect,
    Sync,
    Synced,
    Wedge,
    Wedged,
)
from ringrun.core.models import MODELS, Model
from ringrun.core.notes import Note
from ringrun.core.outputs import Drop, Exit, Finish, Links, Output, Say, Send
from ringrun.core.phase import RANK, Phase
from ringrun.core.record import Member, Plan, Record
from ringrun.core.ring import Frames, Ring, Tally
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.core.watch import Watch

# How long a slave that was told to end (SIGTERM) goes on serving, and how often what must
# arrive is said again.
_LEAVE_SECONDS = 5.0
_REPEAT_SECONDS = 0.25


class Slave:
    """One start of one slave; the interface that runners use is the public part."""

    def __init__(
        self,
        *,
        node: NodeId,
        now: float,
        journal: bool = False,
        rules: Rules = ALL_RULES,
        start_deadline: float = inf,
    ) -> None:
        self.node = node
        self.rules = rules
        self.outputs: list[Output] = []
        self.frames: Frames = []
        self.notes: list[tuple[object, ...]] = []
        self.deadline = now
        self.pending = False
        self.pending_at = 0.0
        self.plan: Plan | None = None
        self.phase = Phase.START
        self.result: Result | None = None
        self.spin = 0.0
        self.model: Model | None = None
        self._journal = self.notes if journal else None
        self._epoch = 0
        self._holder = ""
        self._up: set[NodeId | str] = set()
        self._meet: Meet | None = None
        self._view = 0
        self._members: tuple[Member, ...] = ()
        self._ordinals: frozenset[int] = frozenset()
        self._wedged = False
        self._frozen = False
        self._giving = False
        self._close: Close | None = None
        self._kicked = 0
        self._go: float | None = None
        self._own_go = 0.0
        self._log: Log | None = None
        self._stream: Stream | None = None
        self._joining: Joining | None = None
        self._tally = Tally()
        self._watch = Watch(heartbeat=0.1, suspect=0.5, now=now)
        self._send_seconds = self._grace_seconds = 0.0
        self._frozen_at = self._close_until = self._leave_at = self._exit_at = inf
        self._start_deadline = start_deadline
        self._start_until = now + start_deadline
        self._beat_at = now
        self._repeat_at = now

    # Time

    def tick(self, now: float) -> None:
        """Whatever is due: phase ends first, then heartbeats, suspicion and what is said again."""
        plan = self.plan
        if plan is None:
            if now >= self._start_until:
                self._exit(1, "no master prepared this slave before its start deadline")
            self.deadline = min(self._start_until, now + 1.0)
            return
        self._move(now)
        if now >= self._beat_at:
            self._beat_at = now + plan.heartbeat
            self._beat(now)
        if now >= self._repeat_at:
            self._repeat_at = now + _REPEAT_SECONDS
            self._repeat(now)
        self._set_deadline()

    def _set_deadline(self) -> None:
        plan = self.plan
        if plan is None:
            return
        due = min(self._beat_at, self._close_until, self._leave_at, self._exit_at)
        if self._go is not None and not self._giving and self.result is None:
            end = self._go + plan.send
            if self.phase is Phase.GRACE:
                end += plan.grace
            if self._frozen:
                end = self._frozen_at + plan.stop_wait
            due = min(due, end)
        self.deadline = due

    def _move(self, now: float) -> None:
        """The phases end by the own clock, whoever else is dead (G6)."""
        plan = self.plan
        if plan is None or self._giving:
            if now >= self._exit_at:
                self._exit(0, "")
            return
        if self._go is not None:
            if self.phase is Phase.SEND and now >= self._go + plan.send:
                self._enter_grace(now)
            if self.phase is Phase.GRACE and now >= self._go + plan.send + plan.grace:
                self._freeze(now)
            if self._frozen and now >= self._frozen_at + plan.stop_wait and self._close is None:
                self._give(False, now)
        if now >= self._close_until or now >= self._leave_at:
            self._give(False, now)
        elif self._view == 0 and now >= self._start_until:
            self._exit(1, "no master admitted this slave before its start deadline")

    def _start_clock(self, elapsed: float, now: float) -> None:
        """GO, or an earlier GO than the own: the largest known time since counts."""
        go = now - max(elapsed, 0.0)
        if self._go is None:
            self._go = go
            self._own_go = now
            self._tally.counting = True
            self._tally.since = now
            self._set_phase(Phase.SEND, now)
            if self.model is not None:
                self.model.ring.sending = True
        elif go < self._go and elapsed > 0.0 and self.rules.largest_elapsed:
            self._go = go
        self._move(now)

    def _elapsed(self, now: float) -> float:
        return -1.0 if self._go is None else now - self._go

    def _set_phase(self, phase: Phase, now: float) -> None:
        assert RANK[phase] > RANK[self.phase], f"from {self.phase} to {phase}"
        self.phase = phase
        self._note(Note.PHASE, phase=phase.value, elapsed=self._elapsed(now))

    def _enter_grace(self, now: float) -> None:
        self._send_seconds = now - self._own_go
        self._tally.counting = False
        self._set_phase(Phase.GRACE, now)
        if self.model is not None:
            self.model.ring.sending = False

    def _freeze(self, now: float) -> None:
        """Drop data from now on; WEDGE, SYNC and FETCH are still served."""
        if self._frozen:
            return
        if self.phase is Phase.SEND:
            self._enter_grace(now)
        self._grace_seconds = now - self._own_go - self._send_seconds
        self._frozen = True
        self._frozen_at = now
        self._set_phase(Phase.STOP, now)
        self._stop_model()
        self._repeat(now)

    def _stop_model(self) -> None:
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
        if (view != self._view and self.rules.view_in_frames) or src not in self._ordinals:
            return
        tally = self._tally
        if tally.counting:
            tally.received += 1
        self._watch.heard(src, now)
        model.receive(src, kind, wagons, turn, first, ack, approved, frame, now)
        if model.due:
            self._turn_is_due(now)

    def _turn_is_due(self, now: float) -> None:
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
                self._turn_is_due(now)

    def fold(self) -> bool:
        """Idle work: fold one block of what is approved; True if there was one."""
        log = self._log
        if log is None or not log.fold(1):
            return False
        if self._journal is not None:
            for block, digest in log.checkpoints():
                self._journal.append((Note.CHECKPOINT, block, digest))
        return True

    # Links

    def link_up(self, peer: NodeId | str, now: float) -> None:
        """A connection to this node is authenticated."""
        self._up.add(peer)
        if isinstance(peer, str):
            self._repeat(now)
            return
        self._watch.up(peer, now)
        self._say_hello(peer)
        self._met()
        if self._joining is not None:
            self._joining.link_up(peer, self.outputs)

    def link_down(self, peer: NodeId | str, now: float) -> None:
        """Its connection is gone."""
        self._up.discard(peer)
        if not isinstance(peer, str):
            self._watch.down(peer, now)

    def heard(self, peer: NodeId, now: float) -> None:
        """Something came from this slave."""
        self._watch.heard(peer.ordinal, now)

    def _say_hello(self, peer: NodeId) -> None:
        log = self._log
        model = self.model
        if model is None or log is None or not self._is_member(peer):
            return
        hello = Hello(
            view=self._view,
            held=log.held,
            approved=log.approved,
            turn=model.turn_from(peer.ordinal),
        )
        self.outputs.append(Send(peer, hello))

    def _is_member(self, peer: NodeId) -> bool:
        return any(member.node == peer for member in self._members)

    def _beat(self, now: float) -> None:
        log = self._log
        model = self.model
        watch = self._watch
        for peer in watch.peers:
            if peer in self._up:
                self.outputs.append(Send(peer, watch.heartbeat_to(peer, now)))
        if model is None or log is None:
            return
        mark = (log.held, log.approved)
        for peer, trouble in watch.troubles(mark, model.waits_for(), now):
            report = Suspect(
                view=self._view, suspect=(peer.ordinal, peer.incarnation), trouble=trouble
            )
            self.outputs.append(Send(self._holder, report))

    def _repeat(self, now: float) -> None:
        """Say again to whoever leads what must arrive."""
        log = self._log
        if not self._holder:
            return
        if self.result is not None:
            self.outputs.append(Send(self._holder, ResultSaid(result=self.result)))
        elif self._frozen and log is not None and not self._giving:
            said = Frozen(view=self._view, held=log.held, elapsed=self._elapsed(now))
            self.outputs.append(Send(self._holder, said))
        elif self._view and log is not None:
            p99 = self._tally.latency.quantile(0.99)
            status = Status(
                view=self._view, approved=log.approved, elapsed=self._elapsed(now), p99=p99
            )
            self.outputs.append(Send(self._holder, status))
        if self._leave_at < inf and not self._giving:
            self.outputs.append(Send(self._holder, Leave(view=self._view)))
        if self._joining is not None and not self._wedged_elsewhere():
            self._joining.repeat(self._log, self.outputs)

    def _wedged_elsewhere(self) -> bool:
        """Whether the SYNC under way is of a view that this slave has left behind."""
        return self._joining is not None and self._view > self._joining.sync.view

    # Messages

    def receive(self, src: NodeId | str, message: Control, now: float) -> None:
        """A control message. Raises ProtocolError if the sender may not say it."""
        if now >= self.deadline:
            self.tick(now)
        if isinstance(src, str):
            if isinstance(message, Command):
                self._command(src, message, now)
            elif not isinstance(message, Heartbeat):
                raise ProtocolError(f"a master does not say {type(message).__name__}")
        else:
            self._watch.heard(src.ordinal, now)
            if isinstance(message, Heartbeat):
                self._watch.heartbeat_from(src, message, now)
            elif isinstance(message, Hello):
                self._hello(src, message, now)
            elif isinstance(message, Fetch):
                self._fetch(src, message)
            elif isinstance(message, Fetched):
                self._fetched(src, message, now)
            else:
                raise ProtocolError(f"a slave does not say {type(message).__name__} to a slave")
        self._set_deadline()

    def _hello(self, src: NodeId, message: Hello, now: float) -> None:
        model = self.model
        if model is None or message.view != self._view or not self._is_member(src):
            return
        if not self.rules.resend_after_reset:
            return
        model.hello(src.ordinal, message.held, message.approved, message.turn, now)
        if model.due:
            self._turn_is_due(now)

    def _command(self, src: str, message: Command, now: float) -> None:
        """Obey the highest (epoch, holder), refuse all others and say so (G7)."""
        if message.holder != src:
            raise ProtocolError(f"master {src} commands in the name of {message.holder}")
        name = type(message).__name__.lower()
        stale = message.epoch < self._epoch or (
            message.epoch == self._epoch and message.holder != self._holder
        )
        if stale:
            self._command_note(name, message, False)
            self.outputs.append(Send(src, Refused(epoch=self._epoch, holder=self._holder)))
            reason = f"{name} of epoch {message.epoch}, but {self._holder} leads in {self._epoch}"
            self.outputs.append(Drop(src, reason))
            return
        self._epoch = message.epoch
        self._holder = message.holder
        self._command_note(name, message, True)
        if self.plan is None:
            self._take_plan(message, now)
        self._start_until = now + self._start_deadline
        if self._giving or (self.result is not None and self.rules.nothing_after_result):
            self._after_result(message)
        elif isinstance(message, Meet):
            self._on_meet(message)
        elif isinstance(message, Wedge):
            self._on_wedge(message, now)
        elif isinstance(message, Sync):
            self._on_sync(message, now)
        elif isinstance(message, Install):
            self._on_install(message, now)
        elif isinstance(message, Kick):
            self._on_kick(message, now)
        elif isinstance(message, Close):
            self._on_close(message, now)

    def _command_note(self, name: str, message: Command, obeyed: bool) -> None:
        self._note(
            Note.COMMAND,
            command=name,
            epoch=message.epoch,
            holder=message.holder,
            obeyed=obeyed,
            view=self._view,
        )

    def _take_plan(self, message: Command, now: float) -> None:
        plan = message.plan if isinstance(message, Meet | Sync) else None
        if isinstance(message, Wedge | Install | Close):
            plan = message.record.plan
        if plan is None:
            return
        self.plan = plan
        self.spin = plan.spin
        if self._start_deadline == inf:
            self._start_deadline = plan.start_deadline
        self._stream = Stream(plan.seed, self.node.ordinal if self.rules.own_streams else 0)
        self._watch = Watch(heartbeat=plan.heartbeat, suspect=plan.suspect, now=now)
        self._beat_at = now + plan.heartbeat

    def _after_result(self, message: Command) -> None:
        """After a result a slave only repeats it, until it is stored."""
        if self.result is None:
            return
        if isinstance(message, Stored):
            self._exit(0, "")
        else:
            self.outputs.append(Send(self._holder, ResultSaid(result=self.result)))

    # The view change

    def _on_meet(self, message: Meet) -> None:
        self._meet = message
        wanted = {member.node: member for member in self._members}
        wanted |= {member.node: member for member in (*message.joiners, *message.members)}
        self.outputs.append(
            Links(tuple(member for node, member in sorted(wanted.items()) if node != self.node))
        )
        self._met(partly=True)

    def _met(self, *, partly: bool = False) -> None:
        """Say which links work: when asked, and as soon as all do."""
        meet = self._meet
        if meet is None or meet.holder != self._holder:
            return
        others = [m.node for m in (*meet.joiners, *meet.members) if m.node != self.node]
        links = tuple(node for node in others if NodeId(*node) in self._up)
        if partly or len(links) == len(others):
            met = Met(epoch=meet.epoch, attempt=meet.attempt, links=links)
            self.outputs.append(Send(self._holder, met))

    def _on_wedge(self, message: Wedge, now: float) -> None:
        record = message.record
        if record.view > self._view:
            self._try_enter(record, now)
        log = self._log
        if record.view != self._view or log is None:
            return
        if record.phase is not Phase.START:
            # A slave that was never told GO ends with the others all the same.
            self._start_clock(message.elapsed, now)
        if self._giving:
            return
        if not self._wedged:
            self._wedged = True
            log.drop_ahead()
            if self.rules.wedged_confirms_nothing:
                self._stop_model()
            elif self.model is not None:
                self.model.ring.sending = False
        answer = Wedged(
            epoch=message.epoch,
            attempt=message.attempt,
            view=self._view,
            held=log.held,
            approved=log.approved,
            elapsed=self._elapsed(now),
        )
        self._note(
            Note.WEDGED,
            view=self._view,
            epoch=message.epoch,
            attempt=message.attempt,
            held=log.held,
            approved=log.approved,
        )
        self.outputs.append(Send(self._holder, answer))

    def _on_sync(self, message: Sync, now: float) -> None:
        assert self.plan is not None
        if self._view and (self._view != message.view or not self._wedged):
            return
        if not self._view:
            self._joining_from(message)
        self._joining = Joining(message, joiner=not self._view)
        self._synced()
        if self._joining is not None:
            self._joining.repeat(self._log, self.outputs)

    def _joining_from(self, message: Sync) -> None:
        """A joiner keeps what it fetched in this view; an older view's is no start."""
        assert self.plan is not None
        before = self._joining
        same = before is not None and before.sync.view == message.view
        if not same or not self.rules.sync_never_shrinks:
            self._log = Log(capacity(self.plan)) if message.view == 0 else None

    def _synced(self) -> None:
        joining = self._joining
        log = self._log
        if joining is None or log is None or log.held < joining.sync.cut:
            return
        sync = joining.sync
        synced = Synced(
            epoch=sync.epoch,
            attempt=sync.attempt,
            view=sync.view,
            fold=fold_value(log.totals(sync.cut)),
            sender=log.sender_at(sync.cut),
        )
        self.outputs.append(Send(self._holder, synced))

    def _fetch(self, src: NodeId, message: Fetch) -> None:
        """A donor serves while it is wedged in the view, and not longer."""
        log = self._log
        if log is None or not self._wedged or self._giving or message.view != self._view:
            return
        for answer in Joining.serve(log, message):
            self.outputs.append(Send(src, answer))

    def _fetched(self, src: NodeId, message: Fetched, now: float) -> None:
        joining = self._joining
        if joining is None or self._giving or not joining.expects(src, message, self.rules):
            return
        if self.rules.tagged_answers and self._view and not self._wedged:
            return
        assert self.plan is not None
        self._log = joining.take(self._log, message, self.plan, self._journal, self.rules)
        self._synced()

    def _on_install(self, message: Install, now: float) -> None:
        record = message.record
        if self._view > record.view:
            return
        if self._view < record.view and not self._try_enter(record, now):
            if self._leave_at < inf and not record.holds(self.node):
                self._give(False, now)
            return
        if not record.holds(self.node):
            return
        if record.phase is not Phase.START:
            self._start_clock(message.elapsed, now)
        if self._wedged and not self.rules.wedge_is_final:
            self._unwedge()
        answer = Installed(
            epoch=message.epoch,
            view=self._view,
            wedged=self._wedged,
            elapsed=self._elapsed(now),
        )
        self.outputs.append(Send(self._holder, answer))

    def _try_enter(self, record: Record, now: float) -> bool:
        """Enter a recorded view, if this slave is in it and holds everything up to its cut."""
        log = self._log
        if not record.holds(self.node) or log is None:
            return False
        if self.rules.sync_before_record and log.held < record.cut:
            return False
        cut = min(record.cut, log.held)
        if cut > log.approved:
            log.approve(cut)
        if self._journal is not None:
            self._journal.append((Note.APPROVED, record.view, log.approved, 1))
        log.drop_above(max(cut, log.approved))
        log.add_cut(log.approved)
        self._tally.issued = log.approved
        self._view = record.view
        self._members = record.members
        self._ordinals = frozenset(member.ordinal for member in record.members)
        self._wedged = False
        self._joining = None
        self._meet = None
        self._note(
            Note.VIEW,
            number=record.view,
            epoch=record.epoch,
            holder=record.holder,
            members=[list(member.node) for member in record.members],
            cut=record.cut,
            count=record.fold.count,
            sumExact=record.fold.sum_exact,
            digest=record.fold.digest,
        )
        self.outputs.append(
            Links(tuple(member for member in record.members if member.node != self.node))
        )
        self._make_model(now)
        return True

    def _make_model(self, now: float) -> None:
        plan = self.plan
        log = self._log
        assert plan is not None
        assert log is not None
        assert self._stream is not None
        k = self.model.ring.k if self.model is not None else 1
        ring = Ring(
            view=self._view,
            members=[member.ordinal for member in self._members],
            me=self.node.ordinal,
            log=log,
            stream=self._stream,
            burst=plan.burst,
            window=plan.window,
            frames=self.frames,
            notes=self._journal,
            tally=self._tally,
            rules=self.rules,
        )
        if not self.rules.k_from_log:
            ring.k = k
        ring.sending = self.phase in (Phase.START, Phase.SEND)
        model = MODELS[plan.model](ring)
        near = (ring.parent, ring.successor)
        peers = tuple(
            NodeId(*member.node)
            for member in self._members
            if member.node != self.node and (model.MESH or member.ordinal in near)
        )
        self._watch.view(peers, self._up, now)
        self.pending = False
        self.model = None if self._frozen else model

    def _unwedge(self) -> None:
        self._wedged = False
        if self.model is None:
            self._make_model(self._beat_at)

    def _on_kick(self, message: Kick, now: float) -> None:
        """The kickstart counts once a view, in SEND, un-wedged; any other does nothing."""
        if message.view != self._view:
            return
        self._start_clock(message.elapsed, now)
        model = self.model
        again = self._kicked == self._view and self.rules.kick_once and self.rules.one_train
        if model is not None and not self._wedged and not again and self.phase is Phase.SEND:
            self._kicked = self._view
            model.kick()
            self._turn_is_due(now)
        self.outputs.append(Send(self._holder, Kicked(epoch=message.epoch, view=self._view)))

    # The end

    def _on_close(self, message: Close, now: float) -> None:
        record = message.record
        log = self._log
        if not self._view or log is None:
            self._exit(1, "the run ended before this slave was admitted")
            return
        if not record.closed:
            self._give(not self.rules.unclosed_not_final, now)
            return
        before = record.view - 1 == self._view or not self.rules.exactly_view_before
        if not before:
            self._give(False, now)
            return
        if log.held >= record.cut:
            if record.cut > log.approved:
                log.approve(record.cut)
                if self._journal is not None:
                    self._journal.append((Note.APPROVED, self._view, record.cut, 2))
            self._give(True, now)
        elif self._close is None:
            self._close = message
            self._close_until = now + (self.plan.stop_wait if self.plan else 0.0)
            if self.rules.close_freezes:
                self._freeze(now)

    def _give(self, final: bool, now: float) -> None:
        """Say the result: what is approved, and nothing after it."""
        log = self._log
        if self._giving or log is None:
            return
        if self._go is not None and not self._frozen:
            self._freeze(now)
        self._giving = True
        self._stop_model()
        self._close_until = self._leave_at = inf
        wait = self.plan.result_wait if self.plan else 0.0
        self._exit_at = min(now, self._frozen_at) + wait
        if self.phase is not Phase.STOP:
            self._set_phase(Phase.STOP, now)
        totals = log.totals()
        slowest, wait = self._watch.slowest()
        tally = self._tally
        result = Result(
            ordinal=self.node.ordinal,
            incarnation=self.node.incarnation,
            view=self._view,
            count=totals.count,
            sum_exact=str(totals.sum_exact),
            digest=totals.digest.hex(),
            final=final,
            issued=max(log.held, tally.issued),
            blocks=tuple((count, digest.hex()) for count, digest in log.recent_digests()),
            cuts=tuple((count, digest.hex()) for count, digest in log.recent_cuts()),
            frames_sent=tally.sent,
            frames_received=tally.received,
            cpu_seconds=0.0,
            send_seconds=self._send_seconds,
            grace_seconds=self._grace_seconds,
            longest_gap=tally.gap,
            slowest_peer=slowest,
            slowest_wait=wait,
            latency=tally.latency.buckets(),
            latency_max=tally.latency.largest,
        )
        self._note(
            Note.RESULT,
            count=result.count,
            sumExact=result.sum_exact,
            digest=result.digest,
            final=final,
            view=self._view,
        )
        self.outputs.append(Finish(result))

    def finish(self, result: Result, now: float) -> None:
        """The runner has kept and printed the result: say it to whoever leads, until stored."""
        self.result = result
        self._repeat(now)
        self._set_deadline()

    def leave(self, now: float) -> None:
        """SIGTERM: say so, serve on until a view without this slave, or five seconds."""
        if not self._view or self._giving:
            self._exit(0 if self._giving else 1, "told to end")
            return
        if self._leave_at == inf:
            self._leave_at = now + _LEAVE_SECONDS
            self._repeat(now)
            self._set_deadline()

    def _exit(self, code: int, reason: str) -> None:
        self._exit_at = self._start_until = inf
        self.outputs.append(Exit(code, reason))

    def _note(self, kind: Note, **document: object) -> None:
        if self._journal is not None:
            self._journal.append((kind, document))

    def say(self, text: str) -> None:
        """A line for the log."""
        self.outputs.append(Say(text))
