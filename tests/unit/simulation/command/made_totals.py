"""Totals of runs that were never made, for tests of what is said of them."""

from ringrun.simulation.command.totals import Totals
from ringrun.simulation.finish import Outcome
from ringrun.simulation.judge import Finding


def outcome(seed: int = 0, verdict: str = "Agreed", broken: int = 0, faults: int = 2) -> Outcome:
    findings = [Finding(promise=f"G{1 + number % 2}", text="bad") for number in range(broken)]
    return Outcome(
        seed=seed,
        findings=tuple(findings),
        verdict=verdict,
        deliveries=100,
        heartbeats=50,
        faults=faults,
        seconds=1.0,
    )


def totals(*outcomes: Outcome, shown: int = 10) -> Totals:
    total = Totals(shown=shown)
    for each in outcomes:
        total.add(each)
    return total
