"""The two programs that are run by hand: slaves that somebody started, and who finds them."""

from pathlib import Path

from ringrun.local.interrupts import Interrupts
from ringrun.report_text import OutputForm
from ringrun.spec import RunSpec

__all__ = ["run_master"]


def run_master(
    host: str,
    port: int,
    spec: RunSpec,
    slaves: tuple[tuple[str, int], ...] | None = None,
    journal: Path | None = None,
    *,
    output: OutputForm,
    debug: bool = False,
) -> int:
    """Do the run and print its outcome; the exit code. SpecError if there are no slaves for it."""
    # From here on whoever interrupts gets a last line, and the loading takes its time.
    with Interrupts() as interrupts:
        from ringrun.local.hand.master import master

        return master(
            host, port, spec, slaves, journal, output=output, debug=debug, interrupts=interrupts
        )
