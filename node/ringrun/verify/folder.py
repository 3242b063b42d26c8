"""`ringrun verify DIR`: reads a folder of journals, prints what they tell, keeps what is broken."""

import json
import mmap
import sys
from pathlib import Path
from typing import Any

from ringrun.verify.checking import check
from ringrun.verify.reading.reader import Data, UnreadableError
from ringrun.verify.text import document_of, lines_of

_SUFFIX = ".journal"
_REPORT = "report.json"
_KEPT = "verify.json"

# A node's times are read at the start of a turn of its loop, so that two nodes may tell one after
# the other what happened the other way round, by as long as a turn takes on a busy machine.
_CLOCK_SLACK = 0.25


def main(directory: Path) -> int:
    """Check a folder: 0 clean, 1 a promise is broken, 2 nothing that can be checked."""
    try:
        journals, report = _read(directory)
        verification = check(journals, report, same_clock=True, clock_slack=_CLOCK_SLACK)
    except UnreadableError as error:
        print(f"{directory}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or directory}: {error.strerror}", file=sys.stderr)
        return 2
    kept = directory / _KEPT
    print("\n".join(lines_of(verification, str(kept))))
    if verification.clean:
        return 0
    try:
        kept.write_text(json.dumps(document_of(verification), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        print(f"{kept} could not be written: {error.strerror}", file=sys.stderr)
    return 1


def _read(directory: Path) -> tuple[dict[str, Data], dict[str, Any] | None]:
    journals: dict[str, Data] = {}
    for path in sorted(directory.iterdir()):
        if path.suffix == _SUFFIX:
            journals[path.stem] = _mapped(path)
    if not journals:
        raise UnreadableError(f"no *{_SUFFIX} files; give the folder that --journal named")
    try:
        report = json.loads((directory / _REPORT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return journals, None
    except ValueError as error:
        raise UnreadableError(f"{_REPORT} is not JSON: {error}") from error
    if not isinstance(report, dict):
        raise UnreadableError(f"{_REPORT} is not a report")
    return journals, report


def _mapped(path: Path) -> Data:
    """The file's bytes, read as they are needed."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return b""  # An empty file cannot be mapped.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
