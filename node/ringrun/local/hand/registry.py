"""Which slaves were started by hand on this machine: a file for each in a folder of the user's own.

A slave registers while it lives, the master looks. The folder is the user's alone (mode 0700), so
nobody else can offer a slave or learn of one; what a killed slave left behind is removed by whoever
sees it. Called by `access`, `slave` and `found`.
"""

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from ringrun.local.processes.began import process_began

_FOLDER_MODE = 0o700


class RegistryError(Exception):
    """The folder cannot be trusted or used; the message is one line, with what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Registered:
    """One living slave of this user on this machine. `began` tells its pid from a later one."""

    port: int
    host: str
    pid: int
    began: int

    @property
    def alive(self) -> bool:
        return process_began(self.pid) == self.began


def folder_of(environment: Mapping[str, str]) -> Path:
    """Where this user's slaves register."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "ringrun"
    home = environment.get("HOME")
    if home and os.access(home, os.W_OK):
        return Path(home) / ".cache" / "ringrun"
    return Path(tempfile.gettempdir()) / f"ringrun-{os.getuid()}"


def open_folder(folder: Path) -> Path:
    """The folder, made if it is missing; RegistryError unless it is the user's alone."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=_FOLDER_MODE)
        found = folder.lstat()
    except OSError as error:
        raise RegistryError(
            f"{folder}: slaves register there, and it cannot be made: {error.strerror}; "
            "set XDG_RUNTIME_DIR to a folder of your own"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise RegistryError(f"{folder}: must be a folder of your own, and is not; remove it")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise RegistryError(f"{folder}: must be yours alone; do: chmod 700 {quote(str(folder))}")
    return folder


def register(folder: Path, host: str, port: int) -> Path:
    """Register this process as a slave that listens there; the file to remove at the end."""
    pid = os.getpid()
    path = folder / f"{pid}.slave"
    temporary = folder / f".{pid}.slave"
    entry = {"host": host, "port": port, "pid": pid, "began": process_began(pid)}
    temporary.write_text(json.dumps(entry))
    temporary.replace(path)
    return path


def registered(folder: Path) -> list[Registered]:
    """The slaves that live, by port; what others left behind is removed."""
    found: list[Registered] = []
    for path in folder.glob("*.slave"):
        try:
            entry = json.loads(path.read_text())
            slave = Registered(
                host=str(entry["host"]),
                port=int(entry["port"]),
                pid=int(entry["pid"]),
                began=int(entry["began"]),
            )
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            slave = None
        if slave is not None and slave.alive:
            found.append(slave)
        else:
            path.unlink(missing_ok=True)
    return sorted(found)
