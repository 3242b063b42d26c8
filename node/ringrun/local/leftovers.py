"""Folders that earlier runs of this user left behind: removed once they are old and nobody's.

Called by `folders` when it makes another one. A folder is taken for such a one by the mark in it
alone, which has the process that made it; what lacks the mark, is young, belongs to somebody else
or is a link is never touched, and nothing is followed out of a folder.
"""

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ringrun.local.processes.began import process_began

PREFIX: Final = "ringrun-"
MARK: Final = ".ringrun-run"

KEPT_DAYS: Final = 7
_KEPT_SECONDS: Final = KEPT_DAYS * 86_400.0
_LONGEST_MARK: Final = 1000


def mark(folder: Path) -> None:
    """Say in this folder whose it is: this process's."""
    pid = os.getpid()
    made_by = {"ringrun": "the files of a run", "pid": pid, "began": process_began(pid)}
    (folder / MARK).write_text(json.dumps(made_by) + "\n", encoding="ascii")


def remove_old(
    temporary: Path, now: float, began: Callable[[int], int] = process_began
) -> list[Path]:
    """Remove what runs of this user left in this folder a week or more ago; what was removed.

    `now` is the time of day as files have it, `began` when the process of a number began (0: there
    is none). What cannot be read or removed stays, in silence: it may be somebody else's concern.
    """
    try:
        entries = sorted(temporary.iterdir())
    except OSError:
        return []
    old = [each for each in entries if _is_old(each, now) and not _lives(each, began)]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return old


def _is_old(folder: Path, now: float) -> bool:
    """Whether this is a marked folder of this user in which nothing has changed for so long."""
    if not folder.name.startswith(PREFIX):
        return False
    try:
        found, marked = folder.lstat(), (folder / MARK).lstat()
        newest = max(each.lstat().st_mtime for each in (folder, *folder.iterdir()))
    except OSError:
        return False
    mine = found.st_uid == marked.st_uid == os.getuid()
    real = stat.S_ISDIR(found.st_mode) and stat.S_ISREG(marked.st_mode)
    return mine and real and now - newest >= _KEPT_SECONDS


def _lives(folder: Path, began: Callable[[int], int]) -> bool:
    """Whether the process that made it is still there; also if that cannot be told."""
    try:
        with (folder / MARK).open("rb") as file:
            made_by = json.loads(file.read(_LONGEST_MARK))
        pid, start = int(made_by["pid"]), int(made_by["began"])
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return began(pid) == start
