"""Starts `fake_child.py` where the supervisor would fork a node. For tests."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ringrun.local.processes.child import Start

FAKE = str(Path(__file__).with_name("fake_child.py"))


def fake(mode: str) -> Start:
    """A start of stand-ins that behave in this mode."""

    def start(name: str, arguments: Sequence[str], channel: int, log: Path) -> int:
        os.set_inheritable(channel, True)
        return os.posix_spawn(
            sys.executable,
            [sys.executable, FAKE, mode, *arguments, "--channel", str(channel)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )

    return start
