"""A slave by hand before it has a name."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from made_connections import TOKEN, MadeConnections, made_connections

from ringrun.core.errors import ProtocolError
from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.events import Up
from ringrun.runtime.slave.naming import first_name
from ringrun.runtime.slave.waking import Waking
from ringrun.runtime.wire.frames import Decoder, encode_handshake
from ringrun.runtime.wire.handshake import NONCE_BYTES, Dialling, Identity

MASTER = Identity.master(MasterId(0, 1))


class Unnamed:
    """A slave that waits for its name, and those who dial it."""

    def __init__(self, made: MadeConnections) -> None:
        self.made = made
        self.waking = Waking(made.poll, None)
        self.lines: list[socket.socket] = []
        self.refusals: list[str] = []

    def dial(self, me: Identity, *, token: bytes = TOKEN) -> None:
        """Call it slave 3 of run r, to the end of the handshake."""
        line = socket.create_connection(self.made.address, timeout=5)
        self.lines.append(line)
        handshake = Dialling(
            me=me,
            dialled=Identity.slave(SlaveId(3, 1)),
            run="r",
            token=token,
            nonce=os.urandom(NONCE_BYTES),
        )
        line.sendall(encode_handshake(handshake.begin()))
        decoder = Decoder()
        try:
            while handshake.peer is None:
                for _, body in decoder.received(line.recv_into(decoder.space())):
                    line.sendall(encode_handshake(handshake.receive(body)))
        except ProtocolError as error:
            self.refusals.append(str(error))

    def named(self, *dials: Callable[[], None]) -> Name | None:
        """What `first_name` gives while somebody does this."""
        calling = threading.Thread(target=lambda: [dial() for dial in dials])
        calling.start()
        name = first_name(self.made.connections, self.waking)
        calling.join(10)
        return name


@pytest.fixture
def unnamed() -> Iterator[Unnamed]:
    """The signal is the tests' own again afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    with made_connections(None) as made:
        waiting = Unnamed(made)
        yield waiting
        waiting.waking.close()
    signal.signal(signal.SIGTERM, before)
    for line in waiting.lines:
        line.close()


def test_a_master_gives_the_name(unnamed: Unnamed) -> None:
    """Run and node. That its link is up is left for the core, which there is not yet."""
    name = Name(run="r", node=SlaveId(3, 1))
    assert unnamed.named(lambda: unnamed.dial(MASTER)) == name
    assert unnamed.made.connections.name == name
    [event] = unnamed.made.connections.events
    assert isinstance(event, Up)
    assert event.link.peer == MasterId(0, 1)


def test_nobody_else_can(unnamed: Unnamed) -> None:
    """Neither another slave, nor a master with another token; one that may is waited for."""
    name = unnamed.named(
        lambda: unnamed.dial(Identity.slave(SlaveId(0, 1))),
        lambda: unnamed.dial(MASTER, token=b"x" * 32),
        lambda: unnamed.dial(MASTER),
    )
    assert name == Name(run="r", node=SlaveId(3, 1))
    assert unnamed.refusals == [
        "refused: no master has named this slave yet",
        "refused: another token",
    ]


@pytest.mark.parametrize("before", [True, False])
def test_one_who_is_told_to_end_gets_none(unnamed: Unnamed, before: bool) -> None:
    """Whether it waits already or is about to: the signal wakes a poll that blocks."""

    def end() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    if before:
        end()
    assert unnamed.named(*[] if before else [end]) is None
