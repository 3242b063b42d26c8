"""A slave as a state machine: commands and frames in, frames and answers out (docs/protocol.md).

This is what runners talk to (`core.runner` has their duties). It knows who may say what and when a
turn is due; the rest is its parts': whether a command is obeyed `standing`'s, how `obedience`'s,
the views `views`'s, the phases and the end `course`'s, the links `contact`'s, and what happens on
the ring is the model's. No part knows the slave: each is given values, and gives values back.
"""

from math import inf

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import (
    Close,
    Command,
    Control,
    Fetch,
    Fetched,
    Heartbeat,
    Hello,
    Install,
    Meet,
    Result,
    Stored,
    Sync,
    Wedge,
)
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Output
from ringrun.core.phase import Phase
from ringrun.core.record import Plan
from ringrun.core.ring.frame import HEADER, MAX_INDEX
from ringrun.core.ring.models import Model
from ringrun.core.ring.ring import Frames, Tally
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.core.slave.contact import Contact
from ringrun.core.slave.course import Course
from ringrun.core.slave.obedience import Obedience
from ringrun.core.slave.position import Position
from ringrun.core.slave.standing import Does, Standing, does, standing
from ringrun.core.slave.timeline import Timeline
from ringrun.core.slave.views import Views
from ringrun.core.slave.voice import Voice


