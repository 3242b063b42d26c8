"""The folder of a run's journals: whether its disk has room, and what lies in it at the end.

A journal of a process that was killed has no end of its own. Its length, noted here by who saw the
process end, is how `ringrun verify` knows that the file is whole; docs/journal.md has the format of
the manifest, and what journals need. Called by `run`, before the first process and after the last.
"""

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Final

from ringrun.runtime.journal import SUFFIX
from ringrun.wording import size_text

MANIFEST: Final = "manifest.json"
_VERSION: Final = 1

GROWTH: Final = 3e6
"""Bytes a second for each core, at most: the ring's speed hangs on the cores, however many slaves
share them, and what a message costs in journals hangs on the slaves."""


def room_warning(folder: Path, seconds: float) -> str:
    """What is to be said before a run with so many seconds of SEND; empty if there is room.

    A guess: how fast a ring is, its machine decides.
    """
    needed = GROWTH * (os.cpu_count() or 1) * seconds
    free = shutil.disk_usage(folder).free
    if free >= needed:
        return ""
    return (
        f"--journal: {folder} has {size_text(free)} free, and journals of {seconds:g} s may take "
        f"{size_text(needed)}; a slave that cannot write its journal ends"
    )


def write_manifest(folder: Path, report: bytes) -> int:
    """Note the journals of a folder and the bytes of its report; how many bytes the journals have.

    OSError if the folder cannot be read or written.
    """
    lengths = {
        path.name.removesuffix(SUFFIX): path.stat().st_size
        for path in sorted(folder.iterdir())
        if path.suffix == SUFFIX
    }
    document = {
        "version": _VERSION,
        "journals": lengths,
        "report": sha256(report).hexdigest(),
    }
    temporary = folder / f"{MANIFEST}.new"
    temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / MANIFEST)
    return sum(lengths.values())
