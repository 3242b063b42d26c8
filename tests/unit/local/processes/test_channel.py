"""The line to a child: what is heard, what is sent, and that nobody waits for a child."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from ringrun.local.processes.channel import Channel

LOOK_AGAIN = 10_000
"""Turns of the loop after which what did not come does not come."""


class Line:
    """Both ends of a channel; the child's is this test's."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.channel = Channel(asyncio.get_running_loop(), self.heard.append)
        self.child = self.channel.child_end
        self.child.setblocking(False)

    def take(self) -> bytes:
        """All that there is for the child now."""
        taken = b""
        try:
            while data := self.child.recv(1 << 20):
                taken += data
        except BlockingIOError:
            pass
        return taken

    async def take_all(self) -> list[bytes]:
        """The lines that a child gets who reads until nothing waits for it."""
        taken = self.take()
        for _ in range(LOOK_AGAIN):
            if not self.channel.waiting:
                break
            # The loop tells the channel that there is room again.
            await asyncio.sleep(0)
            taken += self.take()
        return (taken + self.take()).splitlines()

    def fill(self) -> None:
        """Say what the child does not take, until it can be given no more."""
        while not self.channel.waiting:
            self.channel.say("x" * 10_000)


def on_a_line(scene: Callable[[Line], Any]) -> None:
    """Play a scene, then let go of both ends."""

    async def play() -> None:
        line = Line()
        try:
            awaited = scene(line)
            if awaited is not None:
                await awaited
        finally:
            line.channel.close()
            line.child.close()

    asyncio.run(play())


def test_a_line_is_one_value_and_goes_at_once() -> None:
    def scene(line: Line) -> None:
        line.channel.say({"a": 1})
        line.channel.say_newest(b'{"b":2}')
        assert line.take() == b'{"a":1}\n{"b":2}\n'
        assert line.channel.waiting == 0

    on_a_line(scene)


def test_lines_are_heard_whole_and_in_order_however_they_arrive() -> None:
    """Half a line waits for its other half, and nobody hears it before."""

    def scene(line: Line) -> None:
        line.child.send(b'{"a":1}\n{"a":2}\n{"a"')
        line.channel.drain()
        assert line.heard == [{"a": 1}, {"a": 2}]
        line.child.send(b":3}\n")
        line.channel.drain()
        assert line.heard[2:] == [{"a": 3}]

    on_a_line(scene)


def test_the_loop_hears_without_being_asked() -> None:
    async def scene(line: Line) -> None:
        line.child.send(b'{"a":1}\n')
        for _ in range(LOOK_AGAIN):
            if line.heard:
                break
            await asyncio.sleep(0)
        assert line.heard == [{"a": 1}]

    on_a_line(scene)


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"7", b"[1]", b'"a"', b"null", b"\xff\xfe", b"{} {}"]
)
def test_what_is_no_mapping_is_passed_over(rubbish: bytes) -> None:
    """A child that is killed may leave half a line, and a library may print on any descriptor."""

    def scene(line: Line) -> None:
        line.child.send(rubbish + b'\n{"a":1}\n')
        line.channel.drain()
        assert line.heard == [{"a": 1}]

    on_a_line(scene)


def test_nothing_to_read_is_no_end() -> None:
    """A look too many changes nothing."""

    def scene(line: Line) -> None:
        line.channel.drain()
        line.child.send(b'{"a":1}\n')
        line.channel.drain()
        assert line.heard == [{"a": 1}]

    on_a_line(scene)


def test_a_child_that_talks_without_a_line_end_is_not_listened_to() -> None:
    """Its words would fill the supervisor's memory."""

    async def scene(line: Line) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(LOOK_AGAIN):
            try:
                line.child.send(b"x" * 100_000)
            except BlockingIOError:
                await asyncio.sleep(0)
        # It no longer reads: what is in the way stays there.
        with pytest.raises(BlockingIOError):
            line.child.send(b"x")
        assert not loop.remove_reader(line.channel._socket)
        assert line.heard == []

    on_a_line(scene)


def test_all_that_was_said_reaches_a_child_that_reads_late() -> None:
    """In order, and the newest of what may be left out comes last."""

    async def scene(line: Line) -> None:
        line.fill()
        line.channel.say({"kept": 1})
        for number in range(5):
            line.channel.say_newest(b'{"newest":%d}' % number)
        line.channel.say({"kept": 2})
        said = [json.loads(each) for each in await line.take_all()]
        assert said[-3:] == [{"kept": 1}, {"kept": 2}, {"newest": 4}]
        assert set(said[:-3]) == {"x" * 10_000}
        # There is room again, so the loop need not look for it any more.
        assert not asyncio.get_running_loop().remove_writer(line.channel._socket)
        line.channel.say({"a": 1})
        assert line.take() == b'{"a":1}\n'

    on_a_line(scene)


def test_a_child_that_does_not_read_costs_the_memory_of_one_line() -> None:
    """Orders are whole: the newest is all that a child needs."""

    def scene(line: Line) -> None:
        line.fill()
        before = line.channel.waiting
        for _ in range(100):
            line.channel.say_newest(b"y" * 1_000)
        assert line.channel.waiting == before + 1_001

    on_a_line(scene)


def test_to_a_child_that_is_gone_nothing_waits() -> None:
    """Its end is seen elsewhere; here it is no error, whatever had been waiting."""

    def scene(line: Line) -> None:
        line.fill()
        line.child.close()
        line.channel.say({"a": 1})
        line.channel.say_newest(b"b")
        assert line.channel.waiting == 0

    on_a_line(scene)


def test_what_a_child_said_last_is_heard_when_the_line_is_closed() -> None:
    """A child says why it fails, and ends: its end may be seen before its words."""

    def scene(line: Line) -> None:
        line.child.send(b'{"a":1}\n{"half":')
        line.child.close()
        line.channel.close()
        assert line.heard == [{"a": 1}]

    on_a_line(scene)


def test_closing_leaves_nothing_behind_and_may_be_done_twice() -> None:
    """Also with lines that nobody took: the loop watches a closed descriptor no more."""

    async def scene(line: Line) -> None:
        line.fill()
        ours = line.channel._socket
        number = ours.fileno()
        line.channel.close()
        line.channel.close()
        assert ours.fileno() == -1
        loop = asyncio.get_running_loop()
        assert not loop.remove_reader(number)
        assert not loop.remove_writer(number)

    on_a_line(scene)
