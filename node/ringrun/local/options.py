"""What the user of `ringrun run` may choose besides the RingRun itself; made by `ringrun.cli`."""

from dataclasses import dataclass
from pathlib import Path

from ringrun.report_text import OutputForm

__all__ = ["OutputForm", "RunOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Folders are made if they do not exist; what is there must be empty."""

    output: OutputForm = OutputForm.TEXT
    quiet: bool = False
    debug: bool = False
    journal: Path | None = None
    run_dir: Path | None = None
