"""A node's process, made by fork from the supervisor, which has everything imported already.

Called by `child`. A new interpreter would spend a quarter of a second of CPU on its imports: for
64 slaves on two cores that is eight seconds, and a replacement comes when all cores are busy. The
child never returns from here, so nothing of the supervisor (event loop, display) runs twice.
"""

import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from ringrun.exit_codes import ExitCode
from ringrun.runtime.start import child
from ringrun.signals import ENDS

_PR_SET_NAME: Final = 15

# Fields of /proc/self/stat, counted from the one after the name: where the arguments are kept.
_ARGUMENTS_START, _ARGUMENTS_END = 45, 46


def preload() -> None:
    """Import what slaves and masters need, once for all of them."""
    from ringrun.runtime.slave import process
    from ringrun.runtime.start import child_master

    del child_master, process


def fork_node(name: str, arguments: Sequence[str], channel: int, log: Path) -> int:
    """Start `_node` with these arguments and this descriptor as its channel; its process id."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal for the child must not reach the supervisor by the wake-up descriptor they share.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        pid = os.fork()
        if pid == 0:
            _be_node(name, arguments, channel, output)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(output)
    return pid


def _be_node(name: str, arguments: Sequence[str], channel: int, output: int) -> NoReturn:
    code: int = ExitCode.INTERNAL_ERROR
    try:
        # What the supervisor had is never collected here: it would close descriptors that by then
        # are the child's own.
        gc.freeze()
        signal.set_wakeup_fd(-1)
        for number in ENDS:
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # Copies of the other channels would hide the supervisor's death from their owners.
        os.closerange(3, channel)
        os.closerange(channel + 1, os.sysconf("SC_OPEN_MAX"))
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        entitle(name, ["ringrun", "_node", *arguments])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        code = child.main([*arguments, "--channel", str(channel)])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def entitle(name: str, words: Sequence[str]) -> None:
    """Let `ps` and `top` show the node, not the supervisor's command line; as far as it fits."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[_ARGUMENTS_START]), int(fields[_ARGUMENTS_END])
    # The last byte stays 0, or the kernel takes what follows for a part of the title.
    title = "\0".join(words).encode()[: end - start - 1].ljust(end - start, b"\0")
    ctypes.memmove(start, title, end - start)
