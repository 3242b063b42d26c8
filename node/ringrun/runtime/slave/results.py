"""A slave's result outside of its memory: on disk first, then on stdout (G10).

Called by the slave's process before the core says the result to anybody; the files are read by the
supervisor for slaves that ended, the termination messages of pods by the operator.
"""

import os
import resource
from pathlib import Path

import msgspec

from ringrun.core.messages import Result

# What the kubelet keeps of a termination message; of a longer one it would keep the end.
TERMINATION_BYTES = 4096


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


def write_termination_message(path: Path, result: Result) -> None:
    """Leave the result where the kubelet reads it when the container has ended."""
    path.write_bytes(termination_message(result))


def termination_message(result: Result) -> bytes:
    """The result in at most 4,096 bytes. The tally itself always fits; where there is too much,
    the latencies go first, and then the oldest checkpoints, by which less can be proved."""
    message = msgspec.json.encode(result)
    if len(message) > TERMINATION_BYTES:
        result = msgspec.structs.replace(result, latency=())
        message = msgspec.json.encode(result)
    while len(message) > TERMINATION_BYTES:
        assert result.blocks or result.cuts
        # Half of each, the newer half; of one the half is nothing.
        blocks, cuts = result.blocks, result.cuts
        result = msgspec.structs.replace(
            result,
            blocks=blocks[len(blocks) - len(blocks) // 2 :],
            cuts=cuts[len(cuts) - len(cuts) // 2 :],
        )
        message = msgspec.json.encode(result)
    return message
