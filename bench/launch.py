"""Runs one program once: starts its processes, moves them through SEND and GRACE, scores them.

Called by the comparison with a case; gives a `Sample` or raises `RunError`. Every process started
here is in a session of its own and is gone when the call returns. Leaves out what to run and how
often.
"""

import contextlib
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import (
    RunError,
    Sample,
    report_in,
    sample_of_jgroups,
    sample_of_peers,
    sample_of_report,
)
from bench.programs import PEERS, Build, Case, Kind, Ours

PROJECT = Path(__file__).resolve().parent.parent
# Seconds a program gets beyond its periods to start, to print its result and to end.
ALLOWANCE = 60.0


def build_folder() -> Path:
    """Where the peers are compiled to: $B, else the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("B") or cache / "ringrun-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def environment() -> dict[str, str]:
    """What the programs run under: the build folder, root allowed for mpirun, the project found."""
    paths = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "B": str(build_folder()),
        "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
        "PYTHONPATH": os.pathsep.join([str(PROJECT / "node"), *([paths] if paths else [])]),
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }


def busy_seconds() -> float:
    """CPU seconds this machine has spent: all processes, interrupts, and what a hypervisor took."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """CPU seconds of all children waited for, and of what they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ran to its end."""

    output: str
    errors: str
    status: int
    wall: float
    foreign: float  # CPU seconds a second of everything else meanwhile


def end_group(process: "subprocess.Popen[str]", patience: float) -> None:
    """Wait for a process of ours; after `patience` seconds end its whole session."""
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run_to_end(command: Sequence[str], deadline: float) -> Ended:
    """Run a command that ends by itself; RunError if it has not after `deadline` seconds."""
    start, busy, own = time.monotonic(), busy_seconds(), children_seconds()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"not finished after {deadline:.0f} s") from error
    finally:
        # Also on Ctrl-C: ours ends its own processes on SIGINT, so it is asked before it is killed.
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        end_group(process, 5.0)
    wall = time.monotonic() - start
    foreign = busy_seconds() - busy - (children_seconds() - own)
    return Ended(
        output=output,
        errors=errors,
        status=process.returncode,
        wall=wall,
        foreign=max(0.0, foreign) / wall,
    )


def build(wanted: Build) -> None:
    """Compile one peer unless its output is newer than its source; RunError with the reason."""
    folder, source = build_folder(), PEERS / wanted.source
    out = folder / wanted.output
    if out.exists() and out.stat().st_mtime > source.stat().st_mtime:
        return
    names = {"out": str(out), "source": str(source), "folder": str(folder)}
    ended = run_to_end([part.format(**names) for part in wanted.command], ALLOWANCE)
    if ended.status:
        last = (ended.errors or ended.output).strip().splitlines()[-1:]
        raise RunError(f"{wanted.source} does not compile: {' '.join(last)}")


def free_ports(nodes: int) -> int:
    """A base such that `nodes` ports from it on are free on loopback now."""
    while True:
        base = random.randrange(20000, 30000, 50)
        try:
            for port in range(base, base + nodes):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base


def fill(command: Sequence[str], names: Mapping[str, object]) -> list[str]:
    """The command line with its {names} filled in."""
    places = {"build": build_folder(), "peers": PEERS, "python": sys.executable, **names}
    return [part.format(**places) for part in command]


def run_ring(case: Case, seconds: float) -> Sample:
    """A process a node, told GO, GRACE and STOP on its stdin; its result is a line of JSON."""
    port, nodes = free_ports(case.nodes), case.nodes
    processes = [
        subprocess.Popen(
            fill(case.program.command, {"id": node, "n": nodes, "port": port}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env=environment(),
            start_new_session=True,
        )
        for node in range(nodes)
    ]

    def stop_all() -> None:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    # Reading a line has no time limit of its own: a node that hangs is ended, and its pipe with it.
    watchdog = threading.Timer(seconds + case.program.grace + ALLOWANCE, stop_all)
    watchdog.start()
    try:
        for node, process in enumerate(processes):
            assert process.stdout is not None
            if process.stdout.readline().strip() != "READY":
                raise RunError(f"node {node} did not get ready")

        def tell(word: str) -> None:
            for process in reversed(processes):  # node 0, the kickstarted one, last
                assert process.stdin is not None
                process.stdin.write(word + "\n")
                process.stdin.flush()

        start, busy = time.monotonic(), busy_seconds()
        tell("GO")
        time.sleep(seconds)
        sent, busy = time.monotonic() - start, busy_seconds() - busy
        tell("GRACE")
        time.sleep(case.program.grace)
        tell("STOP")
        results = []
        for process in processes:
            assert process.stdout is not None
            results.append(json.loads(process.stdout.readline()))
    except (OSError, ValueError) as error:
        raise RunError(f"a node ended early: {error}") from error
    finally:
        watchdog.cancel()
        for process in processes:
            # A node whose stdin closes ends; not all do at once after a failure.
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
            end_group(process, 5.0)
            process.stdout.close()
    return sample_of_peers(results, seconds=sent, busy_seconds=busy)


def run_job(case: Case, seconds: float) -> Sample:
    """A launcher of its own that leaves one result file a node."""
    prefix = build_folder() / f"job-{os.getpid()}"
    files = [Path(f"{prefix}.{node}") for node in range(case.nodes)]
    names = {"n": case.nodes, "secs": seconds, "files": prefix}
    try:
        ended = run_to_end(fill(case.program.command, names), seconds + ALLOWANCE)
        if ended.status:
            last = " ".join(ended.errors.strip().splitlines()[-1:])
            raise RunError(f"exit {ended.status}: {last}")
        results = [json.loads(file.read_text()) for file in files]
    except OSError as error:
        raise RunError(f"no result: {error}") from error
    finally:
        for file in files:
            file.unlink(missing_ok=True)
    return sample_of_peers(results, seconds=seconds, busy_seconds=results[0]["busy"])


def run_corosync(case: Case, seconds: float) -> Sample:
    """A ring beside its daemons, which live only as long as the run."""
    script = str(PEERS / "corosync.sh")
    up = run_to_end([script, "up", str(case.nodes), "knet"], ALLOWANCE)
    try:
        if "Nodes" not in up.output:
            raise RunError("the daemons form no cluster")
        return run_ring(case, seconds)
    finally:
        run_to_end([script, "down"], ALLOWANCE)


def run_jgroups(case: Case, seconds: float) -> Sample:
    """JGroups' own script; its members are started one after the other."""
    periods = (f"{1000 * seconds:.0f}", f"{1000 * case.program.grace:.0f}")
    os.environ.setdefault("JG_WORK", str(build_folder() / "jgroups"))
    command = [str(PEERS / "jgroups.sh"), str(case.nodes), *periods]
    ended = run_to_end(command, seconds + case.program.grace + 2 * ALLOWANCE)
    return sample_of_jgroups(ended.output, nodes=case.nodes, seconds=seconds, foreign=ended.foreign)


