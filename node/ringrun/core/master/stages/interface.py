"""What every stage of a leader is asked."""

from typing import TYPE_CHECKING

from ringrun.core.messages import Control
from ringrun.core.node import SlaveId
from ringrun.core.record import Record

if TYPE_CHECKING:
    from ringrun.core.master.leading import Leading


class Stage:
    """One stage, made anew each time it is entered.

    A stage leaves itself by `lead.enter(...)`; until the next call it must then do nothing more.
    """

    def __init__(self, lead: "Leading", now: float) -> None:
        self.lead = lead
        self.since = now

    def tick(self, now: float) -> None:
        """Time passed, or something else happened: look at what is due."""

    def repeat(self, now: float) -> None:
        """Say again whatever has not been answered; also called when the stage begins."""

    def receive(self, node: SlaveId, message: Control, now: float) -> None:
        """An answer from a slave."""

    def wants(self, now: float) -> Record | None:
        """The record that this stage needs, once it does."""
        return None

    def not_written(self, now: float) -> None:
        """The record was read back, and what this stage wanted is not in it."""
