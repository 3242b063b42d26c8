"""What every stage of a leader is asked, and what it gives back: what comes next.

A stage never enters another one: it returns a `Next`, and `core.master.leading` does what it says.
"""

from dataclasses import dataclass
from typing import Any

from ringrun.core.master.change import Change
from ringrun.core.master.term import Term
from ringrun.core.messages import Control
from ringrun.core.node import SlaveId
from ringrun.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The recorded view is installed and kicked: see to it that it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alter:
    """Change the view, from the wedge on. `began` is when the change first began, if before now."""

    change: Change
    began: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandAside:
    """This master reaches too few: it leads no more in this epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecorded:
    """Without the rule closing_cut_recorded: close by this record, which nobody else will know."""

    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The report is complete and everyone was told."""


Next = Watch | Alter | StandAside | Unrecorded | Done


class Stage:
    """One stage, made anew each time it is entered. `since` is when; waiting counts from then."""

    WATCHES = False
    """Whether members that complain of each other are listened to."""

    def __init__(self, term: Term, now: float) -> None:
        self.term = term
        self.since = now

    def tick(self, now: float) -> Next | None:
        """Time passed, or something else happened: look at what is due."""

    def repeat(self, now: float) -> None:
        """Say again whatever has not been answered; also called when the stage begins."""

    def receive(self, node: SlaveId, message: Control, now: float) -> Next | None:
        """An answer from a slave."""

    def wants(self, now: float) -> Record | None:
        """The record that this stage needs, once it does. Asks only, and changes nothing."""
        return None

    def not_written(self, now: float) -> Next | None:
        """The record was read back, and what this stage wanted is not in it."""

    def left_out(self) -> set[SlaveId]:
        """Whom the change that was recorded left out though they answered."""
        return set()

    def why(self) -> str:
        """Why the view that was recorded follows the one before."""
        return "recorded before"

    def report(self, now: float) -> dict[str, Any] | None:
        """The complete report, if this stage makes it and no other result can come."""
        return None

    def stored(self, now: float) -> None:
        """The complete report is stored."""

    def was_away(self, seconds: float, now: float) -> None:
        """This master itself was away: nobody has been silent for so long."""
        self.since = min(now, self.since + seconds)
