"""A slave in views: MEET, WEDGE, SYNC, INSTALL and KICK from its side (docs/protocol.md).

The only writer of the slave's `Position`. `core.slave.obedience` calls it for a command and moves
the clock in between: what these calls give back says how far they came. `core.slave.slave` brings
what other slaves say, and `core.slave.course` ends the part that is taken in a view.
"""

from collections.abc import Collection
from enum import Enum, auto

from ringrun.core.log.entry import Stream
from ringrun.core.log.log import Log
from ringrun.core.messages import (
    Fetch,
    Fetched,
    Install,
    Installed,
    Kick,
    Kicked,
    Meet,
    Met,
    Sync,
    Synced,
    Wedge,
    Wedged,
)
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Links, Send
from ringrun.core.phase import Phase
from ringrun.core.record import Plan, Record
from ringrun.core.ring.models import MODELS
from ringrun.core.ring.ring import Frames, Ring, Tally
from ringrun.core.rules import Rules
from ringrun.core.slave.joining import Joining, capacity, fold_value
from ringrun.core.slave.position import Position
from ringrun.core.slave.timeline import Timeline
from ringrun.core.slave.voice import Voice
from ringrun.core.slave.watch import Watch


class Arrival(Enum):
    """Where a slave is with regard to a recorded view."""

    THERE = auto()
    """In it, just now or before."""
    LACKING = auto()
    """Not yet: it does not hold all that the view begins with."""
    PAST = auto()
    """In a later one."""
    OUTSIDE = auto()
    """The view is without this slave."""


