"""Runs of seeds: one, or many over the machine's processors.

Called by `command.main` (`ringrun simulate`) and by tests. A seed and a profile are a whole run.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator
from typing import Any

from ringrun.core.rules import ALL_RULES, Rules
from ringrun.simulation.case import Case, Profile, draw
from ringrun.simulation.faults.plan import plan
from ringrun.simulation.finish import Outcome, finish
from ringrun.simulation.telling.telling import Telling
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.world import World
from ringrun.spec import RunSpec

# Below this many, starting processes costs more than it brings.
_FEW = 60
# Runs of a given spec may take a hundred times as long as those that are drawn.
_CHUNK, _CHUNK_OF_A_SPEC = 25, 4

Job = tuple[tuple[str, dict[str, Any]] | None, int, Profile, Rules, bool]


def simulate(case: Case, trace: Trace | None = None) -> Outcome:
    """One run to its end, judged."""
    world = World(case, trace)
    plan(world)
    return finish(world)


def outcomes(
    spec: RunSpec | None,
    seeds: range,
    profile: Profile,
    rules: Rules = ALL_RULES,
    *,
    tell: Callable[[Telling], None] | None = None,
    digests: bool = False,
) -> Generator[Outcome, None, None]:
    """The outcome of each seed, in order; on all processors if there are many.

    `tell` is given what each run tells in words, right before its outcome; of one that is
    interrupted, what it told until then.
    """
    # As a document, since a spec's template does not go from process to process.
    given = None if spec is None else (spec.name, spec.as_document())
    jobs = [(given, seed, profile, rules, digests) for seed in seeds]
    processors = len(os.sched_getaffinity(0))
    if tell is not None or len(jobs) < _FEW or processors < 2:
        for job in jobs:
            yield _job(job, tell)
        return
    context = multiprocessing.get_context("spawn")
    chunk = _CHUNK if spec is None else _CHUNK_OF_A_SPEC
    with context.Pool(processors, _leave_signals_alone) as pool:
        yield from pool.imap(_job, jobs, chunksize=chunk)


def _leave_signals_alone() -> None:
    """Ctrl-C, and a terminal that is closed, are for the first process; it ends the others."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _job(job: Job, tell: Callable[[Telling], None] | None = None) -> Outcome:
    given, seed, profile, rules, digest = job
    spec = None if given is None else RunSpec.from_document(given[1], name=given[0])
    case = draw(seed, profile, rules, spec)
    if tell is None:
        return simulate(case, Trace() if digest else None)
    telling = Telling()
    try:
        return simulate(case, Trace(telling=telling))
    finally:
        tell(telling)