class Slave:
    """One start of one slave. `at`, `voice` and `tally` are for looking at."""

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
        self.at = at = Position()
        self.voice = voice = Voice(self.outputs, self.notes if journal else None)
        self.tally = tally = Tally()
        self._rules = rules
        self._timeline = timeline = Timeline()
        self._contact = contact = Contact(rules=rules, voice=voice, at=at, now=now)
        self._watch = watch = contact.watch
        self._views = Views(
            node=node,
            rules=rules,
            voice=voice,
            at=at,
            timeline=timeline,
            watch=watch,
            tally=tally,
            frames=self.frames,
            up=contact.up,
        )
        self._course = Course(
            node=node,
            rules=rules,
            voice=voice,
            at=at,
            tally=tally,
            timeline=timeline,
            watch=watch,
            views=self._views,
            now=now,
        )
        self._obedience = Obedience(at=at, views=self._views, course=self._course)
        self._start_deadline = start_deadline
        self._start_until = now + start_deadline

    @property
    def phase(self) -> Phase:
        """The phase by the own clock."""
        return self._timeline.phase

    @property
    def standing(self) -> Standing:
        """The state that decides what is done with a command."""
        nothing_after = self.result is None or self._rules.nothing_after_result
        ended = self.ended and nothing_after
        return standing(self.at, frozen=self._timeline.frozen, ended=ended)

    @property
    def ended(self) -> bool:
        """Whether the result is made: nothing counts after it, and nothing is served."""
        return self._course.giving

    @property
    def result(self) -> Result | None:
        """The result, once it is kept."""
        return self._course.result

    # Time

    def tick(self, now: float) -> None:
        """Whatever is due: phase ends first, then heartbeats, suspicion and what is said again."""
        model = self.at.model
        self._course.move(now)
        if self.at.view == 0 and now >= self._start_until:
            self._start_until = inf
            self._course.give_up("no master prepared this slave before its start deadline")
        self._contact.tick(now)
        self._course.repeat_if_due(now)
        self._drop_turn_of(model)
        self._set_deadline()

    def _set_deadline(self) -> None:
        self.deadline = min(self._course.deadline(), self._contact.beat_at)

    def _drop_turn_of(self, model: Model | None) -> None:
        """A turn that was due was due in a model that is no more."""
        if self.at.model is not model:
            self.pending = False

    # Data

    def data(self, src: int, frame: memoryview, now: float) -> None:
        """A data frame from a slave's link. Raises ProtocolError if no correct slave sends it."""
        if now >= self.deadline:
            self.tick(now)
        at = self.at
        model = at.model
        if model is None:
            return
        if len(frame) < HEADER.size:
            raise ProtocolError(f"a data frame has at least {HEADER.size} bytes, got {len(frame)}")
        kind, wagons, view, turn, first, ack, approved = HEADER.unpack_from(frame)
        if (view != at.view and self._rules.view_in_frames) or src not in at.ordinals:
            return
        if (turn | first | ack | approved) >= MAX_INDEX or not first:
            raise ProtocolError(f"no run reaches turn {turn}, index {first}, {ack} or {approved}")
        tally = self.tally
        if tally.counting:
            tally.received += 1
        self._watch.heard(src, now)
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
        model = self.at.model
        if model is not None and model.due:
            model.issue(now)
            if model.due:
                self.turn_is_due(now)

    def fold(self) -> bool:
        """Idle work: fold one block of what is approved; True if there was one."""
        log = self.at.log
        if log is None or not log.fold(1):
            return False
        journal = self.voice.journal
        if journal is not None:
            for block, digest in log.checkpoints():
                journal.append((Note.CHECKPOINT, block, digest))
        return True

    # Links

    def link_up(self, peer: NodeId, now: float) -> None:
        """A connection to this node is authenticated."""
        self._contact.link_up(peer, now)
        if isinstance(peer, MasterId):
            self._course.repeat(now)
        else:
            self._views.link_up()

    def link_down(self, peer: NodeId, now: float) -> None:
        """Its connection is gone."""
        self._contact.link_down(peer, now)

    def heard(self, peer: SlaveId, now: float) -> None:
        """Something came from this slave."""
        self._watch.heard(peer.ordinal, now)

    # Messages

    def receive(self, src: NodeId, message: Control, now: float) -> None:
        """A control message. Raises ProtocolError if the sender may not say it."""
        if now >= self.deadline:
            self.tick(now)
        if isinstance(src, SlaveId):
            self._watch.heard(src.ordinal, now)
            self._from_slave(src, message, now)
        elif isinstance(message, Command):
            self._command(src, message, now)
        elif not isinstance(message, Heartbeat):
            raise ProtocolError(f"a master does not say {type(message).__name__}")
        self._set_deadline()

    def _from_slave(self, src: SlaveId, message: Control, now: float) -> None:
        if isinstance(message, Heartbeat):
            self._contact.heartbeat(src, message, now)
        elif isinstance(message, Hello):
            if self._contact.hello(src, message, now):
                self.turn_is_due(now)
        elif not isinstance(message, Fetch | Fetched):
            raise ProtocolError(f"a slave does not say {type(message).__name__} to a slave")
        elif self.ended:
            return
        elif isinstance(message, Fetch):
            self._views.fetch(src, message)
        else:
            self._views.fetched(src, message)

    def _command(self, src: MasterId, message: Command, now: float) -> None:
        if message.holder != str(src):
            raise ProtocolError(f"master {src} commands in the name of {message.holder}")
        obeyed = self.voice.obeys(src, message, self.at.view)
        if obeyed:
            self._take_plan(message, now)
            self._start_until = now + self._start_deadline
        what = does(self.standing, message, obeyed=obeyed)
        if what is Does.OBEY:
            model = self.at.model
            due = self._obedience.obey(message, now)
            self._drop_turn_of(model)
            if due:
                self.turn_is_due(now)
        elif what is Does.REFUSE:
            self.voice.refuse(src, message)
        elif what is Does.REPEAT:
            self._course.say_result()
        elif what is Does.EXIT:
            self._course.exit(stored=isinstance(message, Stored))

    def _take_plan(self, message: Command, now: float) -> None:
        """The first command that has the plan brings it."""
        plan = message.plan if isinstance(message, Meet | Sync) else None
        if isinstance(message, Wedge | Install | Close):
            plan = message.record.plan
        if plan is None or self.plan is not None:
            return
        self.plan = plan
        self._timeline.begin(plan)
        self.spin = plan.spin
        if self._start_deadline == inf:
            self._start_deadline = plan.start_deadline
        self._views.plan(plan)
        self._contact.plan(plan, now)

    # The end

    def finish(self, result: Result, now: float) -> None:
        """The runner has kept and printed the result: say it to whoever leads, until stored."""
        self._course.finish(result, now)
        self._set_deadline()

    def leave(self, now: float) -> None:
        """SIGTERM: say so, serve on until a view without this slave, or five seconds."""
        self._course.leave(now)
        self._set_deadline()
