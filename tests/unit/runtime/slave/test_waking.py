"""What wakes a slave besides its links."""

import os
import select
import signal
import socket
from collections.abc import Iterator

import pytest

from ringrun.runtime.channel import Channel
from ringrun.runtime.slave.waking import Waking


class Woken:
    """A poll with nothing in it but what wakes; `supervisor` is the other end of the channel."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        ours, self.supervisor = socket.socketpair()
        self.channel = Channel(ours.detach())
        self.waking = Waking(self.poll, self.channel)

    def found(self) -> list[int]:
        """What is readable, if anything."""
        return [descriptor for descriptor, _ in self.poll.poll(0)]

    def handle(self) -> int:
        """Handle all that is readable; how much that was."""
        found = self.found()
        for descriptor in found:
            self.waking.handle(descriptor)
        return len(found)


@pytest.fixture
def woken() -> Iterator[Woken]:
    """The signal is the tests' own again afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    made = Woken()
    yield made
    made.waking.close()
    signal.signal(signal.SIGTERM, before)
    made.poll.close()
    made.supervisor.close()
    os.close(made.channel._sock.detach())


def test_a_signal_asks_to_leave_and_wakes(woken: Woken) -> None:
    """Both: a poll that blocks would go on, and a flag alone would not be looked at."""
    assert not woken.waking.leaving
    assert woken.found() == []
    signal.raise_signal(signal.SIGTERM)
    assert woken.waking.leaving
    assert woken.handle() == 1


def test_one_handling_is_enough_for_any_number_of_signals(woken: Woken) -> None:
    """Else the poll would never block again."""
    for _ in range(100):
        signal.raise_signal(signal.SIGTERM)
    assert woken.handle() == 1
    assert woken.found() == []
    woken.waking.leaving = False
    signal.raise_signal(signal.SIGTERM)
    assert woken.waking.leaving
    assert woken.handle() == 1


def test_what_the_supervisor_says_is_taken_out_and_means_nothing(woken: Woken) -> None:
    woken.supervisor.sendall(b'{"orders":{}}\n')
    assert woken.handle() == 1
    assert woken.found() == []
    assert not woken.waking.leaving


def test_the_supervisor_s_end_is_the_slave_s(woken: Woken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left for it to do, and nobody to say it to."""

    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    woken.supervisor.close()
    with pytest.raises(SystemExit, match="1"):
        woken.handle()


def test_other_descriptors_are_others_business(woken: Woken) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"x")
    woken.waking.handle(reader)
    assert os.read(reader, 1) == b"x"
    os.close(reader)
    os.close(writer)


def test_a_slave_by_hand_has_no_channel() -> None:
    """Signals wake it all the same, until it is closed."""
    before = signal.getsignal(signal.SIGTERM)
    with select.epoll() as poll:
        waking = Waking(poll, None)
        signal.raise_signal(signal.SIGTERM)
        [(descriptor, _)] = poll.poll(0)
        waking.handle(descriptor)
        assert poll.poll(0) == []
        waking.close()
        assert signal.set_wakeup_fd(-1) == -1
    signal.signal(signal.SIGTERM, before)
