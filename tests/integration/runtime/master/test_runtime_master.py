"""A master's process: stores that hang, slaves that are not there, and how it ends."""

import asyncio
import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable

from commanding import RUN, TOKEN

from ringrun.core.errors import ProtocolError
from ringrun.core.master.master import Master
from ringrun.core.messages import Heartbeat
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome
from ringrun.core.record import Member, Record
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.runtime.log import Log
from ringrun.runtime.master.process import STORE_TIMEOUT, MasterProcess
from ringrun.runtime.master.threaded import ThreadedRecordStore, ThreadedReportStore
from ringrun.runtime.planning import plan_of
from ringrun.runtime.wire.frames import (
    Decoder,
    data_preamble,
    encode_control,
    encode_handshake,
)
from ringrun.runtime.wire.handshake import Identity, Listening, Open
from ringrun.spec import default_run


class SlowStore(MemoryRecordStore):
    """Answers only while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def read(self) -> Record:
        assert self.open.wait(30)
        return super().read()

    def write(self, record: Record) -> tuple[Outcome, Record | None]:
        assert self.open.wait(30)
        return super().write(record)


def process(store: MemoryRecordStore, log: io.StringIO) -> MasterProcess:
    """A master of a run of two slaves; call it inside a loop."""
    spec = default_run([], name=RUN)
    return MasterProcess(
        Master(me=MasterId(0, 1), spec=spec, plan=plan_of(spec, RUN), now=time.monotonic()),
        run=RUN,
        token=TOKEN,
        record=ThreadedRecordStore(store),
        report=ThreadedReportStore(MemoryReportStore()),
        log=Log("m0-1", debug=True, stream=log),
        show=lambda output: None,
    )


async def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for what must come to be."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


def test_a_store_that_hangs_does_not_hang_the_master() -> None:
    """Its answers count as unknown after a second; once it answers, the master leads, and ends."""
    log = io.StringIO()

    async def scenario() -> None:
        store = SlowStore()
        master = process(store, log)
        running = asyncio.ensure_future(master.run())
        await until(lambda: "out of reach" in log.getvalue())
        began = time.monotonic()
        await asyncio.sleep(0)
        assert time.monotonic() - began < STORE_TIMEOUT
        assert not running.done()
        store.open.set()
        await until(lambda: MemoryRecordStore.read(store).holder == "m0-1")
        master.terminate()
        assert await asyncio.wait_for(running, 10) == 0
        assert MemoryRecordStore.read(store).holder == ""

    asyncio.run(scenario())
    assert "no answer within 1 s" in log.getvalue()


class FakeSlave:
    """A listener that is authenticated and then says what a test wants, in a thread.

    One that is `restarted` is another process at each connection.
    """

    def __init__(self, says: bytes, *, restarted: bool = False) -> None:
        self.says = says
        self.restarted = restarted
        self.accepted = 0
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def member(self) -> Member:
        return Member(ordinal=0, incarnation=1, host="127.0.0.1", port=self.sock.getsockname()[1])

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.sock.accept()
                with connection, contextlib.suppress(ProtocolError):
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        decoder = Decoder()
        listening = Listening(
            me=Identity.slave(SlaveId(0, 1)),
            run=RUN,
            token=TOKEN,
            nonce=bytes(32),
            admit=lambda opened: "" if isinstance(opened, Open) else "no",
            start=bytes([self.accepted]) if self.restarted else b"",
        )
        while listening.peer is None:
            count = connection.recv_into(decoder.space())
            if not count:
                return
            for _, body in decoder.received(count):
                connection.sendall(encode_handshake(listening.receive(body)))
        self.accepted += 1
        connection.sendall(self.says)
        while connection.recv(4096):
            pass

    def close(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join(5)


def with_slave(slave: FakeSlave, check: Callable[[str, MasterProcess], bool]) -> str:
    """Run a master with this slave on its roster until the check of its log holds; that log."""
    log = io.StringIO()

    async def scenario() -> None:
        master = process(MemoryRecordStore(), log)
        running = asyncio.ensure_future(master.run())
        master.orders(Orders(version=1, roster=(slave.member,)))
        await until(lambda: check(log.getvalue(), master))
        master.terminate()
        await asyncio.wait_for(running, 10)

    try:
        asyncio.run(scenario())
    finally:
        slave.close()
    return log.getvalue()


def test_a_slave_is_dialled_and_kept() -> None:
    """One connection, however long; heartbeats and the like are no reason to end it."""
    slave = FakeSlave(encode_control(Heartbeat()))
    log = with_slave(slave, lambda log, master: master.connected == [SlaveId(0, 1)])
    assert "connection with s0-1 ended: closed" in log


def test_a_slave_that_breaks_the_rules_is_dropped_and_dialled_again() -> None:
    """Data for a master, or no frame at all: one reason, and another try a little later."""
    for says, reason in [
        (data_preamble((b"x",)) + b"x", "a slave sends a master no data"),
        (b"\xff" * 64, "speaks version 255 of the wire"),
    ]:
        slave = FakeSlave(says)
        log = with_slave(slave, lambda log, master, slave=slave: slave.accepted >= 2)
        assert f"connection with s0-1 ended: {reason}" in log


def test_another_process_at_a_slaves_address_is_not_the_slave() -> None:
    """By hand one may be started again on its port; its name would mean two of them."""
    slave = FakeSlave(b"\xff" * 64, restarted=True)
    with_slave(slave, lambda log, master: "another process is there in place of s0-1" in log)
    assert slave.accepted == 1
