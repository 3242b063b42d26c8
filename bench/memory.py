"""Memory of a slave over a long train run, sampled from outside once a second.

Called by the comparison; starts one `ringrun run` and reads /proc of its descendants. The judging
of the samples is pure and apart from the taking.
"""

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.launch import ALLOWANCE, end_group, environment, ringrun, write_manifest
from bench.measure import RunError, report_in
from bench.programs import Ours
from bench.table import render

# Growth after the first 10 s that still counts as flat: the allocator's and the page cache's noise.
FLAT_KIB = 1024
SETTLED_SECONDS = 10.0


@dataclass(slots=True, kw_only=True)
class Watched:
    """One process under the run: its memory against time, and its CPU ticks when last seen."""

    name: str
    samples: list[tuple[float, int]] = field(default_factory=list)
    ticks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How much a process grew after it had settled, in KiB: medians of the first and last fifth."""

    settled: int
    ended: int
    peak: int

    @property
    def flat(self) -> bool:
        """Whether it stayed as it was."""
        return self.ended - self.settled <= FLAT_KIB


def growth(samples: Sequence[tuple[float, int]]) -> Growth | None:
    """Judge (seconds since first seen, KiB) samples; None if they end before it had settled."""
    later = [kib for at, kib in samples if at >= SETTLED_SECONDS]
    if len(later) < 5:
        return None
    part = max(1, len(later) // 5)
    return Growth(
        settled=int(statistics.median(later[:part])),
        ended=int(statistics.median(later[-part:])),
        peak=max(later),
    )


def descendants(root: int) -> list[int]:
    """Process ids under `root` now."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rsplit(")", 1)[1].split()[1])
    found = [root]
    for process in found:
        found.extend(child for child, parent in parents.items() if parent == process)
    return found[1:]


def look(watched: dict[int, Watched], root: int, now: float) -> None:
    """Take one sample of every descendant of `root`."""
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    for process in descendants(root):
        folder = Path(f"/proc/{process}")
        try:
            name = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            resident = int((folder / "statm").read_text().split()[1]) * page
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended meanwhile
        if resident:
            entry = watched.setdefault(process, Watched(name=name))
            entry.samples.append((now, resident))
            entry.ticks = int(fields[11]) + int(fields[12])


def slaves_among(watched: Mapping[int, Watched], nodes: int) -> list[int]:
    """Which processes are the slaves: those named so, else the `nodes` that used most CPU."""
    named = [process for process, entry in watched.items() if "slave" in entry.name]
    if len(named) >= nodes:
        return sorted(named)
    busiest = sorted(watched, key=lambda process: watched[process].ticks, reverse=True)
    return sorted(busiest[:nodes])


def watch_train(nodes: int, seconds: float) -> tuple[dict[int, Watched], str]:
    """Run a train for `seconds` of SEND; what was seen of its processes, and the verdict."""
    file = write_manifest(Ours(model="train"), nodes=nodes, seconds=seconds, grace=1.0)
    printed = file.with_suffix(".json")
    with printed.open("w") as out:
        process = subprocess.Popen(
            ringrun("run", str(file), "--output", "json"),
            stdin=subprocess.DEVNULL,
            stdout=out,  # a file, not a pipe: nothing reads while the run goes on
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(),
            start_new_session=True,
        )
    watched: dict[int, Watched] = {}
    start = time.monotonic()
    deadline = start + seconds + ALLOWANCE
    try:
        while process.poll() is None and time.monotonic() < deadline:
            look(watched, process.pid, time.monotonic() - start)
            time.sleep(1.0)
        if process.poll() is None:
            raise RunError("not finished in time")
        report = report_in(printed.read_text())
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        end_group(process, 5.0)
        file.unlink()
        printed.unlink()
    return watched, str(report["verdict"])


def nearest(samples: Sequence[tuple[float, int]], mark: float) -> int:
    """KiB in the sample taken nearest to `mark` seconds."""
    return min(samples, key=lambda sample: abs(sample[0] - mark))[1]


def memory_table(watched: Mapping[int, Watched], nodes: int) -> list[str]:
    """A line a slave: its resident memory in MiB every few seconds, and whether it stayed flat."""
    chosen = slaves_among(watched, nodes)
    longest = max((watched[process].samples[-1][0] for process in chosen), default=0.0)
    marks = [mark for mark in (2, 5, 10, 20, 30, 40, 50, 60) if mark <= longest]
    rows = []
    for number, process in enumerate(chosen):
        samples = watched[process].samples
        cells = [f"{nearest(samples, mark) / 1024:.1f}" for mark in marks]
        grew = growth(samples)
        if grew is None:
            verdict = "too short to judge"
        else:
            change = f"{(grew.ended - grew.settled) / 1024:+.2f} MiB after 10 s"
            verdict = f"{change}, {'flat' if grew.flat else 'GROWS'}"
        rows.append([f"slave process {number}", *cells, verdict])
    return render(["RSS in MiB at", *[f"{mark} s" for mark in marks], ""], rows)
