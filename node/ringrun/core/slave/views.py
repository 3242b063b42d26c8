"""A slave in views: MEET, WEDGE, SYNC, INSTALL and KICK from its side (docs/protocol.md)."""

from typing import TYPE_CHECKING

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
from ringrun.core.node import SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Links, Send
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record
from ringrun.core.ring.models import MODELS
from ringrun.core.ring.ring import Ring
from ringrun.core.slave.joining import Joining, capacity, fold_value

if TYPE_CHECKING:
    from ringrun.core.slave.slave import Slave


class Membership:
    """Which view is installed, whether it is wedged, and what a change under way needs."""

    __slots__ = ("_joining", "_kicked", "_meet", "_slave", "members", "wedged")

    def __init__(self, slave: "Slave") -> None:
        self.members: tuple[Member, ...] = ()
        self.wedged = False
        self._slave = slave
        self._meet: Meet | None = None
        self._joining: Joining | None = None
        self._kicked = 0

    def holds(self, peer: SlaveId) -> bool:
        """Whether this incarnation is a member of the installed view."""
        return any(member.node == peer for member in self.members)

    # MEET

    def meet(self, message: Meet) -> None:
        """Want links to all of these, and say which of them work."""
        slave = self._slave
        before = self._meet
        if before is not None and (message.epoch, message.attempt) < (before.epoch, before.attempt):
            # Said before what is known already; it would end links that are wanted by now.
            return
        self._meet = message
        everyone = (*self.members, *message.joiners, *message.members)
        wanted = {member.node: member for member in everyone if member.node != slave.node}
        slave.outputs.append(Links(tuple(wanted[node] for node in sorted(wanted))))
        self._say_met()

    def link_up(self) -> None:
        """Say so as soon as all links that were asked for work."""
        self._say_met(whole=True)

    def _say_met(self, *, whole: bool = False) -> None:
        slave = self._slave
        meet = self._meet
        if meet is None or meet.epoch != slave.epoch:
            return
        everyone = (*meet.joiners, *meet.members)
        others = [member.node for member in everyone if member.node != slave.node]
        links = tuple(node for node in others if node in slave.up)
        if not whole or len(links) == len(others):
            slave.answer(Met(epoch=meet.epoch, attempt=meet.attempt, links=links))

    # WEDGE

    def wedge(self, message: Wedge, now: float) -> None:
        """Stop in the recorded view, for good, and say what is held."""
        slave = self._slave
        record = message.record
        if record.view > slave.view:
            self._enter(record, now)
        log = slave.log
        if not slave.view or record.view != slave.view or log is None:
            return
        if record.phase is not Phase.START:
            # A slave that was never told GO ends with the others all the same.
            slave.start_clock(message.elapsed, now)
        if not self.wedged:
            self.wedged = True
            log.drop_ahead()
            if slave.rules.wedged_confirms_nothing:
                slave.stop_model()
            elif slave.model is not None:
                slave.model.ring.sending = False
        slave.note(
            Note.WEDGED,
            view=slave.view,
            epoch=message.epoch,
            attempt=message.attempt,
            held=log.held,
            approved=log.approved,
        )
        slave.answer(
            Wedged(
                epoch=message.epoch,
                attempt=message.attempt,
                view=slave.view,
                held=log.held,
                approved=log.approved,
                elapsed=slave.timeline.elapsed(now),
            )
        )

    # SYNC

    def sync(self, message: Sync) -> None:
        """Come to hold everything up to the cut. What is held in this view never shrinks."""
        slave = self._slave
        joiner = not slave.view
        if not joiner and (slave.view != message.view or not self.wedged):
            return
        if joiner:
            before = self._joining
            same = before is not None and before.sync.view == message.view
            if not same or not slave.rules.sync_never_shrinks:
                assert slave.plan is not None
                slave.log = Log(capacity(slave.plan)) if message.view == 0 else None
        joining = self._joining
        if joining is None or not joining.same_as(message) or slave.log is None:
            self._joining = joining = Joining(message, joiner=joiner)
            joining.ask(slave.log, slave.outputs)
        self._say_synced()

    def repeat(self) -> None:
        """Ask the donor again for what is lacking."""
        joining = self._joining
        if joining is not None and self._slave.view <= joining.sync.view:
            joining.ask(self._slave.log, self._slave.outputs)

    def _say_synced(self) -> None:
        slave = self._slave
        joining = self._joining
        log = slave.log
        if joining is None or log is None or not log.approved <= joining.sync.cut <= log.held:
            return
        sync = joining.sync
        slave.answer(
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
        slave = self._slave
        serves = self.wedged and message.view == slave.view and not slave.ended
        if slave.log is not None and serves:
            for answer in Joining.serve(slave.log, message):
                slave.outputs.append(Send(src, answer))

    def fetched(self, src: SlaveId, message: Fetched) -> None:
        """A donor's answer."""
        slave = self._slave
        joining = self._joining
        if joining is None or slave.ended or not joining.expects(src, message, slave.rules):
            return
        if slave.rules.tagged_answers and slave.view and not self.wedged:
            return
        assert slave.plan is not None
        slave.log = joining.take(slave.log, message, slave.plan, slave.journal, slave.rules)
        self._say_synced()

    # INSTALL and KICK

    def install(self, message: Install, now: float) -> bool:
        """Go on in the recorded view; in view 1 this is GO. False if this slave is not in it."""
        slave = self._slave
        record = message.record
        if slave.view > record.view:
            return True
        if not record.holds(slave.node):
            return False
        if slave.view < record.view and not self._enter(record, now):
            return True
        if record.phase is not Phase.START:
            slave.start_clock(message.elapsed, now)
        if self.wedged and not slave.rules.wedge_is_final:
            self.wedged = False
            self._make_model(now)
        slave.answer(
            Installed(
                epoch=message.epoch,
                view=slave.view,
                wedged=self.wedged,
                elapsed=slave.timeline.elapsed(now),
            )
        )
        return True

    def _enter(self, record: Record, now: float) -> bool:
        """Enter a recorded view, if this slave is in it and holds everything up to its cut."""
        slave = self._slave
        log = slave.log
        if not record.holds(slave.node) or log is None:
            return False
        if slave.rules.sync_before_record and log.held < record.cut:
            return False
        cut = min(record.cut, log.held)
        if cut > log.approved:
            log.approve(cut)
        slave.note(Note.APPROVED, record.view, log.approved, 1)
        log.drop_above(log.approved)
        log.add_cut(log.approved)
        slave.tally.issued = log.approved
        slave.view = record.view
        slave.ordinals = frozenset(member.ordinal for member in record.members)
        self.members = record.members
        self.wedged = False
        self._joining = None
        self._meet = None
        slave.note(
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
        others = tuple(member for member in record.members if member.node != slave.node)
        slave.outputs.append(Links(others))
        self._make_model(now)
        return True

    def _make_model(self, now: float) -> None:
        slave = self._slave
        plan = slave.plan
        log = slave.log
        assert plan is not None
        assert log is not None
        assert slave.stream is not None
        k = slave.model.ring.k if slave.model is not None else 1
        ring = Ring(
            view=slave.view,
            members=[member.ordinal for member in self.members],
            me=slave.node.ordinal,
            log=log,
            stream=slave.stream,
            burst=plan.burst,
            window=plan.window,
            frames=slave.frames,
            notes=slave.journal,
            tally=slave.tally,
            rules=slave.rules,
        )
        if not slave.rules.k_from_log:
            ring.k = k
        ring.sending = slave.timeline.phase in (Phase.START, Phase.SEND)
        model = MODELS[plan.model](ring)
        near = (ring.parent, ring.successor)
        peers = tuple(
            member.node
            for member in self.members
            if member.node != slave.node and (model.MESH or member.ordinal in near)
        )
        slave.watch.view(peers, slave.up, now)
        slave.pending = False
        slave.model = None if slave.timeline.frozen else model

    def kick(self, message: Kick, now: float) -> None:
        """The kickstart counts once a view, in SEND, un-wedged; any other does nothing."""
        slave = self._slave
        if not slave.view or message.view != slave.view:
            return
        slave.start_clock(message.elapsed, now)
        again = self._kicked == slave.view and slave.rules.kick_once
        if slave.model is not None and not again and slave.timeline.phase is Phase.SEND:
            self._kicked = slave.view
            slave.model.kick()
            if not slave.rules.one_train:
                slave.model.issue(now)
                slave.model.kick()
            slave.turn_is_due(now)
        slave.answer(Kicked(epoch=message.epoch, view=slave.view))
