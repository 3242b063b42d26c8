"""What a slave asks of a ring model."""

from abc import ABC, abstractmethod

from ringrun.core.ring.ring import Ring


class Model(ABC):
    """One slave's side of a model in one view.

    `due` is True when this slave may issue: the slave first handles everything that has already
    arrived (receiving goes first), then calls `issue`. Frames arrive checked: of this
    view, from another member or from itself, `frame` whole.
    """

    __slots__ = ("due", "ring")

    MESH = True
    """Whether it uses the links to all others (heartbeats and suspicion follow)."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.due = False

    @abstractmethod
    def kick(self) -> None:
        """The kickstart: the next index is this slave's."""

    @abstractmethod
    def issue(self, now: float) -> None:
        """Take the turn that is due."""

    @abstractmethod
    def receive(
        self,
        src: int,
        kind: int,
        wagons: int,
        turn: int,
        first: int,
        ack: int,
        approved: int,
        frame: memoryview,
        now: float,
    ) -> None:
        """A frame of this view. Raises ProtocolError if no correct member sends it."""

    @abstractmethod
    def turn_from(self, peer: int) -> int:
        """The last turn received from this peer (HELLO)."""

    @abstractmethod
    def hello(self, peer: int, held: int, approved: int, turn: int, now: float) -> None:
        """The peer's link was restored: take what it says as its confirmation, resend the rest."""

    @abstractmethod
    def waits_for(self) -> tuple[int, ...]:
        """Whose confirmation or turn is due; empty if nothing is."""
