"""What `ringrun simulate` was asked for, and the commands that ask for more of it.

They are printed to be copied, so whatever a shell would take apart is quoted.
"""

import shlex
from dataclasses import dataclass

from ringrun.simulation.case import Profile
from ringrun.spec import RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`spec` comes from `file`, or from flags alone; both None where every run draws its own."""

    spec: RunSpec | None = None
    file: str | None = None
    seed: int
    runs: int
    profile: Profile
    without: tuple[str, ...] = ()

    def replay(self, seed: int) -> str:
        """The command that shows this run again, in words."""
        return f"{self._command(seed, 1)} --trace"

    def rest(self, done: int) -> str:
        """The command for all runs but the first ones."""
        return self._command(self.seed + done, self.runs - done)

    def _command(self, seed: int, runs: int) -> str:
        words = ["ringrun", "simulate"]
        if self.file is not None:
            # A name with a hyphen before it would be taken for a flag.
            is_flag = self.file.startswith("-") and self.file != "-"
            words.append(f"./{self.file}" if is_flag else self.file)
        if self.spec is not None:
            words += ["--nodes", str(self.spec.nodes), "--model", str(self.spec.model)]
        words += ["--seed", str(seed), "--runs", str(runs), "--faults", str(self.profile)]
        for rule in self.without:
            words += ["--without", rule]
        return shlex.join(words)
