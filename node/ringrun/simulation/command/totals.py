"""Sums over many runs, and what is said of them at the end."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Final

from ringrun.report import Verdict
from ringrun.simulation.command.commands import Asked
from ringrun.simulation.finish import Outcome

# Seeds of broken runs that are not shown are named up to here.
_NAMED: Final = 20
_WIDTH: Final = 80

_AFTER_FAULTS: Final = {
    Verdict.FAILED: "all slaves or masters dead, the record lost, the run aborted",
    Verdict.PARTIAL: "a slave's result lost, or cut short",
}
"""What makes these verdicts right."""


@dataclass(slots=True)
class Totals:
    """Of the broken runs the first `shown` have been printed; the others are named at the end."""

    shown: int = 0
    runs: int = 0
    broken: int = 0
    findings: int = 0
    deliveries: int = 0
    heartbeats: int = 0
    faults: int = 0
    promises: dict[str, None] = field(default_factory=dict)
    """Those that were broken, in the order in which they were."""
    verdicts: Counter[str] = field(default_factory=Counter)
    unshown: list[int] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.runs += 1
        self.deliveries += outcome.deliveries
        self.heartbeats += outcome.heartbeats
        self.faults += outcome.faults
        self.verdicts[outcome.verdict] += 1
        if outcome.findings:
            self.broken += 1
            self.findings += len(outcome.findings)
            for finding in outcome.findings:
                self.promises.setdefault(finding.promise)
            if self.broken > self.shown:
                self.unshown.append(outcome.seed)

    def verdicts_text(self) -> str:
        """`Agreed 17, Partial 3`; empty before the first run."""
        return ", ".join(f"{name} {many:,}" for name, many in sorted(self.verdicts.items()))

    def broken_text(self) -> str:
        """`no broken promise`, or how many, in how many runs."""
        if not self.findings:
            return "no broken promise"
        return f"{counted(self.findings, 'broken promise')} in {counted(self.broken, 'run')}"

    def lines(self, asked: Asked, seconds: float) -> Iterator[str]:
        """What was tried, and what came of it; at most 80 columns wide."""
        for sentence in self._sentences(asked, seconds):
            yield from wrap(sentence, _WIDTH, break_on_hyphens=False)

    def _sentences(self, asked: Asked, seconds: float) -> Iterator[str]:
        yield self._tried(asked, seconds)
        if not self.runs:
            return
        yield self._averages()
        if self.unshown:
            yield self._not_shown()
        promises = f" ({', '.join(self.promises)})" if self.promises else ""
        yield f"{self.verdicts_text()}: {self.broken_text()}{promises}."
        yield self._legitimate()

    def _tried(self, asked: Asked, seconds: float) -> str:
        rate = f"{seconds:.1f} s, {self.runs / max(seconds, 1e-9):,.0f} runs/s"
        first, last = asked.seed, asked.seed + self.runs - 1
        which = f"seed {first}" if self.runs == 1 else f"seeds {first} to {last}"
        how = f"faults {asked.profile}"
        if asked.without:
            how += f", without {', '.join(asked.without)}"
        if self.runs < asked.runs:
            begun = f"Interrupted: {self.runs:,} of {counted(asked.runs, 'run')} in"
            return f"{begun} {rate}: {which if self.runs else 'no seed'}, {how}."
        return f"{counted(self.runs, 'run')} in {rate}: {which}, {how}."

    def _averages(self) -> str:
        if self.runs == 1:
            parts = (
                counted(self.deliveries, "message"),
                counted(self.heartbeats, "heartbeat"),
                counted(self.faults, "fault"),
            )
            return f"It had {parts[0]}, {parts[1]} and {parts[2]}."
        runs = self.runs
        return (
            f"On average {self.deliveries / runs:.0f} messages, {self.heartbeats / runs:.0f} "
            f"heartbeats and {self.faults / runs:.1f} faults a run."
        )

    def _not_shown(self) -> str:
        seeds = ", ".join(str(seed) for seed in self.unshown[:_NAMED])
        more = len(self.unshown) - _NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        word = "seed" if len(self.unshown) == 1 else "seeds"
        return f"Broken too, and not shown above: {word} {seeds}{rest}."

    def _legitimate(self) -> str:
        """A sentence on the verdicts that people may wonder at; empty without them."""
        found = [name for name in _AFTER_FAULTS if name in self.verdicts]
        if not found or not self.faults:
            return ""
        if len(found) == 1:
            return f"{found[0]} is a right verdict after faults: {_AFTER_FAULTS[found[0]]}."
        reasons = "; ".join(f"{_AFTER_FAULTS[name]} ({name})" for name in found)
        return f"{' and '.join(found)} are right verdicts after faults: {reasons}."


def counted(number: int, what: str) -> str:
    """`1 run`, `2,000 runs`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
