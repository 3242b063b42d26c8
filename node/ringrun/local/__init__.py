"""A whole run on this machine: the supervisor is to it what the operator is to a cluster.

`run` is called by `ringrun.cli` with a checked spec and gives the exit code. What is decided is
decided in `ringrun.core.supervisor.roster`; here are processes, files and the screen.
"""

from ringrun.local.options import OutputForm, RunOptions
from ringrun.spec import RunSpec

__all__ = ["OutputForm", "RunOptions", "run"]


def run(spec: RunSpec, options: RunOptions) -> int:
    """Run it to its end and print what came of it; 0, 1, 2 or 130 as docs/operations.md has it."""
    # Imported here so that `ringrun --help` need not load asyncio and rich.
    from ringrun.local.run import run_here

    return run_here(spec, options)
