"""What a slave lets out, and to whom: the list of outputs, the journal, and whom it obeys.

Every part of a slave is given the one `Voice` and says by it what it has to say; none of them
knows the slave.
"""

from ringrun.core.messages import Command, Control, Refused
from ringrun.core.node import MasterId
from ringrun.core.notes import Note
from ringrun.core.outputs import Drop, Output, Send


class Voice:
    """`outputs` and `journal` (None: none is kept) are drained by the runner."""

    __slots__ = ("_heard", "epoch", "journal", "leader", "outputs")

    def __init__(self, outputs: list[Output], journal: list[tuple[object, ...]] | None) -> None:
        self.outputs = outputs
        self.journal = journal
        self.epoch = 0
        self.leader: MasterId | None = None
        self._heard: tuple[object, ...] = ()

    def answer(self, message: Control) -> None:
        """Say something to whoever leads; lost without a link, so it is repeated or asked again."""
        assert self.leader is not None, "whoever is answered has said something"
        self.outputs.append(Send(self.leader, message))

    def note(self, kind: Note, *values: object, **document: object) -> None:
        """For the journal: what the kind says, a document or a fixed row of values."""
        if self.journal is not None:
            self.journal.append((kind, *values) if values else (kind, document))

    def obeys(self, src: MasterId, message: Command, view: int) -> bool:
        """Whether this is of the highest (epoch, holder), which is obeyed from now on (G7)."""
        mine = (message.epoch, src) == (self.epoch, self.leader)
        obeyed = message.epoch > self.epoch or mine
        document = {
            "command": type(message).__name__.lower(),
            "epoch": message.epoch,
            "holder": message.holder,
            "obeyed": obeyed,
            "view": view,
        }
        said = tuple(document.values())
        if said != self._heard:
            # Commands are repeated until they are answered; once is enough to know.
            self._heard = said
            self.note(Note.COMMAND, **document)
        if obeyed:
            self.epoch = message.epoch
            self.leader = src
        return obeyed

    def refuse(self, src: MasterId, message: Command) -> None:
        """Say who leads, and have no more to do with this one."""
        name = type(message).__name__.lower()
        self.outputs.append(Send(src, Refused(epoch=self.epoch, holder=str(self.leader))))
        reason = f"{name} of epoch {message.epoch}, but {self.leader} leads in {self.epoch}"
        self.outputs.append(Drop(src, reason))
