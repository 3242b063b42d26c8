"""Node programs as processes of their own, and the supervisor's end of a channel."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ringrun.spec import default_run

TOKEN = b"t" * 32
SPEC = default_run(name="r").as_document()
RINGRUN = ("-m", "ringrun")
PATIENCE = 20.0
"""Seconds for anything that must come."""


@contextmanager
def program(
    start: Sequence[str],
    *arguments: str,
    channel: socket.socket | None = None,
    **environment: str,
) -> Iterator[subprocess.Popen[str]]:
    """Python started so, with these arguments; killed at the end if it is still there.

    The channel's descriptor is the last argument, and the channel is closed here.
    """
    passed = () if channel is None else (channel.fileno(),)
    named = () if channel is None else ("--channel", str(channel.fileno()))
    process = subprocess.Popen(
        [sys.executable, *start, *arguments, *named],
        pass_fds=passed,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
            **environment,
        },
    )
    if channel is not None:
        channel.close()
    with process:
        try:
            yield process
        finally:
            process.kill()


class Child:
    """A node as a supervisor starts it: set up, and heard line by line."""

    def __init__(self, ours: socket.socket, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._ours = ours
        self._lines = ours.makefile("rb")

    def say(self, value: Any) -> None:
        self._ours.sendall(json.dumps(value).encode() + b"\n")

    def hear(self, key: str) -> Any:
        """What is said next under this key; what else comes is left out."""
        for line in self._lines:
            said = json.loads(line)
            if key in said:
                return said[key]
        raise EOFError(key)

    def hang_up(self) -> None:
        """The supervisor dies."""
        self._lines.close()
        self._ours.close()


@contextmanager
def child(*arguments: str, folder: Path, **setup: object) -> Iterator[Child]:
    """`ringrun _node` with these arguments, set up for run r in this folder."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with ours, program(RINGRUN, "_node", *arguments, channel=theirs) as process:
        made = Child(ours, process)
        given = {"token": TOKEN.hex(), "run": "r", "spec": SPEC, "runDir": str(folder)}
        made.say({"setup": {**given, **setup}})
        try:
            yield made
        finally:
            made.hang_up()