class Views:
    """What a change of view under way needs, and the one hand that writes the position."""

    __slots__ = (
        "_at",
        "_frames",
        "_joining",
        "_kicked",
        "_meet",
        "_node",
        "_rules",
        "_stream",
        "_tally",
        "_timeline",
        "_up",
        "_voice",
        "_watch",
    )

    def __init__(
        self,
        *,
        node: SlaveId,
        rules: Rules,
        voice: Voice,
        at: Position,
        timeline: Timeline,
        watch: Watch,
        tally: Tally,
        frames: Frames,
        up: Collection[NodeId],
    ) -> None:
        self._node = node
        self._rules = rules
        self._voice = voice
        self._at = at
        self._timeline = timeline
        self._watch = watch
        self._tally = tally
        self._frames = frames
        self._up = up
        self._stream: Stream | None = None
        self._meet: Meet | None = None
        self._joining: Joining | None = None
        self._kicked = 0

    def plan(self, plan: Plan) -> None:
        """The plan is known: it names the seed."""
        self._stream = Stream(plan.seed, self._node.ordinal if self._rules.own_streams else 0)

    def rest(self) -> None:
        """Take no part in the view any more."""
        self._at.model = None

    # MEET

    def meet(self, message: Meet) -> None:
        """Want links to all of these, and say which of them work."""
        before = self._meet
        if before is not None and (message.epoch, message.attempt) < (before.epoch, before.attempt):
            # Said before what is known already; it would end links that are wanted by now.
            return
        self._meet = message
        everyone = (*self._at.members, *message.joiners, *message.members)
        wanted = {member.node: member for member in everyone if member.node != self._node}
        self._voice.outputs.append(Links(tuple(wanted[node] for node in sorted(wanted))))
        self._say_met()

    def link_up(self) -> None:
        """Say so as soon as all links that were asked for work."""
        self._say_met(whole=True)

    def _say_met(self, *, whole: bool = False) -> None:
        meet = self._meet
        if meet is None or meet.epoch != self._voice.epoch:
            return
        everyone = (*meet.joiners, *meet.members)
        others = [member.node for member in everyone if member.node != self._node]
        links = tuple(node for node in others if node in self._up)
        if not whole or len(links) == len(others):
            self._voice.answer(Met(epoch=meet.epoch, attempt=meet.attempt, links=links))

    # WEDGE

    def wedge(self, message: Wedge, now: float) -> None:
        """Stop in the installed view, which is the recorded one, and say what is held."""
        at = self._at
        log = at.log
        assert log is not None
        if not at.wedged:
            at.wedged = True
            log.drop_ahead()
            if self._rules.wedged_confirms_nothing:
                self.rest()
            elif at.model is not None:
                at.model.ring.sending = False
        self._voice.note(
            Note.WEDGED,
            view=at.view,
            epoch=message.epoch,
            attempt=message.attempt,
            held=log.held,
            approved=log.approved,
        )
        self._voice.answer(
            Wedged(
                epoch=message.epoch,
                attempt=message.attempt,
                view=at.view,
                held=log.held,
                approved=log.approved,
                elapsed=self._timeline.elapsed(now),
            )
        )

    # SYNC

    def sync(self, message: Sync) -> None:
        """Come to hold everything up to the cut. What is held in this view never shrinks."""
        at = self._at
        plan = self._timeline.plan
        joiner = not at.view
        if not joiner and at.view != message.view:
            return
        joining = self._joining
        if joiner:
            same = joining is not None and joining.sync.view == message.view
            if not same or not self._rules.sync_never_shrinks:
                assert plan is not None
                at.log = Log(capacity(plan)) if message.view == 0 else None
        if joining is None or not joining.same_as(message) or at.log is None:
            self._joining = joining = Joining(message, joiner=joiner)
            joining.ask(at.log, self._voice.outputs)
        self._say_synced()

    def repeat(self) -> None:
        """Ask the donor again for what is lacking."""
        if self._joining is not None:
            self._joining.ask(self._at.log, self._voice.outputs)

    def _say_synced(self) -> None:
        joining = self._joining
        log = self._at.log
        if joining is None or log is None or not log.approved <= joining.sync.cut <= log.held:
            return
        sync = joining.sync
        self._voice.answer(
            Synced(
                epoch=sync.epoch,
                attempt=sync.attempt,
                view=sync.view,
                fold=fold_value(log.totals(sync.cut)),
                sender=log.sender_at(sync.cut),
            )
        )

    def fetch(self, src: SlaveId, message: Fetch) -> None:
        """A donor serves while it is wedged in the view, and not longer."""
        at = self._at
        if at.log is not None and at.wedged and message.view == at.view:
            for answer in Joining.serve(at.log, message):
                self._voice.outputs.append(Send(src, answer))

    def fetched(self, src: SlaveId, message: Fetched) -> None:
        """A donor's answer."""
        at = self._at
        joining = self._joining
        plan = self._timeline.plan
        if joining is None or not joining.expects(src, message, self._rules):
            return
        if self._rules.tagged_answers and at.view and not at.wedged:
            return
        assert plan is not None
        at.log = joining.take(at.log, message, plan, self._voice.journal, self._rules)
        self._say_synced()

    # INSTALL and KICK

    def arrive(self, record: Record, now: float) -> Arrival:
        """Enter the recorded view, if this slave is in it and holds all that it begins with."""
        if self._at.view > record.view:
            return Arrival.PAST
        if not record.holds(self._node):
            return Arrival.OUTSIDE
        if self._at.view < record.view and not self._enter(record, now):
            return Arrival.LACKING
        return Arrival.THERE

    def installed(self, message: Install, now: float) -> None:
        """Say that the recorded view is installed."""
        at = self._at
        if at.wedged and not self._rules.wedge_is_final:
            at.wedged = False
            self._make_model(now)
        self._voice.answer(
            Installed(
                epoch=message.epoch,
                view=at.view,
                wedged=at.wedged,
                elapsed=self._timeline.elapsed(now),
            )
        )

    def _enter(self, record: Record, now: float) -> bool:
        at = self._at
        log = at.log
        if log is None or (self._rules.sync_before_record and log.held < record.cut):
            return False
        cut = min(record.cut, log.held)
        if cut > log.approved:
            log.approve(cut)
        self._voice.note(Note.APPROVED, record.view, log.approved, 1)
        log.drop_above(log.approved)
        log.add_cut(log.approved)
        self._tally.issued = log.approved
        at.view = record.view
        at.members = record.members
        at.ordinals = frozenset(member.ordinal for member in record.members)
        at.wedged = False
        self._joining = None
        self._meet = None
        self._voice.note(
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
        others = tuple(member for member in record.members if member.node != self._node)
        self._voice.outputs.append(Links(others))
        self._make_model(now)
        return True

    def _make_model(self, now: float) -> None:
        at = self._at
        plan = self._timeline.plan
        assert plan is not None
        assert at.log is not None
        assert self._stream is not None
        k = at.model.ring.k if at.model is not None else 1
        ring = Ring(
            view=at.view,
            members=[member.ordinal for member in at.members],
            me=self._node.ordinal,
            log=at.log,
            stream=self._stream,
            burst=plan.burst,
            window=plan.window,
            frames=self._frames,
            notes=self._voice.journal,
            tally=self._tally,
            rules=self._rules,
        )
        if not self._rules.k_from_log:
            ring.k = k
        ring.sending = self._timeline.phase in (Phase.START, Phase.SEND)
        model = MODELS[plan.model](ring)
        near = (ring.parent, ring.successor)
        peers = tuple(
            member.node
            for member in at.members
            if member.node != self._node and (model.MESH or member.ordinal in near)
        )
        self._watch.view(peers, self._up, now)
        at.model = None if self._timeline.frozen else model

    def kick(self, message: Kick, now: float) -> bool:
        """The kickstart counts once a view, in SEND, un-wedged; any other does nothing. Whether
        the turn is this slave's now."""
        at = self._at
        model = at.model
        again = self._kicked == at.view and self._rules.kick_once
        counts = model is not None and not again and self._timeline.phase is Phase.SEND
        if model is not None and counts:
            self._kicked = at.view
            model.kick()
            if not self._rules.one_train:
                model.issue(now)
                model.kick()
        self._voice.answer(Kicked(epoch=message.epoch, view=at.view))
        return counts
