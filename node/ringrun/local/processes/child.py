"""The processes of a local run: started at once, seen to die at once, never left behind.

Used by `supervisor`. A child runs in a session of its own, so Ctrl-C on the terminal reaches the
supervisor alone; it dies with the supervisor (PR_SET_PDEATHSIG, set by the child, and end of file
on its channel). Nothing is set about CPU affinity.
"""

import asyncio
import os
import resource
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ringrun.local.processes.channel import Channel
from ringrun.local.processes.forking import fork_node

Start = Callable[[str, Sequence[str], int, Path], int]
"""Starts a node: its name, arguments, the descriptor of its channel, its log. Gives its pid."""


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
        start: Start = fork_node,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self.started = loop.time()
        self.channel = Channel(loop, lambda value: heard(self, value))
        self._ended = ended
        self._loop = loop
        self._code = 0
        with self.channel.child_end as child_end:
            self.pid = start(name, arguments, child_end.fileno(), log)
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._on_end)

    @property
    def alive(self) -> bool:
        return self._pidfd >= 0

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return None if self.alive else self._code

    @property
    def cause(self) -> str:
        """How it ended, in words."""
        if -self._code in set(signal.Signals):
            return f"killed by {signal.Signals(-self._code).name}"
        return f"exit code {self._code}"

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
        self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        self.channel.close()


def raise_descriptor_limit() -> None:
    """Allow as many open descriptors as the machine does; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
