"""Which progress fits where it goes; called by `main`."""

from typing import IO

from ringrun.simulation.command.progress import Lines, Progress, Silent


def progress_for(out: IO[str] | None, runs: int, *, silent: bool) -> Progress:
    """The one that fits where it goes; none for a single run, or where there is no stderr."""
    if silent or out is None or out.closed or runs < 2:
        return Silent()
    if not out.isatty():
        return Lines(out, runs)
    # Loaded only where it can be seen.
    from ringrun.simulation.command.bar import Bar, moves

    return Bar(out, runs) if moves(out) else Lines(out, runs)
