"""The whole comparison: chooses cases, runs them round by round, prints the tables.

Called by run.py with the command line's arguments. Rounds are interleaved (each runs every case
once), so that a slow minute of the machine falls on all rows alike; cases that had company are run
again at the end. Progress goes to stderr, the tables to stdout.
"""

import argparse
import dataclasses
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.launch import ALLOWANCE, ringrun, ringrun_missing, run_once, run_to_end
from bench.measure import RunError, Sample, wants_another
from bench.memory import memory_table, watch_train
from bench.programs import Case, Kind, cases
from bench.table import (
    Outcome,
    Outcomes,
    frames_table,
    main_table,
    scaling_table,
    target_table,
    whole,
)

MEMORY_LABEL = "memory train"
SIMULATE_LABEL = "simulate"
EPMD_PORT = 4369


def sizes(text: str) -> tuple[int, ...]:
    """Ring sizes from `4,8,16`, for argparse."""
    found = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    if not all(2 <= size <= 512 for size in found):
        raise argparse.ArgumentTypeError(f"ring sizes must be between 2 and 512, got {text}")
    return found


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    made.add_argument("--quick", action="store_true", help="one short round, to see that all runs")
    made.add_argument("--all", action="store_true", help="also the optional peers")
    made.add_argument("--only", default="", metavar="REGEX", help='rows, such as "train n=4"')
    made.add_argument("--nodes", type=sizes, help="all rows at the first, cost at all (4,8,16)")
    made.add_argument("--rounds", type=int, help="quiet runs wanted of each row (3)")
    made.add_argument("--extra", type=int, help="most runs of a row repeated for company (3)")
    made.add_argument("--seconds", type=float, help="SEND of each run (5)")
    made.add_argument("--memory-seconds", type=float, help="SEND of the memory run (60)")
    made.add_argument("--simulate-runs", type=int, help="simulated runs to time (2000)")
    made.add_argument("--save", type=Path, metavar="FILE", help="add every run as a line of JSON")
    made.add_argument("--list", action="store_true", help="print the rows and what they lack")
    return made


QUICK = {
    "nodes": (4, 8),
    "rounds": 1,
    "extra": 0,
    "seconds": 1.0,
    "memory_seconds": 15.0,
    "simulate_runs": 200,
}
FULL = {
    "nodes": (4, 8, 16),
    "rounds": 3,
    "extra": 3,
    "seconds": 5.0,
    "memory_seconds": 60.0,
    "simulate_runs": 2000,
}


