"""When a run is no longer waited for: its start, its leader, its slaves; all times and all rules.

Asked by `decided` in every look; pure, and it knows of no pod. In a run that goes as it should, the
leader's report comes long before any of these. `local.patience` is its counterpart in a local run.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringrun.core.phase import Phase
from ringrun.spec import RunSpec

STOP_PATIENCE: Final = 10.0
"""An ordered STOP that no leader has carried out after this is done without one."""

ALONE_PATIENCE: Final = 6.0
"""With no slave left, a standby has this long to take the lease over and to report."""

END_PATIENCE: Final = 330.0
"""Seconds after the plan's end at which leader and slaves are given up (docs/protocol.md: 300)."""


class Hopeless(StrEnum):
    """Why a run is given up: the first word of the reason in its report."""

    START_DEADLINE = "StartDeadlineExceeded"
    NO_MASTER = "NoMasterLeft"
    NO_SLAVE = "NoSlaveLeft"
    OVERDUE = "Overdue"
    RECORD_LOST = "RecordLost"

    def because(self, detail: str) -> str:
        """With what people are told besides, if anything."""
        return f"{self.value}: {detail}" if detail else self.value

    def is_in(self, reason: str) -> bool:
        """Whether this is what a reason says."""
        return reason.partition(":")[0] == self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a run stands, as far as giving it up goes.

    Times are seconds on the clock of `now`, None for what has not happened: `stop_ordered` is since
    when the orders say STOP, `send_seen` since when the record says SEND, `alone` since when no
    slave lives of a ring that there was. `phase` is the record's, None if it is lost. `last_words`
    are those of the master that ended last.
    """

    started: float
    stop_ordered: float | None
    send_seen: float | None
    alone: float | None
    phase: Phase | None
    stop_reason: str
    slaves_live: bool
    masters_run: bool
    masters_given_up: bool
    last_words: str


def is_late(spec: RunSpec, phase: Phase, started: float, now: float) -> bool:
    """Whether a run that is in this phase should have begun by now."""
    return phase is Phase.START and now >= started + spec.start_deadline


def hopeless(spec: RunSpec, run: Standing, now: float) -> str:
    """Why no leader's report is to be waited for any more; empty while there is hope."""
    if run.phase is None:
        return Hopeless.RECORD_LOST.because("the Lease is gone, or is another")
    if Hopeless.START_DEADLINE.is_in(run.stop_reason) and not run.masters_run:
        return run.stop_reason
    if run.masters_given_up and (not run.slaves_live or run.phase is Phase.START):
        return Hopeless.NO_MASTER.because(run.last_words)
    if run.alone is not None and now >= run.alone + ALONE_PATIENCE:
        return Hopeless.NO_SLAVE.value
    if run.stop_ordered is not None and now >= run.stop_ordered + STOP_PATIENCE:
        return run.stop_reason or Hopeless.NO_MASTER.value
    if run.send_seen is not None and now >= run.send_seen + _longest(spec):
        return Hopeless.OVERDUE.value
    return ""


def next_limit(spec: RunSpec, run: Standing, now: float) -> float:
    """When time alone could make it hopeless, or late to start."""
    limits = (
        (run.alone, ALONE_PATIENCE),
        (run.stop_ordered, STOP_PATIENCE),
        (run.send_seen, _longest(spec)),
        (None if run.send_seen is not None else run.started, spec.start_deadline),
    )
    times = [since + patience for since, patience in limits if since is not None]
    return min((time for time in times if time > now), default=math.inf)


def _longest(spec: RunSpec) -> float:
    return spec.send + spec.grace + END_PATIENCE
