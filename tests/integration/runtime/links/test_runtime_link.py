"""The outgoing side of a link and the waiting of the loop, on real descriptors of one process."""

import os
import select
import socket
import time
from collections.abc import Iterator
from math import inf

import pytest

from ringrun.core.messages import Heartbeat
from ringrun.runtime.links.link import DATA_WAITING, Link
from ringrun.runtime.slave.spinning import JUDGED, Spinning
from ringrun.runtime.wire.frames import Decoder, FrameKind, data_preamble, encode_control
from ringrun.runtime.wire.handshake import NONCE_BYTES, Listening


class Pair:
    """A link and the raw socket at its other end."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        near, self.far = socket.socketpair()
        near.setblocking(False)
        self.far.settimeout(5)
        handshake = Listening(
            me=None, run=None, token=b"", nonce=bytes(NONCE_BYTES), admit=lambda opened: ""
        )
        self.link = Link(near, self.poll, address="test", handshake=handshake, deadline=inf)
        self.poll.register(self.link.fd, select.EPOLLIN)
        self.decoder = Decoder()
        self.decoder.authenticated()

    def frames(self, count: int) -> list[tuple[int, bytes]]:
        """Read so many frames at the far end, letting the link send on meanwhile."""
        found: list[tuple[int, bytes]] = []
        while len(found) < count:
            size = self.far.recv_into(self.decoder.space())
            assert size
            found += [(kind, bytes(body)) for kind, body in self.decoder.received(size)]
            for _, event in self.poll.poll(0):
                if event & select.EPOLLOUT:
                    assert self.link.flush()
        return found

    def fill(self) -> int:
        """Send numbered data frames until the kernel takes no more; how many."""
        number = 0
        while self.link.idle:
            assert self.link.send(data(number))
            number += 1
        return number

    def close(self) -> None:
        self.link.sock.close()
        self.far.close()
        self.poll.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends, closed afterwards."""
    made = Pair()
    yield made
    made.close()


def data(number: int, size: int = 4000) -> bytes:
    """A data frame whose body begins with its number."""
    body = number.to_bytes(8, "little") + bytes(size)
    return data_preamble((body,)) + body


def number_of(body: bytes) -> int:
    """The number that `data` put there."""
    return int.from_bytes(body[:8], "little")


def test_control_overtakes_data_that_the_kernel_has_not_begun(pair: Pair) -> None:
    """At a frame's boundary: what is under way is finished first, the rest of the data waits."""
    under_way = pair.fill()
    for number in range(under_way, under_way + 20):
        assert pair.link.send(data(number))
    assert pair.link.send_control(encode_control(Heartbeat()))
    frames = pair.frames(under_way + 21)
    kinds = [kind for kind, _ in frames]
    assert kinds.index(FrameKind.CONTROL) == under_way
    numbers = [number_of(body) for kind, body in frames if kind == FrameKind.DATA]
    assert numbers == list(range(under_way + 20))
    assert pair.link.idle
    assert pair.link.waiting == 0


def test_what_the_kernel_does_not_take_is_copied(pair: Pair) -> None:
    """Parts may be views into a receive buffer that is used again at once."""
    part = bytearray(b"x" * 3_000_000)
    head = b"head"
    assert pair.link.send_parts((data_preamble((head, part)), head, memoryview(part)))
    assert not pair.link.idle
    part[:] = b"y" * len(part)
    [(kind, body)] = pair.frames(1)
    assert kind == FrameKind.DATA
    assert body == head + b"x" * len(part)


def test_gathered_parts_arrive_as_one_frame(pair: Pair) -> None:
    """Also views of wider items, and empty ones."""
    parts = (b"head", memoryview(bytes(range(64))).cast("Q"), b"", b"tail")
    assert pair.link.send_parts((data_preamble(parts), *parts))
    assert pair.frames(1) == [(FrameKind.DATA, b"head" + bytes(range(64)) + b"tail")]


def test_a_peer_that_stops_reading_cannot_make_memory_grow(pair: Pair) -> None:
    """Past the bound the link is broken, with one reason; until then nothing was lost."""
    number = pair.fill()
    while pair.link.send(data(number)):
        number += 1
        assert pair.link.waiting < DATA_WAITING + 10_000
    assert pair.link.broken.startswith("does not read: ")


def test_two_large_frames_may_always_wait(pair: Pair) -> None:
    """The bound follows the largest frame: a train longer than it is no reason to reset."""
    large = data(0, 3 * DATA_WAITING)
    assert pair.link.send(large)
    assert pair.link.send(large)
    assert pair.link.send(large)
    assert not pair.link.send(large)


def test_a_reset_is_told_by_the_send(pair: Pair) -> None:
    """The system's own words, in the style of our lines."""
    pair.far.close()
    while pair.link.send(data(1)):
        pass
    assert pair.link.broken == "broken pipe"


def test_spinning_finds_what_comes_within_the_spin() -> None:
    """And goes on as long as that pays."""
    with select.epoll() as poll:
        reader, writer = os.pipe()
        poll.register(reader, select.EPOLLIN)
        spinning = Spinning(poll)
        os.write(writer, b"x")
        for _ in range(3 * JUDGED):
            assert spinning.wait(time.monotonic() + 5, 50e-6) == [(reader, select.EPOLLIN)]
        assert not spinning.resting
        os.close(reader)
        os.close(writer)


def test_spinning_rests_where_nothing_comes() -> None:
    """Polls in vain are judged, and then it blocks at once."""
    with select.epoll() as poll:
        spinning = Spinning(poll)
        waits = 0
        while not spinning.resting:
            assert spinning.wait(time.monotonic() + 1e-4, 50e-6) == []
            waits += 1
            assert waits <= JUDGED
        assert waits > 0


def test_a_wait_ends_at_its_time() -> None:
    """Not before, also below the millisecond that the poll itself counts in."""
    with select.epoll() as poll:
        spinning = Spinning(poll)
        for length in (0.0, 0.0003, 0.004):
            until = time.monotonic() + length
            while spinning.wait(until, 0.0) == [] and time.monotonic() < until:
                pass
            assert time.monotonic() >= until
