"""Data frames from a core to the links: which bytes, to whom, and what happens when it fails."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from made_connections import ME, MadeConnections, everything, fill, has_come, made_connections

from ringrun.core.node import SlaveId
from ringrun.core.slave.slave import Slave
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.link import Link
from ringrun.runtime.slave.sending import MOST_PREAMBLES, Preambles, sender
from ringrun.runtime.wire.frames import COUNTED, PREAMBLE, VERSION, FrameKind, data_preamble


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A core, its links, and `send` between them."""

    core: Slave
    made: MadeConnections
    own: list[bytes]
    broken: list[Link]
    send: Callable[[], None]

    def frames(self, *frames: tuple[tuple[int, ...], tuple[bytes, ...]]) -> None:
        """The core leaves these behind, and they are sent."""
        self.core.frames.extend(frames)
        self.send()
        assert self.core.frames == []

    def up(self, ordinal: int, incarnation: int = 1) -> socket.socket:
        return self.made.up(SlaveId(ordinal, incarnation))[1]


@pytest.fixture
def sending() -> Iterator[Sending]:
    core = Slave(node=ME, now=0.0)
    own: list[bytes] = []
    broken: list[Link] = []
    with made_connections(Name(run="r", node=ME)) as made:
        send = sender(core, made.connections.routes, own, broken)
        yield Sending(core=core, made=made, own=own, broken=broken, send=send)


def data(*parts: bytes) -> bytes:
    """The frame as it is on the wire."""
    return b"".join((data_preamble(parts), *parts))


def test_a_frame_goes_to_all_its_ordinals_and_to_nobody_else(sending: Sending) -> None:
    """In the order in which the core left them behind; links may come up after `send` was made."""
    one, two, three = (sending.up(ordinal) for ordinal in (1, 2, 3))
    sending.frames(((1, 2), (b"first",)), ((2,), (b"",)), ((1,), (b"third",)))
    assert has_come(one) == data(b"first") + data(b"third")
    assert has_come(two) == data(b"first") + data(b"")
    assert has_come(three) == b""


@pytest.mark.parametrize("ordinals", [(1,), (1, 2)])
def test_parts_arrive_as_one_frame(sending: Sending, ordinals: tuple[int, ...]) -> None:
    """Gathered by the kernel if it has one way to go, else joined once for all."""
    far = {ordinal: sending.up(ordinal) for ordinal in (1, 2)}
    sending.frames((ordinals, (b"head", b"", b"tail")))
    for ordinal, end in far.items():
        assert has_come(end) == (data(b"head", b"", b"tail") if ordinal in ordinals else b"")


def test_the_core_s_own_frames_come_back_without_their_preamble(sending: Sending) -> None:
    """As `data` will get them; a view of one has no others."""
    one = sending.up(1)
    sending.frames(((0,), (b"alone",)), ((0,), (b"in ", b"parts")), ((0, 1), (b"both",)))
    assert sending.own == [b"alone", b"in parts", b"both"]
    assert has_come(one) == data(b"both")


def test_what_is_for_nobody_is_lost(sending: Sending) -> None:
    """HELLO brings it back; the others get theirs."""
    one = sending.up(1)
    sending.frames(((7,), (b"lost",)), ((7,), (b"in", b"parts")), ((7, 1), (b"kept",)))
    assert has_come(one) == data(b"kept")
    assert (sending.own, sending.broken) == ([], [])


@pytest.mark.parametrize("parts", [(b"whole",), (b"in ", b"parts")])
def test_an_older_start_gets_what_its_ordinal_gets(
    sending: Sending, parts: tuple[bytes, ...]
) -> None:
    """While both are wanted: the view decides by incarnation, not the link."""
    older, newer, other = sending.up(1), sending.up(1, 2), sending.up(2)
    sending.frames(((1,), parts), ((2,), (b"other",)))
    assert has_come(older) == has_come(newer) == data(*parts)
    assert has_come(other) == data(b"other")


@pytest.mark.parametrize("parts", [(b"whole",), (b"in ", b"parts")])
def test_what_waits_keeps_its_order(sending: Sending, parts: tuple[bytes, ...]) -> None:
    """Nothing overtakes what the kernel did not take."""
    link, far = sending.made.up(SlaveId(1, 1))
    waiting = fill(link)
    sending.frames(((1,), parts), ((1,), (b"last",)))
    expected = data(*parts) + data(b"last")
    assert everything(far, link, waiting + len(expected))[waiting:] == expected
    assert sending.broken == []


def test_a_frame_that_the_kernel_takes_in_part_is_sent_to_its_end(sending: Sending) -> None:
    """And is one frame at the other side."""
    link, far = sending.made.up(SlaveId(1, 1))
    frame = bytes(range(256)) * 16_384
    sending.frames(((1,), (frame,)))
    assert not link.idle
    assert everything(far, link, PREAMBLE.size + len(frame)) == data(frame)


@pytest.mark.parametrize("parts", [(b"whole",), (b"in ", b"parts")])
def test_a_link_that_cannot_be_sent_to_is_told_and_costs_the_others_nothing(
    sending: Sending, parts: tuple[bytes, ...]
) -> None:
    """It is closed by whoever called, not under the hands of `send`."""
    link, far = sending.made.up(SlaveId(1, 1))
    two = sending.up(2)
    far.close()
    sending.frames(((1,), parts), ((1, 2), parts))
    assert sending.broken == [link, link]
    assert link.broken == "broken pipe"
    assert link.up
    assert has_come(two) == data(*parts)


def test_a_peer_that_does_not_read_is_told_too(sending: Sending) -> None:
    """Once more waits for it than may, whether it is the newest start or an older one."""
    links = [sending.made.up(SlaveId(1, incarnation))[0] for incarnation in (1, 2)]
    for link in links:
        fill(link)
    while not sending.broken:
        sending.frames(((1,), (bytes(1 << 17),)))
    assert {link.peer for link in sending.broken} == {SlaveId(1, 1), SlaveId(1, 2)}
    assert all(link.broken.startswith("does not read: ") for link in links)


def test_preambles_are_kept_for_a_bounded_number_of_lengths() -> None:
    """And are right for any."""
    preambles = Preambles()
    for size in [*range(2 * MOST_PREAMBLES), 5, 2 * MOST_PREAMBLES]:
        assert PREAMBLE.unpack(preambles[size]) == (size + COUNTED, VERSION, FrameKind.DATA)
    assert len(preambles) == MOST_PREAMBLES
