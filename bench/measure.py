"""What one run of one program gave, and what several runs come to.

Holds the pure part of the measuring: peers' results, our report and launchers' lines become a
`Sample`; samples become `Figures` (medians). Called by the launcher and the tables; starts nothing
and reads no clock. Times are microseconds where a name says so, else seconds.
"""

import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A round is disturbed when other programs took this many cores or more beside it (bench/README.md).
QUIET_CORES = 0.1


class RunError(Exception):
    """A run gave no figures; the message is the row's explanation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run: its figures, whether all its results were identical, how busy the rest was.

    `foreign` and `cores` are CPU seconds a second, of everything else on the machine and of the
    program. A figure that the program does not give is NaN.
    """

    rate: float
    count: int
    cpu_microseconds: float
    p50_microseconds: float
    p99_microseconds: float
    cores: float
    foreign: float
    identical: bool
    remark: str = ""
    frames: int | None = None

    @property
    def quiet(self) -> bool:
        """Whether the rest of the machine left the run alone."""
        return self.foreign < QUIET_CORES


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Medians over the runs of one case; `spread` is (max - min) / median of the rate."""

    rate: float
    cpu_microseconds: float
    p50_microseconds: float
    p99_microseconds: float
    cores: float
    foreign: float
    spread: float
    runs: int
    quiet_runs: int
    identical: bool
    remark: str


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """The value at `fraction` of an ascending sequence; NaN of an empty one."""
    if not ordered:
        return math.nan
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def latencies(results: Sequence[Mapping[str, Any]]) -> list[float]:
    """Microseconds, ascending, from a timed message's issue to the last node's approval of it.

    Messages that some node had not approved when it stopped are left out.
    """
    born = {key: at for result in results for key, at in result["tb"]}
    approved: dict[int, list[int]] = {}
    for result in results:
        for key, at in result["ta"]:
            approved.setdefault(key, []).append(at)
    return sorted(
        (max(times) - born[key]) / 1000
        for key, times in approved.items()
        if key in born and len(times) == len(results)
    )


def sample_of_peers(
    results: Sequence[Mapping[str, Any]], *, seconds: float, busy_seconds: float
) -> Sample:
    """Score one run of a peer from its nodes' result lines.

    Only what the slowest node had approved by the end of SEND counts. `busy_seconds` is the CPU
    time that the whole machine spent in these `seconds`.
    """
    approved = min(result["send"] for result in results)
    cpu_seconds = sum(result["cpu"] for result in results)
    logs = {(result["count"], result["hash"]) for result in results}
    timed = latencies(results)
    counts = ", ".join(str(result["count"]) for result in results)
    identical = len(logs) == 1 and approved > 0
    return Sample(
        rate=approved / seconds,
        count=approved,
        cpu_microseconds=1e6 * cpu_seconds / max(approved, 1),
        p50_microseconds=quantile(timed, 0.5),
        p99_microseconds=quantile(timed, 0.99),
        cores=cpu_seconds / seconds,
        foreign=max(0.0, busy_seconds - cpu_seconds) / seconds,
        identical=identical,
        remark="" if identical else f"logs differ (counts {counts})",
    )


def report_in(output: str) -> dict[str, Any]:
    """The Report object in what `ringrun run --output json` printed; RunError without one."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            try:
                report = json.loads(line)
            except ValueError as error:
                raise RunError(f"the report is not JSON: {error}") from error
            if isinstance(report, dict) and report.get("kind") == "Report":
                return report
    raise RunError("no report on stdout")


def sample_of_report(
    report: Mapping[str, Any], *, nodes: int, seconds: float, foreign: float
) -> Sample:
    """Score one run of ours from its report.

    It counts when the verdict is Agreed and, looked at again here, all `nodes` results are there
    and equal.
    """
    try:
        slaves = [slave for slave in report["slaves"] if slave.get("final", True)]
        results = {(slave["count"], slave["sumExact"], slave["digest"]) for slave in slaves}
        cpu_seconds = sum(float(slave["cpuSeconds"]) for slave in slaves)
        frames = sum(int(slave["framesSent"]) for slave in slaves)
        count = int(report["count"])
        latency = report["latency"] or {}
        rate = float(report["rate"])
        verdict = report["verdict"]
    except (KeyError, TypeError) as error:
        raise RunError(f"the report lacks {error}") from error
    remark = ""
    if verdict != "Agreed":
        remark = f"verdict {verdict}"
    elif len(results) != 1 or len(slaves) != nodes:
        remark = f"{len(slaves)} of {nodes} results, {len(results)} different"
    elif count == 0:
        remark = "nothing approved"
    return Sample(
        rate=rate,
        count=count,
        cpu_microseconds=1e6 * cpu_seconds / max(count, 1),
        p50_microseconds=1e6 * float(latency.get("p50") or math.nan),
        p99_microseconds=1e6 * float(latency.get("p99") or math.nan),
        cores=cpu_seconds / seconds,
        foreign=foreign,
        identical=not remark,
        remark=remark,
        frames=frames,
    )


JGROUPS_LINE = re.compile(r"jgroups sequencer n=(\d+): (\d+)/s at all by the end of SEND, (.*)")


def sample_of_jgroups(output: str, *, nodes: int, seconds: float, foreign: float) -> Sample:
    """Score a JGroups run from its launcher's line; it gives a rate and nothing else."""
    found = JGROUPS_LINE.search(output)
    if found is None or int(found[1]) != nodes:
        raise RunError("no result line of all members")
    identical = found[3].strip() == "identical"
    return Sample(
        rate=float(found[2]),
        count=round(float(found[2]) * seconds),
        cpu_microseconds=math.nan,
        p50_microseconds=math.nan,
        p99_microseconds=math.nan,
        cores=math.nan,
        foreign=foreign,
        identical=identical,
        remark="" if identical else "logs differ",
    )


def least_disturbed(samples: Iterable[Sample], rounds: int) -> list[Sample]:
    """The `rounds` samples beside which the machine did least else, in order of disturbance."""
    return sorted(samples, key=lambda sample: sample.foreign)[:rounds]


def wants_another(samples: Sequence[Sample], *, rounds: int, extra: int) -> bool:
    """Whether a case is to be run again: too few quiet runs, and not yet `extra` runs too many."""
    quiet = sum(sample.quiet for sample in samples)
    return quiet < rounds and len(samples) < rounds + extra


def figures_of(samples: Sequence[Sample], rounds: int) -> Figures:
    """Medians of the least disturbed `rounds` runs; identical only if every run made was.

    A run that differed condemns the case even when a quieter one took its place.
    """
    chosen = least_disturbed(samples, rounds)

    def median(name: str) -> float:
        return statistics.median(float(getattr(sample, name)) for sample in chosen)

    rate = median("rate")
    rates = [sample.rate for sample in chosen]
    remarks = dict.fromkeys(sample.remark for sample in samples if sample.remark)
    return Figures(
        rate=rate,
        cpu_microseconds=median("cpu_microseconds"),
        p50_microseconds=median("p50_microseconds"),
        p99_microseconds=median("p99_microseconds"),
        cores=median("cores"),
        foreign=median("foreign"),
        spread=(max(rates) - min(rates)) / rate if rate else 0.0,
        runs=len(chosen),
        quiet_runs=sum(sample.quiet for sample in chosen),
        identical=all(sample.identical for sample in samples),
        remark="; ".join(remarks),
    )
