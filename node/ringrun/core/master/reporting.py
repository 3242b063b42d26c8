"""The report from the side of a master that leads: one request in flight, by compare-and-swap.

Called by `core.master.master`. What stands in the report is `core.outcome.collecting`'s.
"""

from math import inf
from typing import Any

from ringrun.core.master.leading import End, Leading
from ringrun.core.outputs import Outcome, Output, ReadReport, WriteReport


class Reporting:
    """Whether a request is in flight, and when to ask again after one that failed."""

    __slots__ = ("_at", "_busy", "_outputs", "_poll", "_writer")

    def __init__(self, outputs: list[Output], poll: float, now: float) -> None:
        self._outputs = outputs
        self._poll = poll
        self._busy = False
        self._writer: Leading | None = None
        self._at = now

    def begin(self, now: float) -> None:
        """This master leads: its report is to be read."""
        self._at = now

    def read(
        self, lead: Leading | None, version: int, document: dict[str, Any] | None
    ) -> End | None:
        """The stored report and its version; None and 0 if there is none."""
        self._busy = False
        if lead is None:
            return None
        lead.term.collected.report_seen(version, document)
        return lead.report_seen()

    def unreachable(self, now: float) -> None:
        """The report could not be read."""
        self._busy = False
        self._at = now + self._poll

    def written(
        self,
        lead: Leading | None,
        outcome: Outcome,
        version: int,
        document: dict[str, Any] | None,
        now: float,
    ) -> End | None:
        """How the write ended; with the stored one if another was first."""
        self._busy = False
        if lead is None or lead is not self._writer:
            # A leadership begins by reading what is stored, its own master's last write included:
            # to write over it unread would lose the results that only it has (G10).
            return None
        if outcome is Outcome.SAVED:
            lead.report_saved(version, now)
        elif outcome is Outcome.CONFLICT:
            lead.term.collected.report_seen(version, document)
        else:
            lead.term.collected.report_lost()
            self._at = now + self._poll
        return lead.report_seen()

    def pump(self, lead: Leading, now: float) -> None:
        """The next request, if none is in flight."""
        if self._busy or now < self._at:
            return
        version = lead.term.collected.version
        if version is None:
            self._busy = True
            self._outputs.append(ReadReport())
            return
        document = lead.report_wanted(now)
        if document is not None:
            self._busy = True
            self._writer = lead
            self._outputs.append(WriteReport(version, document))

    def due(self, lead: Leading) -> float:
        """When `pump` has a read to ask for, other things being as they are."""
        return self._at if not self._busy and lead.term.collected.version is None else inf
