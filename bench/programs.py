"""The catalogue: every program that the comparison can run, what it needs, what it is compared to.

Called by the comparison to choose cases and by the launcher for command lines. Leaves out how a
program is started (`launch`) and what its figures mean (`measure`).
"""

import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"


class Kind(Enum):
    """How a program is started and where its results are."""

    RINGRUN = "ringrun"  # `ringrun run FILE --output json`
    RING = "ring"  # a process a node; GO, GRACE and STOP on its stdin, its result on stdout
    JOB = "job"  # a launcher of its own (mpirun) that leaves a result file a node
    COROSYNC = "corosync"  # as RING, with a daemon a node in network namespaces
    JGROUPS = "jgroups"  # a script of its own that prints one line


class Family(Enum):
    """What a row is compared to: one message at a time, or many under way."""

    LOCKSTEP = "lockstep"
    PIPELINED = "pipelined"


# The rows that ratios refer to, by family.
ERLANG = {Family.LOCKSTEP: "erlang lockstep", Family.PIPELINED: "erlang W64"}
C = {Family.LOCKSTEP: "C lockstep", Family.PIPELINED: "C mesh W64 eager"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that must be on the machine, and what brings it."""

    what: str
    brought_by: str
    present: Callable[[], bool]


def tool(name: str, package: str) -> Need:
    """An executable on the path, from a Debian package."""
    return Need(
        what=name,
        brought_by=f"Debian package {package}",
        present=lambda: (
            shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None
        ),
    )


def header(path: str, package: str) -> Need:
    """A C header, from a Debian package."""
    return Need(
        what=path,
        brought_by=f"Debian package {package}",
        present=(Path("/usr/include") / path).exists,
    )


def module(name: str) -> Need:
    """A Python module in the environment that runs the comparison."""
    return Need(
        what=f"Python's {name}",
        brought_by=f"`pip install {name}` in the environment that runs bench/run.py",
        present=lambda: importlib.util.find_spec(name) is not None,
    )


ROOT = Need(what="root", brought_by="running as root", present=lambda: os.geteuid() == 0)
GCC = tool("gcc", "gcc")
ERL = tool("erl", "erlang-base")
ERLC = tool("erlc", "erlang-base")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A file made from a peer's source: {out} and {source} are filled into the command."""

    output: str
    source: str
    command: tuple[str, ...]


CNODE = Build(
    output="cnode", source="cnode.c", command=("gcc", "-O2", "-w", "-o", "{out}", "{source}")
)
RING_BEAM = Build(
    output="ring.beam", source="ring.erl", command=("erlc", "-o", "{folder}", "{source}")
)
MPIRING = Build(
    output="mpiring", source="mpiring.c", command=("mpicc", "-O2", "-w", "-o", "{out}", "{source}")
)
CPGRING = Build(
    output="cpgring",
    source="cpgring.c",
    command=("gcc", "-O2", "-w", "-o", "{out}", "{source}", "-lcpg"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """The part of a RingRun's spec that makes one of our rows; None leaves the default."""

    model: str
    burst: int | None = None
    spin_microseconds: int | None = None

    @property
    def entries_a_frame(self) -> int:
        """b or B of docs/protocol.md: entries of a turn or a station."""
        return self.burst or {"lockstep": 1, "window": 64, "train": 4096}[self.model]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One row's program. The command's {id} {n} {port} {build} {peers} {python} are filled in."""

    name: str
    kind: Kind
    family: Family
    command: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    builds: tuple[Build, ...] = ()
    grace: float = 1.0
    required: bool = True  # part of a plain `make bench`; the others come with --all
    scaled_to: int = 0  # the largest n at which cost against n is measured; 0 is not at all
    ours: Ours | None = None

    def missing(self) -> str:
        """What this machine lacks for the program, as a sentence; empty if nothing."""
        lacking = [need for need in self.needs if not need.present()]
        return "; ".join(f"{need.what} is missing ({need.brought_by})" for need in lacking)


def family_of(window: int, mode: str) -> Family:
    """Lockstep is one message under way, the next sent on approval; all else is pipelined."""
    return Family.LOCKSTEP if window == 1 and mode == "approve" else Family.PIPELINED


def ours(name: str, settings: Ours, *, scaled_to: int = 0) -> Program:
    """A row of our own."""
    family = Family.LOCKSTEP if settings.model == "lockstep" else Family.PIPELINED
    return Program(
        name=f"ringrun {name}",
        kind=Kind.RINGRUN,
        family=family,
        ours=settings,
        scaled_to=scaled_to,
    )


def erlang(name: str, window: int, mode: str, *, scaled_to: int = 0) -> Program:
    """A row on distributed Erlang; it gets 2 s to drain, as in bench/README.md."""
    return Program(
        name=f"erlang {name}",
        kind=Kind.RING,
        family=family_of(window, mode),
        command=("{peers}/erlnode.sh", "{id}", "{n}", "{port}", str(window), mode, "default"),
        needs=(ERL, ERLC),
        builds=(RING_BEAM,),
        grace=2.0,
        required=scaled_to > 0,
        scaled_to=scaled_to,
    )


def c(name: str, window: int, mode: str, shape: str = "mesh", *, required: bool = False) -> Program:
    """A row in C on epoll."""
    return Program(
        name=f"C {name}",
        kind=Kind.RING,
        family=family_of(window, mode),
        command=("{build}/cnode", "{id}", "{n}", "{port}", str(window), mode, shape),
        needs=(GCC,),
        builds=(CNODE,),
        required=required,
    )


def python(name: str, script: str, *arguments: str, required: bool = False) -> Program:
    """A Python floor on uvloop: neither sum nor digest."""
    return Program(
        name=f"py {name}",
        kind=Kind.RING,
        family=family_of(int(arguments[0]), arguments[1]),
        command=("{python}", "{peers}/" + script, "{id}", "{n}", "{port}", "uvloop", *arguments),
        needs=(module("uvloop"),),
        required=required,
    )


def mpi(name: str, transport: str, *arguments: str) -> Program:
    """A row on OpenMPI, over TCP or shared memory (vader)."""
    loopback = ("--mca", "btl_tcp_if_include", "lo") if transport == "tcp" else ()
    options = ("--oversubscribe", "-n", "{n}", "--mca", "btl", f"{transport},self", *loopback)
    return Program(
        name=f"mpi {transport} {name}",
        kind=Kind.JOB,
        family=family_of(int(arguments[1]), arguments[2]),
        command=(
            *("mpirun", *options, "--mca", "mpi_yield_when_idle", "1"),
            *("{build}/mpiring", "{secs}", "{files}", *arguments),
        ),
        needs=(tool("mpirun", "openmpi-bin"), tool("mpicc", "libopenmpi-dev")),
        builds=(MPIRING,),
        required=False,
    )


def corosync(name: str, *arguments: str, grace: float = 3.0) -> Program:
    """A row on Corosync's closed process groups: agreed order, weaker than approved."""
    return Program(
        name=f"corosync {name}",
        kind=Kind.COROSYNC,
        family=Family.LOCKSTEP if arguments[0] == "1" and "ring" in arguments else Family.PIPELINED,
        command=(
            *("ip", "netns", "exec", "cs{id}"),
            *("{build}/cpgring", "{id}", "{n}", *arguments, "{build}/cs/pid.{id}"),
        ),
        needs=(
            tool("corosync", "corosync"),
            header("corosync/cpg.h", "libcpg-dev"),
            tool("ip", "iproute2"),
            GCC,
            ROOT,
        ),
        builds=(CPGRING,),
        grace=grace,
        required=False,
    )


JGROUPS = Program(
    name="jgroups sequencer flood",
    kind=Kind.JGROUPS,
    family=Family.PIPELINED,
    needs=(
        tool("javac", "default-jdk-headless"),
        tool("mvn", "maven"),
        tool("unzip", "unzip"),
    ),
    grace=3.0,
    required=False,
)

PROGRAMS: tuple[Program, ...] = (
    erlang("lockstep", 1, "approve", scaled_to=8),
    c("lockstep", 1, "approve", required=True),
    python("tcp uvloop lockstep", "pynode.py", "1", "approve", "tcp", required=True),
    ours("lockstep", Ours(model="lockstep"), scaled_to=512),
    ours("lockstep, spin 0", Ours(model="lockstep", spin_microseconds=0)),
    erlang("W64", 64, "approve", scaled_to=8),
    c("mesh W64 eager", 64, "eager", required=True),
    ours("window, burst 64", Ours(model="window", burst=64)),
    ours("window, burst 1024", Ours(model="window", burst=1024), scaled_to=512),
    ours("train", Ours(model="train"), scaled_to=512),
    erlang("eager", 1, "eager"),
    c("mesh eager", 1, "eager"),
    c("mesh W64", 64, "approve"),
    c("relay W64", 64, "approve", "relay"),
    c("relay W64 eager", 64, "eager", "relay"),
    python("tcp uvloop eager", "pynode.py", "1", "eager", "tcp"),
    python("batched mesh W64", "pyfast.py", "64", "approve", "mesh"),
    python("batched mesh W64 eager", "pyfast.py", "64", "eager", "mesh"),
    python("batched relay W64 eager", "pyfast.py", "64", "eager", "relay"),
    mpi("lockstep (spinning)", "tcp", "mesh", "1", "approve"),
    mpi("slots 64 (spinning)", "tcp", "slots", "64", "approve"),
    corosync("lockstep", "1", "64", "ring"),
    corosync("flood 64 bytes", "1", "64", "flood", grace=10.0),
    JGROUPS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One program at one ring size: one row."""

    program: Program
    nodes: int

    @property
    def label(self) -> str:
        """What --only is matched against."""
        return f"{self.program.name} n={self.nodes}"


def cases(nodes: tuple[int, ...], *, everything: bool) -> list[Case]:
    """All programs at the first ring size; at the others those whose cost against n is asked."""
    chosen = [
        Case(program=program, nodes=nodes[0])
        for program in PROGRAMS
        if program.required or everything
    ]
    for size in nodes[1:]:
        chosen += [
            Case(program=program, nodes=size) for program in PROGRAMS if size <= program.scaled_to
        ]
    return chosen
