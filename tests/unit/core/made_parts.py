"""The parts of a slave without the slave, put together as it does: for the tests of each part."""

from lone import ME, PLAN, install, sync
from rings import LEADER

from ringrun.core.messages import Control
from ringrun.core.node import NodeId
from ringrun.core.notes import Note
from ringrun.core.outputs import Output, Send
from ringrun.core.ring.ring import Frames, Tally
from ringrun.core.rules import ALL_RULES
from ringrun.core.slave.contact import Contact
from ringrun.core.slave.course import Course
from ringrun.core.slave.obedience import Obedience
from ringrun.core.slave.position import Position
from ringrun.core.slave.timeline import Timeline
from ringrun.core.slave.views import Views
from ringrun.core.slave.voice import Voice

NOW = 64.0


class Parts:
    """Slave 0 of two, which obeys its leader in epoch 1 and knows the plan."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.journal: list[tuple[object, ...]] = []
        self.voice = Voice(self.outputs, self.journal)
        self.voice.obeys(LEADER, sync(), 0)
        self.at = Position()
        self.timeline = Timeline()
        self.timeline.plan = PLAN
        self.tally = Tally()
        self.frames: Frames = []
        self.contact = Contact(rules=ALL_RULES, voice=self.voice, at=self.at, now=NOW)
        self.contact.plan(PLAN, NOW)
        self.views = Views(
            node=ME,
            rules=ALL_RULES,
            voice=self.voice,
            at=self.at,
            timeline=self.timeline,
            watch=self.contact.watch,
            tally=self.tally,
            frames=self.frames,
            up=self.contact.up,
        )
        self.views.plan(PLAN)
        self.course = Course(
            node=ME,
            rules=ALL_RULES,
            voice=self.voice,
            at=self.at,
            tally=self.tally,
            timeline=self.timeline,
            watch=self.contact.watch,
            views=self.views,
            now=NOW,
        )
        self.obedience = Obedience(at=self.at, views=self.views, course=self.course)
        self.taken()

    def taken(self) -> list[Output]:
        """What was put out since; what was noted is forgotten as well."""
        outputs = self.outputs[:]
        self.outputs.clear()
        self.journal.clear()
        return outputs

    def said(self, *kinds: type[Control]) -> list[tuple[NodeId, Control]]:
        """Messages of these kinds since, and to whom."""
        return [
            (each.to, each.message)
            for each in self.taken()
            if isinstance(each, Send) and isinstance(each.message, kinds)
        ]

    def noted(self, kind: Note) -> list[tuple[object, ...]]:
        """Notes of this kind since."""
        return [note[1:] for note in self.journal if note[0] is kind]

    def installed(self) -> "Parts":
        """It is in view 1, in SEND."""
        self.obedience.obey(sync(), NOW)
        self.obedience.obey(install(), NOW)
        self.taken()
        return self
