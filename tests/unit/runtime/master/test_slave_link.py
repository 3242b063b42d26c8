"""A master's connection to one slave, with a transport and a slave of the test's own."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from ringrun.core.messages import Control, Heartbeat
from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.links.link import CONTROL_WAITING
from ringrun.runtime.master.slave_link import SlaveLink
from ringrun.runtime.wire.frames import (
    Decoder,
    data_preamble,
    decode_control,
    encode_control,
    encode_handshake,
)
from ringrun.runtime.wire.handshake import (
    NONCE_BYTES,
    HandshakeError,
    Identity,
    Listening,
    RefusedError,
    Trouble,
)

TOKEN = b"t" * 32
SLAVE = SlaveId(1, 1)


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """The test as pytest calls it."""

    @wraps(test)
    def call() -> None:
        asyncio.run(test())

    return call


class Transport(asyncio.Transport):
    """Keeps what is written; tells its protocol of the end as the real one does, but at once."""

    def __init__(self, link: SlaveLink) -> None:
        super().__init__({"socket": socket.socket()})
        self.link = link
        self.written = bytearray()
        self.waiting = 0
        self.ended = self.aborted = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        assert not self.aborted
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        if not self.aborted:
            self.lose(None)

    def lose(self, error: Exception | None) -> None:
        self.aborted = True
        self.get_extra_info("socket").close()
        self.link.connection_lost(error)


class Owner:
    """Whose link it is; `told` has what it heard of it."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def link_up(self, link: SlaveLink) -> None:
        self.told.append(("up", link.node))

    def link_down(self, link: SlaveLink, reason: str) -> None:
        self.told.append(("down", link.node, reason))

    def heard(self, link: SlaveLink, message: Control) -> None:
        self.told.append(("heard", link.node, message))


class Slave(Owner):
    """The other side of a link, and its owner as well."""

    def __init__(self, *, token: bytes = TOKEN, start: bytes = b"", known: bytes = b"") -> None:
        super().__init__()
        self.link = SlaveLink(
            self, me=MasterId(0, 1), node=SLAVE, run="r", token=TOKEN, start=known
        )
        self.transport = Transport(self.link)
        self.link.connection_made(self.transport)
        self._decoder = Decoder()
        self._listening = Listening(
            me=Identity.slave(SLAVE),
            run="r",
            token=token,
            nonce=bytes(NONCE_BYTES),
            admit=lambda opened: "",
            start=start,
        )

    def says(self, data: bytes) -> None:
        """The transport has received this, all at once."""
        space = self.link.get_buffer(-1)
        space[: len(data)] = data
        self.link.buffer_updated(len(data))

    def bodies(self) -> list[bytes]:
        """What the link has written since."""
        data = bytes(self.transport.written)
        self.transport.written.clear()
        self._decoder.space()[: len(data)] = data
        return [bytes(body) for _, body in self._decoder.received(len(data))]

    def shakes(self, then: bytes = b"") -> None:
        """The handshake; what comes `then` comes together with its last word."""
        [opened] = self.bodies()
        self.says(encode_handshake(self._listening.receive(opened)))
        [proof] = self.bodies()
        self.says(encode_handshake(self._listening.receive(proof)) + then)
        self._decoder.authenticated()


@in_a_loop
async def test_a_link_is_up_once_both_have_proved_themselves() -> None:
    """Its owner hears it once, and which process it is is known from then on."""
    slave = Slave(start=b"begun")
    assert not slave.link.up.done()
    slave.shakes()
    assert slave.link.up.done()
    assert slave.told == [("up", SLAVE)]
    assert slave.link.start == b"begun"
    slave.transport.abort()


@in_a_loop
async def test_what_comes_with_the_last_word_is_heard_too() -> None:
    """After the link is up; a frame in two pieces is one message."""
    slave = Slave()
    frame = encode_control(Heartbeat())
    slave.shakes(frame + frame[:3])
    assert slave.told == [("up", SLAVE), ("heard", SLAVE, Heartbeat())]
    slave.says(frame[3:])
    assert len(slave.told) == 3
    slave.transport.abort()


@in_a_loop
async def test_what_is_said_arrives_as_a_frame() -> None:
    slave = Slave()
    slave.shakes()
    slave.link.say(Heartbeat())
    assert [decode_control(body) for body in slave.bodies()] == [Heartbeat()]
    slave.transport.abort()
    slave.link.say(Heartbeat())


