"""The processes of a local run, with a stand-in for the node program."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_start import fake

from ringrun.local.folders import Folders, make_folders
from ringrun.local.options import RunOptions
from ringrun.local.processes.child import Child


class Watched:
    """A child and what came of it."""

    def __init__(self, folders: Folders, mode: str) -> None:
        self.said: list[dict[str, Any]] = []
        self.ended: list[float] = []
        self._changed = asyncio.Event()
        self.child = Child(
            "s0-1",
            ("slave", "--ordinal", "0"),
            log=folders.log("s0-1"),
            heard=self._heard,
            ended=self._ended,
            start=fake(mode),
        )

    def _heard(self, child: Child, message: dict[str, Any]) -> None:
        self.said.append(message)
        self._changed.set()

    def _ended(self, child: Child) -> None:
        assert child is self.child
        self.ended.append(time.monotonic())
        self._changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for it, ten seconds at most."""
        async with asyncio.timeout(10):
            while not true():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A run's own folder."""
    return make_folders("test", RunOptions(run_dir=tmp_path / "run"))


def test_a_death_is_seen_at_once_with_its_signal(folders: Folders) -> None:
    """kill -9 is told within a tenth of a second, once, and named."""

    async def scene() -> None:
        watched = Watched(folders, "idle")
        await watched.until(lambda: bool(watched.said))
        assert watched.child.alive
        assert watched.child.code is None
        killed = time.monotonic()
        watched.child.kill()
        await watched.until(lambda: bool(watched.ended))
        assert watched.ended[0] - killed < 0.1
        assert not watched.child.alive
        assert watched.child.cause == "killed by SIGKILL"
        watched.child.kill()
        watched.child.bury()
        assert len(watched.ended) == 1

    asyncio.run(scene())


def test_what_a_child_said_last_comes_before_its_end(folders: Folders) -> None:
    """Its exit code is known, and its last line is in its log."""

    async def scene() -> None:
        watched = Watched(folders, "broken")
        await watched.until(lambda: bool(watched.ended))
        assert watched.child.cause == "exit code 3"
        assert folders.last_words("s0-1") == "nothing works here"

    asyncio.run(scene())


def test_lines_go_both_ways_in_order(folders: Folders) -> None:
    """A long line comes whole."""

    async def scene() -> None:
        watched = Watched(folders, "echo")
        for number in range(3):
            watched.child.channel.say({"number": number, "padding": "x" * 300_000})
        await watched.until(lambda: len(watched.said) == 4)
        assert [message["got"]["number"] for message in watched.said[1:]] == [0, 1, 2]
        watched.child.bury()

    asyncio.run(scene())


def test_a_child_that_does_not_read_costs_neither_time_nor_memory(folders: Folders) -> None:
    """Of orders that cannot be delivered only the newest waits."""

    async def scene() -> None:
        watched = Watched(folders, "frozen")
        await watched.until(lambda: bool(watched.said))
        before = time.monotonic()
        for number in range(2_000):
            watched.child.channel.say_newest(b"%d" % number + b"y" * 100_000)
        assert time.monotonic() - before < 5
        assert watched.child.channel.waiting < 250_000
        watched.child.bury()

    asyncio.run(scene())


def test_the_newest_orders_reach_a_child_that_reads_again(folders: Folders) -> None:
    """SIGSTOP, many orders, SIGCONT: the last line it gets is the last that was said."""

    async def scene() -> None:
        watched = Watched(folders, "echo")
        await watched.until(lambda: bool(watched.said))
        watched.child.kill(signal.SIGSTOP)
        for number in range(500):
            watched.child.channel.say_newest(
                b'{"number":%d,"padding":"%s"}' % (number, b"z" * 10_000)
            )
        watched.child.kill(signal.SIGCONT)
        await watched.until(lambda: watched.said[-1].get("got", {}).get("number") == 499)
        assert len(watched.said) < 400
        watched.child.bury()

    asyncio.run(scene())


def test_a_forked_node_is_itself_and_nothing_of_its_supervisor(folders: Folders) -> None:
    """Its own name for `ps`, its own log, no descriptor but its channel, no signal blocked."""

    async def scene() -> None:
        listening = asyncio.Event()
        child = Child(
            "s0-1",
            ("slave", "--ordinal", "0", "--incarnation", "1"),
            log=folders.log("s0-1"),
            heard=lambda child, message: listening.set(),
            ended=lambda child: None,
        )
        async with asyncio.timeout(10):
            await listening.wait()
        process = Path(f"/proc/{child.pid}")
        # There is as much room for it as this process's own command line takes.
        shown = (process / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
        assert shown.startswith(b"ringrun _node")
        assert b"ringrun _node slave --ordinal 0 --incarnation 1".startswith(shown)
        assert (process / "comm").read_text() == "s0-1\n"
        status = (process / "status").read_text()
        assert re.search(r"^SigBlk:\s+0+$", status, re.MULTILINE)
        links = [os.readlink(entry) for entry in (process / "fd").iterdir()]
        assert links.count(str(folders.log("s0-1"))) == 2
        # Its channel and its listener.
        assert len([link for link in links if link.startswith("socket:")]) == 2
        child.bury()

    asyncio.run(scene())


def test_a_node_that_crashes_says_so_in_its_log(folders: Folders) -> None:
    """The traceback is for whoever reads the log, the exit code for the supervisor."""

    async def scene() -> None:
        ended = asyncio.Event()
        child = Child(
            "s0-1",
            ("slave", "--ordinal", "zero", "--incarnation", "1"),
            log=folders.log("s0-1"),
            heard=lambda child, message: None,
            ended=lambda child: ended.set(),
        )
        async with asyncio.timeout(10):
            await ended.wait()
        assert child.cause == "exit code 70"
        assert folders.last_words("s0-1").startswith("ValueError: ")

    asyncio.run(scene())


def test_ctrl_c_on_the_terminal_does_not_reach_children(folders: Folders) -> None:
    """Each is in a session and a process group of its own."""

    async def scene() -> None:
        watched = Watched(folders, "idle")
        assert os.getsid(watched.child.pid) == watched.child.pid
        assert os.getpgid(watched.child.pid) == watched.child.pid
        watched.child.bury()

    asyncio.run(scene())
