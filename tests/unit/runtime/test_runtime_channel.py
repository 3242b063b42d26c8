"""The child's end of the line to its supervisor."""

import os
import socket
from collections.abc import Iterator

import pytest

from ringrun.runtime import channel as module
from ringrun.runtime.channel import Channel


class Ended(Exception):  # noqa: N818 - the end of a process is no error
    """The process would be gone."""


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Channel, socket.socket]]:
    """The child's end, and the supervisor's socket; the end of the process is an exception."""

    def leave(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", leave)
    theirs, ours = socket.socketpair()
    theirs.settimeout(5)
    made = Channel(ours.detach())
    yield made, theirs
    theirs.close()
    os.close(made._sock.detach())


Ends = tuple[Channel, socket.socket]


def heard(channel: Channel) -> list[bytes]:
    """What `lines` hands over now that there is something to read."""
    found: list[bytes] = []
    channel.lines(found.append)
    return found


def test_a_value_is_one_line_without_spaces(ends: Ends) -> None:
    """A newline in it does not end it."""
    channel, supervisor = ends
    channel.say({"listening": ["::1", 7], "text": "a\nb"})
    assert supervisor.recv(100) == b'{"listening":["::1",7],"text":"a\\nb"}\n'


def test_the_first_line_is_waited_for(ends: Ends) -> None:
    """However it is cut; what came together with it is handed over afterwards."""
    channel, supervisor = ends
    for piece in (b'{"setup"', b':{"run":"r"}}\n{"a":1}\n\n{"b', b'":2}\n'):
        supervisor.sendall(piece)
    assert channel.first() == {"setup": {"run": "r"}}
    found: list[bytes] = []
    channel.lines_waiting(found.append)
    assert found == [b'{"a":1}', b"", b'{"b":2}']
    channel.lines_waiting(found.append)
    assert len(found) == 3


def test_only_whole_lines_are_handed_over(ends: Ends) -> None:
    """In their order; a piece waits for its end."""
    channel, supervisor = ends
    supervisor.sendall(b"one\ntwo\nthr")
    assert heard(channel) == [b"one", b"two"]
    supervisor.sendall(b"e")
    assert heard(channel) == []
    supervisor.sendall(b"e\n")
    assert heard(channel) == [b"three"]


def test_the_child_ends_with_its_supervisor(ends: Ends) -> None:
    """Whatever it is at: waiting for its first line, reading or writing."""
    channel, supervisor = ends
    supervisor.sendall(b"half a li")
    supervisor.close()
    with pytest.raises(Ended, match=r"^1$"):
        channel.first()
    with pytest.raises(Ended, match=r"^1$"):
        heard(channel)
    with pytest.raises(Ended, match=r"^1$"):
        channel.say({"done": True})


def test_a_line_without_an_end_ends_the_child(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else is at the other side; memory does not grow with it."""
    monkeypatch.setattr(module, "LONGEST_LINE", 8)
    channel, supervisor = ends
    supervisor.sendall(b"x" * 8)
    assert heard(channel) == []
    supervisor.sendall(b"y\n")
    assert heard(channel) == [b"x" * 8 + b"y"]
    supervisor.sendall(b"x" * 9)
    assert heard(channel) == []
    supervisor.sendall(b"\n")
    with pytest.raises(Ended, match=r"^1$"):
        heard(channel)


def test_the_line_is_not_handed_on_to_children_of_the_child(ends: Ends) -> None:
    """They would hide its death from the supervisor."""
    channel, _ = ends
    assert not os.get_inheritable(channel.descriptor)
