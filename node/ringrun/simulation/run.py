"""Runs of seeds: one, or many over the machine's processors, and what is said about them.

Called by the command line (`ringrun simulate`) and by tests. A seed and a profile are a whole run:
the line that is printed for a failure replays it anywhere.
"""

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from typing import Any, TextIO

from ringrun.core.rules import ALL_RULES, Rules
from ringrun.simulation.case import Case, Profile, draw
from ringrun.simulation.faults.plan import plan
from ringrun.simulation.finish import Outcome, finish
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.world import World
from ringrun.spec import RunSpec, SpecError
from ringrun.spec.checking import near

# Below this many, starting processes costs more than it brings.
_FEW = 60
_CHUNK = 25
_SHOWN = 10

Job = tuple[tuple[str, dict[str, Any]] | None, int, Profile, Rules, bool]


def simulate(case: Case, trace: Trace | None = None) -> Outcome:
    """One run to its end, judged."""
    world = World(case, trace)
    plan(world)
    return finish(world)


def main(
    spec: RunSpec | None,
    *,
    runs: int,
    seed: int,
    faults: str = Profile.ALL,
    without: Sequence[str] = (),
    trace: bool = False,
    digest: str | None = None,
) -> int:
    """`ringrun simulate`: 0 if no run broke a promise, else 1. SpecError for a wrong flag.

    `digest` names a file that gets a line a run, its seed and its transcript's digest; that of all
    lines is printed. Two versions of the program whose lines are equal did the same, step by step.
    """
    profile = _profile(faults)
    rules = _rules(without)
    total = Totals()
    begun = time.monotonic()
    all_ = sha256()
    seeds = range(seed, seed + runs)
    # Opened, and so emptied, only now that no flag is refused.
    with _digests(digest) as digests:
        keep = digests is not None
        for outcome in outcomes(spec, seeds, profile, rules, trace=trace, digests=keep):
            total.add(outcome)
            if outcome.findings and total.broken <= _SHOWN:
                _tell(outcome, profile, without, spec)
            if digests is not None:
                line = f"{outcome.seed} {outcome.digest}\n"
                all_.update(line.encode())
                digests.write(line)
    print(total.line(time.monotonic() - begun))
    if digest is not None:
        print(f"digest of all transcripts: {all_.hexdigest()}")
    return 1 if total.broken else 0


def _digests(path: str | None) -> AbstractContextManager[TextIO | None]:
    if path is None:
        return nullcontext()
    try:
        return open(path, "w", encoding="ascii")
    except OSError as error:
        raise SpecError([f"--digest: {path} cannot be written: {error.strerror}"]) from error


def outcomes(
    spec: RunSpec | None,
    seeds: range,
    profile: Profile,
    rules: Rules = ALL_RULES,
    *,
    trace: bool = False,
    digests: bool = False,
) -> Iterator[Outcome]:
    """The outcome of each seed, in order; on all processors if there are many."""
    # As a document, since a spec's template does not go from process to process.
    given = None if spec is None else (spec.name, spec.as_document())
    jobs = [(given, seed, profile, rules, digests) for seed in seeds]
    processors = len(os.sched_getaffinity(0))
    if trace or len(jobs) < _FEW or processors < 2:
        for job in jobs:
            yield _job(job, trace=trace)
        return
    context = multiprocessing.get_context("spawn")
    # Ctrl-C is for this process; it ends the others.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with context.Pool(processors, signal.signal, ignore) as pool:
        yield from pool.imap(_job, jobs, chunksize=_CHUNK)


def _job(job: Job, *, trace: bool = False) -> Outcome:
    given, seed, profile, rules, digest = job
    spec = None if given is None else RunSpec.from_document(given[1], name=given[0])
    told = Trace() if trace or digest else None
    outcome = simulate(draw(seed, profile, rules, spec), told)
    if told is not None and trace:
        print(*told.lines, sep="\n")
    return outcome


@dataclass(slots=True)
class Totals:
    """Sums over many runs."""

    runs: int = 0
    broken: int = 0
    deliveries: int = 0
    heartbeats: int = 0
    faults: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        self.runs += 1
        self.broken += bool(outcome.findings)
        self.deliveries += outcome.deliveries
        self.heartbeats += outcome.heartbeats
        self.faults += outcome.faults
        self.verdicts[outcome.verdict] += 1

    def line(self, seconds: float) -> str:
        """The summary; averages are per run."""
        runs = max(self.runs, 1)
        verdicts = ", ".join(f"{name} {many:,}" for name, many in sorted(self.verdicts.items()))
        return (
            f"{self.runs:,} runs in {seconds:.1f} s, {self.runs / max(seconds, 1e-9):,.0f} runs/s; "
            f"on average {self.deliveries / runs:.0f} deliveries "
            f"(and {self.heartbeats / runs:.0f} heartbeats), {self.faults / runs:.1f} faults; "
            f"{verdicts}; broken promises: {self.broken}"
        )


def _tell(outcome: Outcome, profile: Profile, without: Sequence[str], spec: RunSpec | None) -> None:
    for finding in outcome.findings:
        print(f"seed {outcome.seed}  BROKEN  {finding}")
    print(f"  replay: {replay(outcome.seed, profile, without, spec)}")


def replay(
    seed: int, profile: Profile, without: Sequence[str] = (), spec: RunSpec | None = None
) -> str:
    """The command that shows this run again."""
    given = f" FILE --nodes {spec.nodes} --model {spec.model}" if spec is not None else ""
    switched = "".join(f" --without {name}" for name in without)
    return f"ringrun simulate{given} --seed {seed} --runs 1 --faults {profile}{switched} --trace"


def _profile(name: str) -> Profile:
    try:
        return Profile(name)
    except ValueError:
        allowed = ", ".join(Profile)
        raise SpecError([f"--faults: must be one of {allowed}, got {name}"]) from None


def _rules(without: Sequence[str]) -> Rules:
    names = [each.name for each in fields(Rules)]
    wrong = [name for name in without if name.replace("-", "_") not in names]
    if wrong:
        raise SpecError([f"--without: {name} is no rule{near(name, names)}" for name in wrong])
    return replace(ALL_RULES, **{name.replace("-", "_"): False for name in without})
