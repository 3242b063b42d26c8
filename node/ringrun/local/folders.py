"""The folders of a local run: its own files, and the journals if the user wants them.

The run's own: `record/` and `report/` (numbered files), `report.json`, `orders.json`, `results/`
and `logs/` of its processes. Made by `run`, read and written by `supervisor` and by the children.
"""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ringrun.core.messages import Result
from ringrun.local.leftovers import KEPT_DAYS, PREFIX, mark, remove_old
from ringrun.local.options import RunOptions
from ringrun.spec import SpecError
from ringrun.wording import system_words, unnumbered


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Absolute paths. `temporary`: the run's folder is removed when all went well."""

    run_dir: Path
    journal: Path | None
    temporary: bool

    @property
    def record(self) -> Path:
        return self.run_dir / "record"

    @property
    def report(self) -> Path:
        return self.run_dir / "report"

    @property
    def orders(self) -> Path:
        return self.run_dir / "orders.json"

    def keep_orders(self, line: bytes) -> None:
        """These are the orders from now on; OSError if the disk does not take them."""
        temporary = self.orders.with_suffix(".new")
        temporary.write_bytes(line)
        temporary.replace(self.orders)

    def log(self, name: str) -> Path:
        """Where the process of this name writes its stdout and stderr."""
        return self.run_dir / "logs" / f"{name}.log"

    def result(self, name: str) -> Result | None:
        """The result that this slave has kept; None if it did not come that far."""
        try:
            content = (self.run_dir / "results" / f"{name}.json").read_bytes()
            return msgspec.json.decode(content, type=Result)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def results(self) -> list[Result]:
        """All results that were kept, in no order that means anything."""
        names = sorted(path.stem for path in (self.run_dir / "results").glob("s*.json"))
        return [result for name in names if (result := self.result(name)) is not None]

    def last_words(self, name: str) -> str:
        """The last line that this process printed, shortened; empty if none."""
        try:
            with self.log(name).open("rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - 2000))
                lines = log.read().decode(errors="replace").split("\n")
        except FileNotFoundError:
            return ""
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return unnumbered(last)[:200]

    @property
    def kept(self) -> str:
        """What a user is told of files that stay."""
        return (
            "The run's own files (each process's log, the record, the report) are kept for "
            f"{KEPT_DAYS} days in {self.run_dir}"
        )

    def remove(self) -> None:
        """Remove the run's own files."""
        shutil.rmtree(self.run_dir, ignore_errors=True)


def make_folders(name: str, options: RunOptions) -> Folders:
    """The folders of a run, made; SpecError with a line for each that cannot be used."""
    faults: list[str] = []
    journal = _make("--journal", options.journal, faults)
    run_dir = _make("--run-dir", options.run_dir, faults)
    if journal is not None and journal == run_dir:
        faults.append(f"--run-dir: {options.run_dir} must not be the folder of --journal")
    if faults:
        raise SpecError(faults)
    temporary = run_dir is None
    try:
        if run_dir is None:
            run_dir = _temporary(name)
        for folder in ("record", "report", "results", "logs"):
            (run_dir / folder).mkdir()
    except OSError as error:
        place = "--run-dir" if run_dir is None else f"--run-dir: {run_dir}"
        fault = f"{place}: the run's own files cannot be made: {system_words(error)}"
        raise SpecError([f"{fault}; give another folder"]) from error
    return Folders(run_dir=run_dir, journal=journal, temporary=temporary)


def _temporary(name: str) -> Path:
    remove_old(Path(tempfile.gettempdir()), time.time())
    made = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-"))
    mark(made)
    return made


def _make(place: str, folder: Path | None, faults: list[str]) -> Path | None:
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            # Two runs' files in one folder would be taken for one run's.
            faults.append(f"{place}: {folder} must be empty; give a new folder or empty it")
        elif not os.access(folder, os.W_OK | os.X_OK):
            faults.append(f"{place}: {folder} must be a folder to write in: Permission denied")
    except OSError as error:
        faults.append(f"{place}: {folder} must be a folder to write in: {error.strerror}")
    return folder.resolve()
