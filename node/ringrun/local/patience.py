"""When a local run is no longer waited for: the bounds that hold whatever leader and slaves do.

Asked by `supervisor` at every look; pure. In a run that goes as it should the leader's report comes
long before any of these.
"""

from dataclasses import dataclass
from typing import Final

from ringrun.core.phase import RANK, Phase
from ringrun.spec import RunSpec

AFTER_STOP: Final = 10.0
"""An ordered STOP that is not done after this is done without the leader."""

AFTER_END: Final = 330.0
"""Seconds after the plan's end at which leader and slaves are given up."""

ALONE: Final = 6.0
"""With no slave left, a standby has this long to take the lease over and to report."""

START_SLACK: Final = 1.0
"""START's deadline is the leader's to tell; this much later it is told without one."""

NO_MASTER: Final = "NoMasterLeft"
NO_SLAVE: Final = "NoSlaveLeft"
OVERDUE: Final = "Overdue"


@dataclass(slots=True, kw_only=True)
class Patience:
    """All times on one clock; 0.0 stands for what has not happened."""

    spec: RunSpec
    started: float
    phase: Phase = Phase.START
    stopped_at: float = 0.0
    _send_at: float = 0.0
    _alone_at: float = 0.0

    def see(self, now: float, phase: Phase | None, *, slaves: bool) -> None:
        """What the record says (None: out of reach), and whether any slave lives."""
        if phase is not None and RANK[phase] > RANK[self.phase]:
            self.phase = phase
            self._send_at = self._send_at or now
        self._alone_at = 0.0 if slaves else self._alone_at or now

    def start_is_over(self, now: float) -> bool:
        """Whether the run should have begun by now, and no leader has said so."""
        return self.phase is Phase.START and now > (
            self.started + self.spec.start_deadline + START_SLACK
        )

    def hopeless(self, now: float, *, masters_given_up: bool) -> str | None:
        """Why no more is waited for (empty: because of the STOP); None while there is hope."""
        if self._alone_at and now > self._alone_at + ALONE:
            return NO_SLAVE
        if self.stopped_at and now > self.stopped_at + AFTER_STOP:
            return ""
        end = self._send_at + self.spec.send + self.spec.grace
        if masters_given_up and (self._alone_at or self.phase is Phase.START or now > end + ALONE):
            # Slaves that were in the ring end by themselves and leave their results on disk.
            return NO_MASTER
        if self._send_at and now > end + AFTER_END:
            return OVERDUE
        return None
