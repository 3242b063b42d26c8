"""`ringrun verify DIR`: reads a folder of journals, prints what they tell, keeps what is broken."""

import json
import mmap
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from ringrun.verify.checking import check
from ringrun.verify.evidence import REPORT, Evidence
from ringrun.verify.findings import Verification
from ringrun.verify.progress import Progress
from ringrun.verify.reading.columns import Data
from ringrun.verify.reading.forms import Count
from ringrun.verify.reading.reader import UnreadableError
from ringrun.verify.text import document_of, lines_of

CLEAN, BROKEN, NOTHING_TO_CHECK, INCOMPLETE = 0, 1, 2, 3
"""Exit codes, as `ringrun.exit_codes` has them."""

_SUFFIX = ".journal"
_REPORT = "report.json"
_MANIFEST = "manifest.json"
_KEPT = "verify.json"

# A node's times are read at the start of a turn of its loop, so that two nodes may tell one after
# the other what happened the other way round, by as long as a turn takes on a busy machine.
_CLOCK_SLACK = 0.25


class _Manifest(msgspec.Struct, rename="camel"):
    """What whoever saw the run end wrote beside the journals: nothing of them is younger."""

    version: int
    journals: dict[str, Count]
    report: str


def main(directory: Path) -> int:
    """Check a folder: 0 clean, 1 broken, 2 nothing that can be checked, 3 not all could be."""
    evidence = Evidence()
    try:
        with Progress(sys.stderr) as progress:
            journals = _journals(directory)
            manifest = _manifest(directory, evidence)
            report = _report(directory, manifest, evidence)
            verification = check(
                journals,
                report,
                same_clock=True,
                clock_slack=_CLOCK_SLACK,
                evidence=evidence,
                lengths=None if manifest is None else manifest.journals,
                progress=progress.show,
            )
    except UnreadableError as error:
        print(f"{directory}: {error}", file=sys.stderr)
        return NOTHING_TO_CHECK
    except OSError as error:
        print(f"{error.filename or directory}: {error.strerror}", file=sys.stderr)
        return NOTHING_TO_CHECK
    _keep(directory / _KEPT, verification)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(lines_of(verification, str(directory / _KEPT), width)))
    if verification.broken:
        return BROKEN
    return CLEAN if verification.clean else INCOMPLETE


def _keep(kept: Path, verification: Verification) -> None:
    """Findings and gaps as data; what an earlier look kept is not left to contradict this one."""
    if verification.clean and not kept.exists():
        return
    try:
        kept.write_text(json.dumps(document_of(verification), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        print(f"{kept} could not be written: {error.strerror}", file=sys.stderr)


def _journals(directory: Path) -> dict[str, Data]:
    journals = {
        path.stem: _mapped(path) for path in sorted(directory.iterdir()) if path.suffix == _SUFFIX
    }
    if not journals:
        raise UnreadableError(f"no *{_SUFFIX} files; give the folder that --journal named")
    return journals


def _manifest(directory: Path, evidence: Evidence) -> _Manifest | None:
    try:
        return msgspec.json.decode((directory / _MANIFEST).read_bytes(), type=_Manifest)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        evidence.remark(f"no journal's length is known, as {_MANIFEST} is damaged: {error}")
        return None


def _report(
    directory: Path, manifest: _Manifest | None, evidence: Evidence
) -> dict[str, Any] | None:
    """The report as it was written; a gap if there is none."""
    try:
        data = (directory / _REPORT).read_bytes()
    except FileNotFoundError:
        evidence.lacks(REPORT, f"there is no {_REPORT}")
        return None
    if manifest is not None and manifest.report != sha256(data).hexdigest():
        evidence.lacks(REPORT, "the report is damaged", f": it is not what {_MANIFEST} knows")
        return None
    try:
        report = json.loads(data)
    except ValueError as error:
        evidence.lacks(REPORT, "the report is damaged", f": it is not JSON: {error}")
        return None
    if not isinstance(report, dict):
        evidence.lacks(REPORT, "the report is damaged", ": it is not a report")
        return None
    return report


def _mapped(path: Path) -> Data:
    """The file's bytes, read as they are needed."""
    if not path.is_file():
        return b""  # Whatever it is, it holds nothing.
    with path.open("rb") as file:
        if not path.stat().st_size:
            return b""  # An empty file cannot be mapped.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
