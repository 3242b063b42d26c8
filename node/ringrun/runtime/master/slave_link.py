"""A master's connection to one slave, on asyncio: dialled, authenticated, framed.

Called by `process`. Masters say little, so what is fast in `link` is only simple here; the
wire and the handshake are the same pure code.
"""

import asyncio
import os
from typing import Protocol, cast

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Control
from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.links.link import CONTROL_WAITING
from ringrun.runtime.links.sockets import errno_text, tune
from ringrun.runtime.wire.frames import (
    Decoder,
    FrameKind,
    decode_control,
    encode_control,
    encode_handshake,
)
from ringrun.runtime.wire.handshake import (
    DEADLINE,
    NONCE_BYTES,
    Dialling,
    HandshakeError,
    Identity,
    RefusedError,
    Trouble,
)
from ringrun.wording import system_words


class Owner(Protocol):
    """Who hears of what happens on a link that is up."""

    def link_up(self, link: "SlaveLink") -> None: ...

    def link_down(self, link: "SlaveLink", reason: str) -> None: ...

    def heard(self, link: "SlaveLink", message: Control) -> None: ...


class SlaveLink(asyncio.BufferedProtocol):
    """One connection. `up` and `closed` are set by what happens; `closed` has the reason."""

    def __init__(
        self,
        owner: Owner,
        *,
        me: MasterId,
        node: SlaveId,
        run: str,
        token: bytes,
        start: bytes = b"",
    ) -> None:
        loop = asyncio.get_running_loop()
        self.node = node
        self.start = start
        self.up: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[str] = loop.create_future()
        self._owner = owner
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._reason = ""
        self._trouble = Trouble.BROKEN
        self._handshake: Dialling | None = Dialling(
            me=Identity.master(me),
            dialled=Identity.slave(node),
            run=run,
            token=token,
            nonce=os.urandom(NONCE_BYTES),
            start=start,
        )

    async def dial(self, host: str, port: int) -> None:
        """Until the slave has accepted; HandshakeError, with why, if it does not."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE):
                await loop.create_connection(lambda: self, host, port)
                await asyncio.wait((self.up, self.closed), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self.close("no handshake in time")
            reason = f"no answer within {DEADLINE:g} s"
            raise HandshakeError(reason, Trouble.UNREACHABLE) from None
        except OSError as error:
            raise HandshakeError(errno_text(error), Trouble.UNREACHABLE) from error
        if self.closed.done():
            reason = self.closed.result() or "closed during the handshake"
            raise HandshakeError(reason, self._trouble)

    def say(self, message: Control) -> None:
        """Send it; lost if the link is gone. A slave that does not read loses its connection."""
        transport = self._transport
        if transport is None or self.closed.done():
            return
        if transport.get_write_buffer_size() > CONTROL_WAITING:
            self.close("does not read")
        else:
            transport.write(encode_control(message))

    def close(self, reason: str) -> None:
        """End the connection at once."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()

    def finish(self) -> None:
        """Let what was said arrive: the slave reads it, sees the end, and closes."""
        transport = self._transport
        if transport is not None and not transport.is_closing() and self.up.done():
            transport.write_eof()
        else:
            self.close("the master ends")

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        tune(transport.get_extra_info("socket"))
        assert self._handshake is not None
        self._transport.write(encode_handshake(self._handshake.begin()))

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._decoder.space()

    def buffer_updated(self, count: int) -> None:
        try:
            while self._handshake is not None:
                frames = self._decoder.received(count)
                count = 0
                if not frames:
                    return
                self._shake(self._handshake, frames[0][1])
            for kind, body in self._decoder.received(count):
                if kind != FrameKind.CONTROL:
                    raise ProtocolError("a slave sends a master no data")
                self._owner.heard(self, decode_control(body))
        except ProtocolError as error:
            if isinstance(error, RefusedError) and self._transport is not None:
                self._transport.write(encode_handshake(error.answer))
            if isinstance(error, HandshakeError):
                self._trouble = error.trouble
            self.close(str(error))

    def _shake(self, handshake: Dialling, body: memoryview) -> None:
        answer = handshake.receive(body)
        if answer and self._transport is not None:
            self._transport.write(encode_handshake(answer))
        if handshake.peer is not None:
            self._handshake = None
            self.start = handshake.start
            self._decoder.authenticated()
            self.up.set_result(None)
            self._owner.link_up(self)

    def eof_received(self) -> bool:
        self._reason = self._reason or "closed by the other side"
        return False

    def connection_lost(self, error: Exception | None) -> None:
        reason = self._reason or (system_words(error) if error is not None else "closed")
        if not self.closed.done():
            self.closed.set_result(reason)
        if self.up.done():
            self._owner.link_down(self, reason)
