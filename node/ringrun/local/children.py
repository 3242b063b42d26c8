"""The processes of a local run: started at once, seen to die at once, never left behind.

Used by `supervisor`. A child runs in a session of its own, so Ctrl-C on the terminal reaches the
supervisor alone; it dies with the supervisor (PR_SET_PDEATHSIG, set by the child, and end of file
on its channel). Nothing is set about CPU affinity.
"""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import ringrun
from ringrun.local.channel import Channel

# -P: what lies in the user's folder must not be imported in place of Python's own modules.
NODE_COMMAND = (sys.executable, "-P", "-m", "ringrun", "_node")

# numpy's threads would fight with the ring for the cores, and have nothing to do there.
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
}


class Child:
    """A process. `heard` gets each line of its channel; `ended` is called once, after the last."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        log: Path,
        heard: Callable[["Child", dict[str, Any]], None],
        ended: Callable[["Child"], None],
        command: Sequence[str] = NODE_COMMAND,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self.started = loop.time()
        self.channel = Channel(loop, lambda value: heard(self, value))
        self._ended = ended
        self._loop = loop
        child_end = self.channel.child_end
        with log.open("ab") as output, child_end:
            self._process = subprocess.Popen(
                [*command, *arguments, "--channel", str(child_end.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_environment(),
                pass_fds=(child_end.fileno(),),
                start_new_session=True,
            )
        self._pidfd = os.pidfd_open(self._process.pid)
        loop.add_reader(self._pidfd, self._on_end)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._pidfd >= 0

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return None if self.alive else self._process.returncode

    @property
    def cause(self) -> str:
        """How it ended, in words."""
        code = self._process.returncode or 0
        if -code in set(signal.Signals):
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal, by a descriptor that cannot come to mean another process."""
        if self.alive:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def bury(self) -> None:
        """Kill it if it lives, and wait for its end without telling anybody."""
        if self.alive:
            self.kill()
            self._reap()

    def _on_end(self) -> None:
        self._reap()
        self._ended(self)

    def _reap(self) -> None:
        self._process.wait()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        self.channel.close()


def raise_descriptor_limit() -> None:
    """Allow as many open descriptors as the machine does; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _environment() -> dict[str, str]:
    environment = {**os.environ, **_ENVIRONMENT}
    root = Path(ringrun.__file__).resolve().parents[1]
    if root.name not in {"site-packages", "dist-packages"}:
        # Run from a source tree: a child must find the very code that its supervisor runs.
        rest = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{root}{os.pathsep}{rest}" if rest else str(root)
    return environment
