"""A slave's result outside of its memory: on disk first, then on stdout (G10).

Called by the slave's process before the core says the result to anybody; the files are read by the
supervisor for slaves that ended.
"""

import os
import resource
from pathlib import Path

import msgspec

from ringrun.core.messages import Result


def cpu_seconds() -> float:
    """What this process has used so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def write_result(folder: Path, result: Result) -> Path:
    """Write the result's file so that a crash leaves the whole of it or nothing."""
    path = folder / f"{result.node}.json"
    temporary = folder / f".{result.node}.json.{os.getpid()}"
    with temporary.open("wb") as file:
        file.write(msgspec.json.encode(result))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path
