"""Frames: bytes in, bytes out."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Fetched, Heartbeat, Hello, Meet, Suspect, Trouble
from ringrun.core.node import SlaveId
from ringrun.core.record import Member, Plan
from ringrun.runtime.wire import frames as wire
from ringrun.runtime.wire.frames import Decoder, FrameKind

PLAN = Plan(run="r", nodes=2, seed=1, model="train", send=2.0, grace=1.0)
MEMBERS = (Member(ordinal=0, incarnation=1, host="h", port=1), Member(ordinal=1, incarnation=3))
MESSAGES = [
    Heartbeat(),
    Hello(view=2, held=5, approved=4, turn=9),
    Suspect(view=1, suspect=SlaveId(1, 2), trouble=Trouble.RESET),
    Meet(epoch=3, holder="m0-1", attempt=1, joiners=MEMBERS, members=(), plan=PLAN),
    Fetched(epoch=1, attempt=1, view=1, batches=((1, 0, 1, 2),), numbers=bytes(16)),
]


def established() -> Decoder:
    """A decoder whose handshake is done."""
    decoder = Decoder()
    decoder.authenticated()
    return decoder


def feed(decoder: Decoder, data: bytes, sizes: list[int]) -> list[tuple[int, bytes]]:
    """What the decoder makes of data that comes in pieces of these sizes, over and over."""
    frames: list[tuple[int, bytes]] = []
    at = turn = 0
    while at < len(data):
        space = decoder.space()
        assert len(space) > 0
        size = min(sizes[turn % len(sizes)], len(space), len(data) - at)
        space[:size] = data[at : at + size]
        frames += [(kind, bytes(body)) for kind, body in decoder.received(size)]
        at += size
        turn += 1
    return frames


def data_frame(body: bytes) -> bytes:
    """The whole frame around a body that the wire does not look into."""
    return wire.data_preamble((body,)) + body


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_control_message_comes_back_as_it_was(message: object) -> None:
    """What one core says is what the other reads, type and all."""
    [(kind, body)] = feed(established(), wire.encode_control(message), [1 << 20])
    assert kind == FrameKind.CONTROL
    assert wire.decode_control(body) == message


@given(
    bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=30),
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=10),
)
@example(bodies=[b"x" * 300_000, b"", b"y" * 600_000, b"z"], sizes=[70_001])
@example(bodies=[b"x" * 200_000] * 5, sizes=[1 << 20])
def test_frames_survive_any_split(bodies: list[bytes], sizes: list[int]) -> None:
    """However TCP cuts the stream, the frames are the ones sent, in order."""
    stream = b"".join(data_frame(body) for body in bodies)
    assert feed(established(), stream, sizes) == [(FrameKind.DATA, body) for body in bodies]


def test_many_frames_of_one_receive_are_views_into_one_buffer() -> None:
    """Nothing is copied on the way to the core."""
    decoder = established()
    stream = data_frame(b"abc") * 100
    space = decoder.space()
    space[: len(stream)] = stream
    frames = decoder.received(len(stream))
    assert len(frames) == 100
    assert len({id(body.obj) for _, body in frames}) == 1
    assert frames[0][1].obj is space.obj


def test_the_parts_of_a_data_frame_are_counted_in_bytes() -> None:
    """A view of 64-bit numbers has fewer items than bytes."""
    numbers = memoryview(bytes(80)).cast("Q")
    stream = wire.data_preamble((b"head", numbers)) + b"head" + bytes(numbers)
    assert feed(established(), stream, [1000]) == [(FrameKind.DATA, b"head" + bytes(80))]


def test_the_buffer_grows_only_with_what_has_come_and_shrinks_back() -> None:
    """A length alone takes no memory, and a large frame does not keep it."""
    decoder = established()
    announced = wire.PREAMBLE.pack(100 << 20, wire.VERSION, FrameKind.DATA)
    assert feed(decoder, announced + bytes(1000), [4096]) == []
    assert decoder.capacity == wire.BASE_CAPACITY

    decoder = established()
    [(_, body)] = feed(decoder, data_frame(bytes(5 << 20)), [64 << 10])
    assert len(body) == 5 << 20
    assert decoder.capacity >= 5 << 20
    feed(decoder, data_frame(b"small") * 2 * wire.SHRINK_AFTER, [len(data_frame(b"small"))])
    assert decoder.capacity <= 2 * wire.BASE_CAPACITY


def test_a_stranger_gets_no_more_than_a_handshake() -> None:
    """Before the handshake is done, neither length nor kind of later frames is accepted."""
    for kind, length in [
        (FrameKind.HANDSHAKE, wire.HANDSHAKE_LIMIT + 1),
        (FrameKind.CONTROL, 10),
        (FrameKind.DATA, 10),
    ]:
        with pytest.raises(ProtocolError):
            feed(Decoder(), wire.PREAMBLE.pack(length, wire.VERSION, kind) + bytes(10), [100])
    assert Decoder().capacity <= 4 * wire.HANDSHAKE_LIMIT


def test_frames_behind_the_handshake_wait_until_it_is_done() -> None:
    """The first control frame may come with the last word of the handshake in one receive."""
    decoder = Decoder()
    stream = wire.encode_handshake(b"last word") + wire.encode_control(Heartbeat())
    space = decoder.space()
    space[: len(stream)] = stream
    [(kind, body)] = decoder.received(len(stream))
    assert (kind, bytes(body)) == (FrameKind.HANDSHAKE, b"last word")
    decoder.authenticated()
    [(kind, body)] = decoder.received(0)
    assert wire.decode_control(body) == Heartbeat()


@pytest.mark.parametrize(
    ("length", "version", "kind"),
    [
        (0, wire.VERSION, FrameKind.DATA),
        (1, wire.VERSION, FrameKind.DATA),
        (wire.DATA_LIMIT + 1, wire.VERSION, FrameKind.DATA),
        (wire.CONTROL_LIMIT + 1, wire.VERSION, FrameKind.CONTROL),
        (2**32 - 1, wire.VERSION, FrameKind.DATA),
        (10, wire.VERSION + 1, FrameKind.DATA),
        (10, wire.VERSION, 0),
        (10, wire.VERSION, FrameKind.HANDSHAKE),
        (10, wire.VERSION, 4),
        (10, wire.VERSION, 255),
    ],
)
def test_a_malformed_preamble_is_refused_in_one_line(length: int, version: int, kind: int) -> None:
    """Wrong length, version or kind: a ProtocolError with one line, at once."""
    with pytest.raises(ProtocolError) as caught:
        feed(established(), wire.PREAMBLE.pack(length, version, kind), [100])
    assert "\n" not in str(caught.value)


@given(body=st.binary(max_size=200))
@example(body=b"\x91" * 190)
@example(body=b"\xc1")
@example(body=msgspec.msgpack.encode({"type": "Hello", "view": -(2**63)}))
@example(body=msgspec.msgpack.encode({"type": "Hello\n\nworld"}))
@example(body=b"\x81\xa4type\xa9Heart\xffbeat")
@example(body=b"\x91" * 100_000)
@example(body=b"\xdf\xff\xff\xff\xff")
def test_any_body_is_a_control_message_or_a_protocol_error(body: bytes) -> None:
    """Nothing else escapes, whatever a peer sends."""
    try:
        wire.decode_control(body)
    except ProtocolError as error:
        assert "\n" not in str(error)


@given(
    message=st.sampled_from(MESSAGES),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 10_000),
)
def test_a_mutated_stream_yields_frames_or_a_protocol_error(
    message: object, changes: list[tuple[int, int]], cut: int
) -> None:
    """Mutations of good frames are read, waited for or refused; never anything else."""
    stream = bytearray((data_frame(b"12345678") + wire.encode_control(message)) * 3)
    for place, value in changes:
        stream[place % len(stream)] = value
    try:
        frames = feed(established(), bytes(stream[: 1 + cut % len(stream)]), [7, 50])
        for kind, body in frames:
            if kind == FrameKind.CONTROL:
                wire.decode_control(body)
    except ProtocolError as error:
        assert "\n" not in str(error)
