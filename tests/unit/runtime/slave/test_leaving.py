"""The end of a slave's process: what was said arrives, and nobody is waited for in vain."""

import os
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from made_connections import ME, MadeConnections, fill, made_connections

from ringrun.core.messages import Heartbeat
from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.links.admission import Name
from ringrun.runtime.slave.leaving import let_leave
from ringrun.runtime.wire.frames import encode_control

LAST = encode_control(Heartbeat())


@pytest.fixture
def made() -> Iterator[MadeConnections]:
    with made_connections(Name(run="r", node=ME)) as made:
        yield made


def soon() -> float:
    """Later than any of this takes; who waited for it would be seen in the test's time."""
    return time.monotonic() + 30.0


def test_what_was_said_last_is_read_before_the_end(made: MadeConnections) -> None:
    """Even if the other side has said something that nobody reads any more."""
    link, far = made.up(MasterId(0, 1))
    far.sendall(b"unread")
    assert link.send_control(LAST)
    far.shutdown(socket.SHUT_WR)
    let_leave(made.connections, soon())
    assert far.recv(100) == LAST
    assert far.recv(100) == b""
    assert made.connections.by_fd == {}


class Reader:
    """Reads what the other side says, as fast as it comes, until its end, and closes then."""

    def __init__(self, far: socket.socket) -> None:
        self._far = far
        self._found = bytearray()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while data := self._far.recv(1 << 20):
            self._found.extend(data)
        self._far.close()

    def found(self) -> bytes:
        self._thread.join(10)
        return bytes(self._found)


def test_what_the_kernel_did_not_take_still_leaves(made: MadeConnections) -> None:
    """As fast as the other side reads."""
    link, far = made.up(SlaveId(1, 1))
    size = fill(link)
    assert link.send_control(LAST)
    reader = Reader(far)
    let_leave(made.connections, soon())
    found = reader.found()
    assert (len(found), found[-len(LAST) :]) == (size + len(LAST), LAST)


def test_who_never_closes_is_not_waited_for(made: MadeConnections) -> None:
    """Beyond the time that there is for it; it has been told the end all the same."""
    _, far = made.up(SlaveId(1, 1))
    let_leave(made.connections, time.monotonic())
    assert far.recv(1) == b""
    assert len(made.connections.unfinished) == 1


def test_a_stranger_is_not_waited_for(made: MadeConnections) -> None:
    """It has been told nothing that it could lose."""
    with socket.create_connection(made.address, timeout=5) as stranger:
        made.connections.handle(made.listener.fileno(), select.EPOLLIN, 0.0, begun=True)
        assert len(made.connections.unfinished) == 1
        let_leave(made.connections, soon())
        assert stranger.recv(1) == b""
    assert made.connections.by_fd == {}


def test_who_was_dropped_just_before_goes_on_lingering(made: MadeConnections) -> None:
    """It too reads to the end of what was said."""
    link, far = made.up(MasterId(0, 1))
    size = fill(link)
    made.connections.drop(MasterId(0, 1), "unseated", time.monotonic())
    reader = Reader(far)
    let_leave(made.connections, soon())
    assert len(reader.found()) == size
    assert made.lines() == ["connection with m0-1 dropped: unseated"]


def test_nobody_is_let_in_any_more(made: MadeConnections) -> None:
    let_leave(made.connections, soon())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(made.address, timeout=5)


def test_signals_and_the_channel_are_left_alone(made: MadeConnections) -> None:
    """There is less than a second left for both."""
    _, far = made.up(SlaveId(1, 1))
    reader, writer = os.pipe()
    made.poll.register(reader, select.EPOLLIN)
    os.write(writer, b"x")
    far.shutdown(socket.SHUT_WR)
    let_leave(made.connections, soon())
    assert os.read(reader, 1) == b"x"
    os.close(reader)
    os.close(writer)