def manifest(ours: Ours, *, nodes: int, seconds: float, grace: float) -> str:
    """The RingRun that makes one of our rows, as a user would write it."""
    lines = [
        "apiVersion: ringrun.dev/v1alpha1",
        "kind: RingRun",
        "metadata:",
        "  name: bench",
        "spec:",
        f"  nodes: {nodes}",
        "  seed: 0",
        f"  model: {ours.model}",
        "  periods:",
        f"    sendMilliseconds: {1000 * seconds:.0f}",
        f"    graceMilliseconds: {1000 * grace:.0f}",
    ]
    if ours.burst is not None:
        lines.append(f"  burst: {ours.burst}")
    if ours.spin_microseconds is not None:
        lines.append(f"  spinMicroseconds: {ours.spin_microseconds}")
    return "\n".join(lines) + "\n"


def ringrun(*arguments: str) -> list[str]:
    """The command line of our own program, as installed or from this checkout."""
    return [sys.executable, "-m", "ringrun", *arguments]


def ringrun_missing() -> str:
    """Why our own program cannot be run; empty if it can."""
    ended = run_to_end(ringrun("--help"), ALLOWANCE)
    if ended.status == 0:
        return ""
    last = " ".join(ended.errors.strip().splitlines()[-1:])
    return f"ringrun does not start ({last}): make install"


def write_manifest(ours: Ours, *, nodes: int, seconds: float, grace: float) -> Path:
    """The manifest as a file in the build folder."""
    file = build_folder() / f"ringrun-{os.getpid()}.yaml"
    file.write_text(manifest(ours, nodes=nodes, seconds=seconds, grace=grace))
    return file


def run_ringrun(case: Case, seconds: float) -> Sample:
    """A whole local run of ours. What else was busy is taken over the whole run, start included."""
    assert case.program.ours is not None
    grace = case.program.grace
    file = write_manifest(case.program.ours, nodes=case.nodes, seconds=seconds, grace=grace)
    try:
        ended = run_to_end(
            ringrun("run", str(file), "--output", "json"), seconds + grace + ALLOWANCE
        )
    finally:
        file.unlink()
    try:
        report = report_in(ended.output)
    except RunError as error:
        last = " ".join(ended.errors.strip().splitlines()[-1:])
        raise RunError(f"exit {ended.status}, {error}: {last}") from error
    return sample_of_report(report, nodes=case.nodes, seconds=seconds, foreign=ended.foreign)


def run_once(case: Case, seconds: float) -> Sample:
    """One run of a case; RunError if it gives no figures."""
    for wanted in case.program.builds:
        build(wanted)
    match case.program.kind:
        case Kind.RINGRUN:
            return run_ringrun(case, seconds)
        case Kind.RING:
            return run_ring(case, seconds)
        case Kind.JOB:
            return run_job(case, seconds)
        case Kind.COROSYNC:
            return run_corosync(case, seconds)
        case Kind.JGROUPS:
            return run_jgroups(case, seconds)
