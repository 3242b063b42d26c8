"""When a run is no longer waited for: its start, its leader, its slaves. All times and all rules.

Asked by every supervisor at every look: the local run, the master by hand, the operator and the
simulation. Pure: what must be remembered between two looks is a `Times`, which the caller keeps. In
a run that goes as it should, the leader's report comes long before any of these.
"""

from dataclasses import dataclass, replace
from math import inf
from typing import Final, Self

from ringrun.core.phase import RANK, Phase
from ringrun.core.reason import Reason, Why
from ringrun.spec import RunSpec

AFTER_STOP: Final = 10.0
"""An ordered STOP that no leader has carried out after this is done without one."""

ALONE: Final = 6.0
"""With no slave left, a standby has this long to take the lease over and to report."""

AFTER_END: Final = 330.0
"""Seconds after the plan's end at which leader and slaves are given up (slaves wait for 300)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What differs from one kind of supervisor to the other.

    `start_slack`: how much later than a leader the supervisor says that START took too long; a
    leader names the silent slaves, a cluster has reasons of its own. `after_stop` and `after_end`:
    AFTER_STOP and AFTER_END. `orphans`: with all masters given up, how long after the plan's end
    slaves that live are waited for; where results can be read before a slave has ended, not long.
    """

    start_slack: float = 0.0
    after_stop: float = AFTER_STOP
    after_end: float = AFTER_END
    orphans: float = AFTER_END


LOCAL: Final = Bounds(start_slack=1.0, orphans=ALONE)
"""A local run: results lie on this machine's disk as soon as they are made."""

CLUSTER: Final = Bounds()
"""A cluster: a result is read from a container that has ended."""

BY_HAND: Final = Bounds(start_slack=1.0, after_stop=5.0, after_end=40.0)
"""By hand: somebody sits there and waits, and slaves repeat a result for 10 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Since when things are as they are, on the caller's clock; None for what is not so.

    `started` is when the run's time began to count, `send_seen` when the record said SEND, `alone`
    since when no slave lives of a ring that there was, `stop_ordered` since when a STOP is ordered;
    that of a run that has come to its end is nobody's order.
    """

    started: float
    send_seen: float | None = None
    alone: float | None = None
    stop_ordered: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the record was ever seen in SEND, or beyond."""
        return self.send_seen is not None

    def sent_for(self, now: float) -> float | None:
        """How long SEND went on at most, as far as was seen from here; None if it never began."""
        if self.send_seen is None:
            return None
        return (now if self.stop_ordered is None else self.stop_ordered) - self.send_seen

    def seen(
        self,
        now: float,
        *,
        phase: Phase | None,
        slaves_live: bool,
        starting: bool = False,
        stopped: bool,
    ) -> Self:
        """The times after this look. SEND, once seen, stays; the others end with what they time.

        `phase` is the record's, None if it is out of reach. With no slave alive a ring that had
        begun is alone, unless some are `starting`; before that, slaves that died are replaced.
        """
        sends = self.begun or (phase is not None and RANK[phase] >= RANK[Phase.SEND])
        alone = sends and not slaves_live and not starting
        return replace(
            self,
            send_seen=_since(self.send_seen, now, holds=sends),
            alone=_since(self.alone, now, holds=alone),
            stop_ordered=_since(self.stop_ordered, now, holds=stopped),
        )


def _since(before: float | None, now: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now if before is None else before


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run stands, as far as giving it up goes.

    `stop_reason` is that of the orders; a later wish to stop is one only where nothing is ordered.
    `record_lost` says why there is no record any more, empty if there is one or it is merely out of
    reach. `last_words` are those of the master that ended last, empty if none has.
    """

    times: Times
    stop_reason: Reason | None
    slaves_live: bool
    masters_run: bool
    masters_given_up: bool
    last_words: str
    record_lost: str = ""


def is_late(spec: RunSpec, times: Times, now: float, bounds: Bounds = CLUSTER) -> bool:
    """Whether a run should have begun by now, and is to be stopped."""
    late = now >= times.started + spec.start_deadline + bounds.start_slack
    return late and not times.begun


def given_up(spec: RunSpec, run: Run, now: float, bounds: Bounds = CLUSTER) -> Reason | None:
    """Why no leader's report is waited for any more; None while there is hope."""
    times = run.times
    if run.record_lost:
        return Reason(Why.RECORD_LOST, run.record_lost)
    stop = run.stop_reason
    if stop is not None and not times.begun and not run.masters_run:
        # There is no result that a leader could wait for, and none to record the STOP.
        return Reason(stop.word, stop.detail or run.last_words)
    if run.masters_given_up and (
        not run.slaves_live
        or not times.begun
        or _passed(times.send_seen, spec.send + spec.grace + bounds.orphans, now)
    ):
        return Reason(Why.NO_MASTER, run.last_words or "none was made")
    if _passed(times.alone, ALONE, now):
        return Reason(Why.NO_SLAVE)
    if _passed(times.stop_ordered, bounds.after_stop, now):
        return stop or Reason(Why.NO_MASTER)
    if _passed(times.send_seen, spec.send + spec.grace + bounds.after_end, now):
        return Reason(Why.OVERDUE)
    return None


def next_limit(spec: RunSpec, times: Times, now: float, bounds: Bounds = CLUSTER) -> float:
    """When time alone could make it hopeless, or late to start."""
    plan = spec.send + spec.grace
    limits = (
        (times.alone, ALONE),
        (times.stop_ordered, bounds.after_stop),
        (times.send_seen, plan + bounds.orphans),
        (times.send_seen, plan + bounds.after_end),
        (
            None if times.send_seen is not None else times.started,
            spec.start_deadline + bounds.start_slack,
        ),
    )
    due = [since + patience for since, patience in limits if since is not None]
    return min((time for time in due if time > now), default=inf)


def _passed(since: float | None, patience: float, now: float) -> bool:
    return since is not None and now >= since + patience
