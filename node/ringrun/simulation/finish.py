"""A run from any moment to its end, and what came of it.

Called by `run` right at the start, by `script` and `explore` once they have done what they are for.
"""

import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field

from ringrun.core.phase import Phase
from ringrun.core.supervisor.patience import AFTER_END
from ringrun.simulation.case import RECOVERY, RESULT_WAIT
from ringrun.simulation.judge import Finding, judge
from ringrun.simulation.world.world import World
from ringrun.spec import FailurePolicy

_SLICE = 0.25
# A lease that expires, masters that start, and a report that has to be written.
_SLACK = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run."""

    seed: int
    findings: tuple[Finding, ...]
    verdict: str
    deliveries: int
    heartbeats: int
    faults: int
    seconds: float
    """Of virtual time."""
    digest: str = field(default="", compare=False)
    """Of the run's transcript, if one was kept."""


def finish(world: World) -> Outcome:
    """Let a world run until all its processes have ended, or should have, and judge it."""
    case = world.case
    clock = world.clock
    findings: list[Finding] = []
    slowest = 1.0 - case.skew
    limit = (
        max(case.quiet_from, clock.now)
        + (case.spec.send + case.spec.grace + 1.0 + RESULT_WAIT) / slowest
        + _SLACK
        # Masters that were stillborn four times.
        + 8.0 * case.delays.first
    )
    # Slaves are replaced as long as nothing says that the run is over.
    given_up = limit + AFTER_END
    try:
        if case.wants_progress:
            findings += _progress(world)
        while clock.now < (given_up if world.bereft else limit) and not world.over:
            clock.run(clock.now + _SLICE)
        findings += judge(world)
    except Exception as error:
        findings.append(crash(error, world))
    if world.trace is not None:
        world.trace.ended(world.whole_report)
    return Outcome(
        seed=case.seed,
        findings=tuple(findings),
        verdict=world.whole_report["verdict"] if world.whole_report else "none",
        deliveries=world.deliveries,
        heartbeats=world.heartbeats,
        faults=world.faults,
        seconds=clock.now,
        digest=world.trace.digest() if world.trace is not None else "",
    )


def crash(error: Exception, world: World) -> Finding:
    """Our own bug in the core is a finding like any other, with the place it came from."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}:{place.lineno}"
    if world.trace is not None:
        world.trace.crashed(traceback.format_exception(error))
    return Finding(promise="crash", text=f"{type(error).__name__} at {where}: {error}")


def _progress(world: World) -> Iterator[Finding]:
    """Run on until the faults have stopped and healed; the count must grow then (G9)."""
    clock = world.clock
    clock.run(world.case.quiet_from + RECOVERY)
    if world.bereft:
        return
    before = world.count()
    clock.run(clock.now + 1.0)
    if world.sending and world.count() <= before:
        text = f"{RECOVERY + 1:.0f} s after the faults the count still stands at {before}"
        yield Finding(promise="G9", text=text)
    record = world.record.value
    missing = world.case.spec.nodes - len(record.members)
    replaces = world.case.spec.on_slave_failure is FailurePolicy.REPLACE
    if world.sending and replaces and missing and record.phase is Phase.SEND:
        text = f"{RECOVERY + 1:.0f} s after the faults view {record.view} lacks {missing} slaves"
        yield Finding(promise="G9", text=text)
