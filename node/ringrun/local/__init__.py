"""A whole run on this machine: the supervisor is to it what the operator is to a cluster.

`run` is called by `ringrun.cli` with a checked spec and gives the exit code. What is decided is
decided in `ringrun.core.supervisor.roster`; here are processes, files and the screen.
"""

from ringrun.local.interrupts import Interrupts
from ringrun.local.options import OutputForm, RunOptions
from ringrun.spec import RunSpec

__all__ = ["OutputForm", "RunOptions", "run"]


def run(spec: RunSpec, options: RunOptions) -> int:
    """Run it to its end and print what came of it; the exit code (docs/operations.md)."""
    # From here on whoever interrupts gets a last line, and the loading takes its time.
    with Interrupts() as interrupts:
        # Imported here so that `ringrun --help` need not load asyncio and rich.
        from ringrun.local.run import run_here

        return run_here(spec, options, interrupts)