def settle(options: argparse.Namespace) -> argparse.Namespace:
    """Fill what was not given, by --quick or not."""
    for name, value in (QUICK if options.quick else FULL).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def say(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def erlang_names() -> Iterator[None]:
    """Erlang's name service while the comparison runs, unless the machine has it anyway.

    Nodes would start one themselves, which stays behind for ever.
    """
    with socket.socket() as probe:
        running = probe.connect_ex(("127.0.0.1", EPMD_PORT)) == 0
    epmd = shutil.which("epmd")
    if running or epmd is None:
        yield
        return
    service = subprocess.Popen(
        [epmd, "-address", "127.0.0.1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        service.terminate()
        service.wait()


class Comparison:
    """The runs so far: samples, skips and failures by case. One writer: `run`."""

    def __init__(self, chosen: Sequence[Case], *, rounds: int, extra: int, seconds: float) -> None:
        self.chosen = list(chosen)
        self.rounds, self.extra, self.seconds = rounds, extra, seconds
        self.samples: dict[Case, list[Sample]] = {case: [] for case in chosen}
        self.skipped: dict[Case, str] = {}
        self.failed: dict[Case, str] = {}

    def check(self, ours_missing: str) -> None:
        """Find what cannot run here; said at once and again in the table."""
        for case in self.chosen:
            ours = case.program.kind is Kind.RINGRUN
            reason = ours_missing if ours else case.program.missing()
            if reason:
                self.skipped[case] = reason
                say(f"skipped  {case.label}: {reason}")

    def run(self) -> None:
        """All rounds, then the repeats of rows that had company."""
        for number in range(1, self.rounds + 1):
            self.round(f"round {number}/{self.rounds}", self.ready())
        for number in range(1, self.extra + 1):
            again = [
                case
                for case in self.ready()
                if wants_another(self.samples[case], rounds=self.rounds, extra=self.extra)
            ]
            if not again:
                return
            self.round(f"again {number}/{self.extra}", again)

    def ready(self) -> list[Case]:
        """The cases that can be run: neither skipped nor failed."""
        return [c for c in self.chosen if c not in self.skipped and c not in self.failed]

    def round(self, name: str, chosen: Sequence[Case]) -> None:
        """Run each case once. A case that fails is not run again."""
        for case in chosen:
            try:
                sample = run_once(case, self.seconds)
            except RunError as error:
                self.failed[case] = str(error)
                say(f"{name}  {case.label}: FAILED: {error}")
                continue
            self.samples[case].append(sample)
            company = "" if sample.quiet else f"  (+{sample.foreign:.2f} cores of others)"
            remark = "" if sample.identical else f"  DOES NOT COUNT: {sample.remark}"
            say(f"{name}  {case.label}: {whole(sample.rate)}/s{company}{remark}")

    def outcomes(self) -> Outcomes:
        """What came of each case, by program name and ring size."""
        return {
            (case.program.name, case.nodes): Outcome(
                case=case,
                samples=tuple(self.samples[case]),
                skipped=self.skipped.get(case, ""),
                failed=self.failed.get(case, ""),
            )
            for case in self.chosen
        }

    def save(self, file: Path) -> None:
        """Add every run to `file`, a line of JSON each."""
        with file.open("a", encoding="utf-8") as out:
            for case, samples in self.samples.items():
                for sample in samples:
                    line = {"program": case.program.name, "nodes": case.nodes}
                    out.write(json.dumps({**line, **dataclasses.asdict(sample)}) + "\n")


def section(title: str, lines: Sequence[str]) -> None:
    """Print one titled part."""
    print(f"\n{title}\n")
    for line in lines:
        print(line)
    sys.stdout.flush()


def memory_section(nodes: int, seconds: float) -> None:
    """Run and print the memory part."""
    say(f"memory of a slave: a train of {seconds:.0f} s")
    try:
        watched, verdict = watch_train(nodes, seconds)
    except RunError as error:
        section("Memory of a slave", [f"FAILED: {error}"])
        return
    lines = memory_table(watched, nodes)
    section(f"Memory of a slave: train, n={nodes}, SEND {seconds:.0f} s, verdict {verdict}", lines)


def simulate_section(runs: int) -> None:
    """Time `ringrun simulate` and print what it says of its averages."""
    say(f"simulation: {runs} runs")
    try:
        ended = run_to_end(
            ringrun("simulate", "--runs", str(runs), "--seed", "1", "--faults", "all"),
            ALLOWANCE + runs,
        )
    except RunError as error:
        section("Simulated runs", [f"FAILED: {error}"])
        return
    own = [line for line in ended.output.strip().splitlines() if line.strip()][-6:]
    speed = f"{runs / ended.wall:,.0f} runs/s, start of the program included"
    state = "" if ended.status == 0 else f"; FAILED with exit {ended.status}"
    title = f"Simulated runs: {runs} with all faults in {ended.wall:.1f} s: {speed}"
    company = f" (+{ended.foreign:.2f} cores of others){state}"
    section(title + company, [f"  {line}" for line in own])


def main(arguments: Sequence[str]) -> int:
    """Run the comparison; 1 if a run of ours failed or did not agree, else 0."""
    options = settle(parser().parse_args(arguments))
    only = re.compile(options.only)
    chosen = [c for c in cases(options.nodes, everything=options.all) if only.search(c.label)]
    if options.list:
        for case in chosen:
            lacking = case.program.missing()
            print(case.label + (f"  (skipped: {lacking})" if lacking else ""))
        return 0
    comparison = Comparison(
        chosen, rounds=options.rounds, extra=options.extra, seconds=options.seconds
    )
    ours_missing = ringrun_missing()
    comparison.check(ours_missing)
    start = time.monotonic()
    with erlang_names():
        comparison.run()
    outcomes = comparison.outcomes()
    if options.save:
        comparison.save(options.save)
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    taken = time.monotonic() - start
    title = (
        f"SEND {options.seconds:g} s, medians of {options.rounds} interleaved, {os.cpu_count()} "
        f"cores, {taken:.0f} s in all, load average now {load}"
    )
    section(title, main_table(outcomes, options.rounds))
    section(
        f"Demanded at n={options.nodes[0]}",
        target_table(outcomes, options.rounds, options.nodes[0]),
    )
    if len({case.nodes for case in chosen if case.program.scaled_to}) > 1:
        section("Cost against n", scaling_table(outcomes, options.nodes, options.rounds))
    frames = frames_table(outcomes)
    if frames:
        section("Frames an approved message costs, against docs/protocol.md", frames)
    if only.search(MEMORY_LABEL):
        if ours_missing:
            section("Memory of a slave", [f"skipped: {ours_missing}"])
        else:
            memory_section(options.nodes[0], options.memory_seconds)
    if only.search(SIMULATE_LABEL):
        if ours_missing:
            section("Simulated runs", [f"skipped: {ours_missing}"])
        else:
            simulate_section(options.simulate_runs)
    bad = [
        outcome.case.label
        for outcome in outcomes.values()
        if outcome.case.program.kind is Kind.RINGRUN
        and (outcome.failed or not all(sample.identical for sample in outcome.samples))
    ]
    if bad:
        say(f"ours that failed or did not agree: {', '.join(bad)}")
    return 1 if bad else 0
