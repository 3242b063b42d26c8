"""What one slave went through: the views it installed, what it held and approved in each.

Made from its journal by `rebuild`; the checks read it. Nothing is judged here.
"""

from dataclasses import dataclass, field

from ringrun.verify.reading.columns import Integers, Times
from ringrun.verify.reading.log import NO_BASE, Base, Log
from ringrun.verify.reading.reader import NodeJournal

NODE = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A view as a slave installed it."""

    place: int
    time: float
    number: int
    cut: int
    members: tuple[NODE, ...]


@dataclass(slots=True, kw_only=True)
class History:
    """One incarnation of one slave. `logs`: what it approved; all but the last were cut back."""

    journal: NodeJournal
    node: NODE
    installed: list[Installed] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    approved_in: dict[int, int] = field(default_factory=dict)
    """The highest index approved in each view, whether confirmed or by a cut."""
    holdings: dict[int, list[tuple[Integers, Times]]] = field(default_factory=dict)
    """How far it held in each view, and since when; what it fetched while wedged is left out."""
    whole: bool = True
    """Whether the log could be followed to its end."""
    base: Base = NO_BASE
    based_before: int = 0
    """The view before which the log that it was given was approved, 0 if it never joined one."""

    @property
    def name(self) -> str:
        return self.journal.name

    @property
    def log(self) -> Log:
        """The log that goes on."""
        return self.logs[-1]

    def approved_at(self, place: int) -> int:
        """The highest index approved before this record of the journal."""
        approvals = self.journal.approvals
        before = int(approvals.place.searchsorted(place))
        confirmed = int(approvals.up_to[:before].max()) if before else 0
        return max(confirmed, self.base.count)
