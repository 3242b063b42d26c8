"""The printed tables: outcomes of cases in, lines of text out.

Pure; called by the comparison when all rounds are done. A row that does not count is in the table
all the same, with its reason. Ratios are taken only between rows that count.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.measure import Figures, Sample, figures_of
from bench.programs import ERLANG, C, Case, Family, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one case: its runs, or why there are none (`skipped`), or why one failed."""

    case: Case
    samples: tuple[Sample, ...] = ()
    skipped: str = ""
    failed: str = ""

    def figures(self, rounds: int) -> Figures | None:
        """Medians over the runs; None if there is none, or one of them broke off."""
        if self.skipped or self.failed or not self.samples:
            return None
        return figures_of(self.samples, rounds)


Outcomes = Mapping[tuple[str, int], Outcome]


def whole(value: float) -> str:
    """A figure as a whole number with thousands separated; a dash for one that is not given."""
    return "-" if math.isnan(value) else f"{value:,.0f}"


def short(value: float) -> str:
    """A figure with three significant digits, never in exponents; a dash for none."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 or value == 0 else f"{value:.4f}"


def render(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Aligned columns: the first and the last to the left, the others to the right."""
    lines = [list(headers), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    last = len(headers) - 1

    def aligned(line: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    rule = "  ".join("-" * width for width in widths).rstrip()
    return [aligned(lines[0]), rule, *[aligned(line) for line in lines[1:]]]


def counted_rate(outcomes: Outcomes, name: str, nodes: int, rounds: int) -> float:
    """The median rate of a row that counts; NaN if it does not count or was not run."""
    outcome = outcomes.get((name, nodes))
    figures = outcome.figures(rounds) if outcome else None
    return figures.rate if figures and figures.identical else math.nan


def ratio(rate: float, reference: float) -> float:
    """`rate` over `reference`; NaN where either is not to be had."""
    return rate / reference if reference > 0 else math.nan


MAIN_HEADERS = (
    "program",
    "n",
    "approved/s",
    "x Erlang",
    "x C",
    "CPU us/msg",
    "ns/entry/node",
    "p50 us",
    "p99 us",
    "cores",
    "foreign",
    "spread",
    "runs",
    "results",
)


def main_row(outcome: Outcome, outcomes: Outcomes, rounds: int) -> list[str]:
    """One line of the comparison."""
    case, family = outcome.case, outcome.case.program.family
    figures = outcome.figures(rounds)
    if figures is None:
        reason = f"skipped: {outcome.skipped}" if outcome.skipped else f"FAILED: {outcome.failed}"
        return [case.program.name, str(case.nodes), *["-"] * 11, reason]
    own = figures.rate if figures.identical else math.nan
    erlang = counted_rate(outcomes, ERLANG[family], case.nodes, rounds)
    c = counted_rate(outcomes, C[family], case.nodes, rounds)
    agreed = "Agreed" if case.program.kind is Kind.RINGRUN else "identical"
    busy = "" if figures.quiet_runs == figures.runs else f", {figures.quiet_runs} quiet"
    return [
        case.program.name,
        str(case.nodes),
        whole(figures.rate),
        short(ratio(own, erlang)),
        short(ratio(own, c)),
        short(figures.cpu_microseconds),
        short(1000 * figures.cpu_microseconds / case.nodes),
        short(figures.p50_microseconds),
        short(figures.p99_microseconds),
        f"{figures.cores:.2f}" if not math.isnan(figures.cores) else "-",
        f"{figures.foreign:.2f}",
        f"{100 * figures.spread:.0f}%",
        f"{figures.runs}{busy}",
        agreed if figures.identical else f"DOES NOT COUNT: {figures.remark}",
    ]


def main_table(outcomes: Outcomes, rounds: int) -> list[str]:
    """The comparison: by ring size, lockstep before the pipelined."""
    families = list(Family)
    ordered = sorted(
        outcomes.values(),
        key=lambda outcome: (outcome.case.nodes, families.index(outcome.case.program.family)),
    )
    return render(MAIN_HEADERS, [main_row(outcome, outcomes, rounds) for outcome in ordered])


def scaling_table(outcomes: Outcomes, nodes: Sequence[int], rounds: int) -> list[str]:
    """Cost against n: approved messages a second and CPU of a message, by ring size."""
    names = list(
        dict.fromkeys(
            outcome.case.program.name
            for outcome in outcomes.values()
            if outcome.case.program.scaled_to
        )
    )
    headers = ["program", *[f"n={n}: /s" for n in nodes], *[f"n={n}: CPU us" for n in nodes], ""]
    rows = []
    for name in names:
        rates, costs = [], []
        for size in nodes:
            outcome = outcomes.get((name, size))
            figures = outcome.figures(rounds) if outcome else None
            counts = figures is not None and figures.identical
            rates.append(whole(figures.rate) if figures and counts else "-")
            costs.append(short(figures.cpu_microseconds) if figures and counts else "-")
        rows.append([name, *rates, *costs, ""])
    return render(headers, rows)


def designed_frames(case: Case) -> tuple[float, int]:
    """Frames an approved message costs by docs/protocol.md, and how many a run may be off.

    A run may be off by what was under way when SEND ended: one message of lockstep, a window of
    turns, the visits of a train's last two rounds.
    """
    ours = case.program.ours
    assert ours is not None
    n, batch = case.nodes, ours.entries_a_frame
    match ours.model:
        case "lockstep":
            return 3 * (n - 1), 3 * (n - 1)
        case "window":
            return (n - 1) / batch, 2 * (n + 1) * (n - 1)
        case _:
            return 1 / batch, 3 * n


def frames_table(outcomes: Outcomes) -> list[str]:
    """Frames counted in SEND against the design's, for every agreed run of ours: the worst one."""
    rows = []
    for outcome in outcomes.values():
        runs = [s for s in outcome.samples if s.identical and s.frames is not None]
        if outcome.case.program.ours is None or not runs:
            continue
        each, margin = designed_frames(outcome.case)
        worst = max(runs, key=lambda run: abs((run.frames or 0) - each * run.count))
        frames = worst.frames or 0
        off = frames - each * worst.count
        rows.append(
            [
                outcome.case.program.name,
                str(outcome.case.nodes),
                whole(worst.count),
                whole(frames),
                f"{frames / worst.count:.6f}",
                f"{each:.6f}",
                f"{off:+,.0f}",
                str(margin),
                "as designed" if abs(off) <= margin else f"OFF by {100 * off / frames:+.2f}%",
            ]
        )
    headers = (
        "program",
        "n",
        "messages",
        "frames",
        "frames/msg",
        "design",
        "off",
        "edge",
        "",
    )
    return render(headers, rows) if rows else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure that the project demands of itself at n=4."""

    says: str
    program: str
    reference: str  # empty: nanoseconds of CPU an entry a node, at most
    bound: float


TARGETS = (
    Target(
        says="lockstep at least 1.5 times Erlang's",
        program="ringrun lockstep",
        reference="erlang lockstep",
        bound=1.5,
    ),
    Target(
        says="lockstep at least C's",
        program="ringrun lockstep",
        reference="C lockstep",
        bound=1.0,
    ),
    Target(
        says="lockstep without spin at least 0.9 of Erlang's",
        program="ringrun lockstep, spin 0",
        reference="erlang lockstep",
        bound=0.9,
    ),
    Target(
        says="window, bursts of 1,024, at least 50 times Erlang's window of 64",
        program="ringrun window, burst 1024",
        reference="erlang W64",
        bound=50,
    ),
    Target(
        says="train at least 100 times Erlang's window of 64",
        program="ringrun train",
        reference="erlang W64",
        bound=100,
    ),
    Target(
        says="train at most 60 ns of CPU an entry a node",
        program="ringrun train",
        reference="",
        bound=60,
    ),
)


def target_row(target: Target, outcomes: Outcomes, rounds: int, nodes: int) -> list[str]:
    """One target, what was measured, and whether that meets it."""
    outcome = outcomes.get((target.program, nodes))
    figures = outcome.figures(rounds) if outcome else None
    if figures is None or not figures.identical:
        return [target.says, "-", "not measured"]
    if target.reference:
        got = ratio(figures.rate, counted_rate(outcomes, target.reference, nodes, rounds))
        met = got >= target.bound
    else:
        got = 1000 * figures.cpu_microseconds / nodes
        met = got <= target.bound
    if math.isnan(got):
        return [target.says, "-", f"not measured ({target.reference} is not there)"]
    busy = "" if figures.quiet_runs == figures.runs else " (busy machine)"
    return [target.says, short(got), ("met" if met else "NOT MET") + busy]


def target_table(outcomes: Outcomes, rounds: int, nodes: int) -> list[str]:
    """What is asked of speed, and what was measured in this run."""
    rows = [target_row(target, outcomes, rounds, nodes) for target in TARGETS]
    return render(("asked", "measured", ""), rows)