@in_a_loop
async def test_a_slave_that_does_not_read_loses_its_connection() -> None:
    """So much may wait, and no more."""
    slave = Slave()
    slave.shakes()
    slave.transport.waiting = CONTROL_WAITING
    slave.link.say(Heartbeat())
    assert not slave.transport.aborted
    slave.transport.waiting += 1
    slave.link.say(Heartbeat())
    assert slave.told[-1] == ("down", SLAVE, "does not read")


@in_a_loop
async def test_a_slave_that_breaks_the_rules_loses_its_connection() -> None:
    """The first rule that it broke is the reason; what follows in the same bytes is not heard."""
    for says, reason in [
        (data_preamble((b"x",)) + b"x" + encode_control(Heartbeat()), "sends a master no data"),
        (b"\xff" * 64, "speaks version 255"),
    ]:
        slave = Slave()
        slave.shakes(says)
        [_, (what, node, said)] = slave.told
        assert (what, node) == ("down", SLAVE)
        assert reason in str(said)
        assert slave.link.closed.result() == said


@in_a_loop
async def test_one_with_another_token_is_told_so_and_never_up() -> None:
    """It refuses, and so does the master what is no proof; the owner hears of neither."""
    slave = Slave(token=b"x" * 32)
    with pytest.raises(RefusedError) as refused:
        slave.shakes()
    slave.says(encode_handshake(refused.value.answer))
    assert slave.link.closed.result() == "refused: another token"
    assert (slave.told, slave.link.up.done()) == ([], False)


@in_a_loop
async def test_another_process_of_the_same_name_is_told_that_it_is_another() -> None:
    """By hand it may listen at the address where the first was."""
    slave = Slave(start=b"second", known=b"first")
    with pytest.raises(HandshakeError, match="refused: another process is there"):
        slave.shakes()
    assert slave.link.closed.result().startswith("another process is there")
    assert slave.told == []


@in_a_loop
async def test_the_first_reason_of_an_end_is_the_one_that_is_told() -> None:
    """Else it is the system's, or that the other side closed."""
    reset = ConnectionResetError("reset")
    for end, reason in [
        (lambda link: link.close("ours"), "ours"),
        (lambda link: None, "reset"),
        (lambda link: link.eof_received(), "closed by the other side"),
        (lambda link: (link.close("ours"), link.close("later")), "ours"),
        (lambda link: (link.eof_received(), link.close("later")), "closed by the other side"),
    ]:
        slave = Slave()
        slave.shakes()
        end(slave.link)
        if not slave.transport.aborted:
            slave.transport.lose(reset)
        assert slave.told[-1] == ("down", SLAVE, reason)


@in_a_loop
async def test_a_link_that_is_up_ends_by_the_other_side() -> None:
    """What was said last is read first. One that is not up has said nothing."""
    slave = Slave()
    slave.shakes()
    slave.link.finish()
    assert (slave.transport.ended, slave.transport.aborted) == (True, False)
    slave.transport.abort()
    slave.link.finish()
    early = Slave()
    early.link.finish()
    assert (early.transport.ended, early.transport.aborted) == (False, True)
    assert early.link.closed.result() == "the master ends"


@in_a_loop
async def test_where_nobody_listens_nobody_is_reached() -> None:
    """It may be only a matter of time."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        link = SlaveLink(Owner(), me=MasterId(0, 1), node=SLAVE, run="r", token=TOKEN)
        with pytest.raises(HandshakeError) as failed:
            await link.dial(*held.getsockname())
    assert failed.value.trouble is Trouble.UNREACHABLE


@in_a_loop
async def test_dialling_tells_what_went_wrong() -> None:
    """Somebody is there: who breaks off, and who refuses, is told apart."""
    refusal = encode_handshake(RefusedError("not you").answer)
    for says, trouble, text in [
        (b"", Trouble.BROKEN, "closed by the other side"),
        (refusal, Trouble.REFUSED, "refused: not you"),
    ]:

        async def answer(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, says: bytes = says
        ) -> None:
            await reader.read(1)
            writer.write(says)
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            link = SlaveLink(Owner(), me=MasterId(0, 1), node=SLAVE, run="r", token=TOKEN)
            with pytest.raises(HandshakeError, match=text) as failed:
                await link.dial(*server.sockets[0].getsockname())
        assert failed.value.trouble is trouble
