"""`ringrun slave`: one slave that the user starts, for whichever master comes.

Called by the command line.
"""

import contextlib
import signal
from pathlib import Path

from ringrun.exit_codes import ExitCode
from ringrun.local.hand.access import (
    check_host,
    is_loopback,
    listening,
    registry_folder,
    token_of_environment,
)
from ringrun.local.hand.registry import register
from ringrun.local.interrupts import Interrupts


def run_slave(host: str, port: int, journal: Path | None = None, *, debug: bool = False) -> int:
    """Serve one run; the exit code. SpecError if it cannot listen."""
    token = token_of_environment()
    check_host("HOST", host, token)
    with contextlib.ExitStack() as ending:
        # Listening comes before everything that takes its time, so that a master finds the slave.
        listener = listening(host, port)
        ending.callback(listener.close)
        if is_loopback(host):
            entry = register(registry_folder(), host, port)
            ending.callback(entry.unlink, missing_ok=True)
        with Interrupts(ignorable=(signal.SIGINT, signal.SIGHUP)) as early:
            from ringrun.runtime.slave.naming import NEVER_BEGUN
            from ringrun.runtime.slave.process import SlaveSetting, run_slave
        if early.count:
            with contextlib.suppress(OSError):
                print(f"slave {port}: {NEVER_BEGUN}", flush=True)
            return ExitCode.INTERRUPTED
        for number in (signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                # Ctrl-C and a terminal that closes ask to leave, like SIGTERM; a shell's background
                # jobs ignore the one, what nohup starts the other.
                signal.signal(number, lambda number, frame: signal.raise_signal(signal.SIGTERM))
        setting = SlaveSetting(
            name=None,
            token=token,
            title=f"slave {port}",
            journal=journal,
            debug=debug,
        )
        return run_slave(setting, listener)
    raise AssertionError("an exit stack does not swallow")
