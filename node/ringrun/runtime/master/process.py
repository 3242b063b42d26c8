"""A master's process on asyncio: links to all slaves, the record and the report, orders, the core.

Made by `setting`. It brings the core what it asked for and decides nothing. An answer of a store
that does not come in time counts as unknown.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ringrun.core.messages import Control
from ringrun.core.node import SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import (
    Drop,
    Event,
    Exit,
    Links,
    Live,
    Outcome,
    Output,
    ReadRecord,
    ReadReport,
    Send,
    StoodDown,
    WriteRecord,
    WriteReport,
)
from ringrun.core.record import Member, Record
from ringrun.core.runner import MasterCore
from ringrun.record.store import AwaitedRecordStore, AwaitedReportStore, StoreError
from ringrun.runtime.journal import Journal
from ringrun.runtime.links.wanted import FIRST_RETRY, LAST_RETRY
from ringrun.runtime.log import Log
from ringrun.runtime.master.slave_link import SlaveLink
from ringrun.runtime.wire.handshake import HandshakeError, Trouble

# A request of a store that takes longer is given up, well before the lease is lost.
STORE_TIMEOUT = 1.0
# What was said last may still be read, for this long.
LAST_WORDS = 1.0

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDial:
    """A slave that was dialled in vain, and why: to act on, and in words."""

    node: SlaveId
    trouble: Trouble
    text: str


class MasterProcess:
    """Runs one master core until it says Exit.

    `show` gets events and live figures; `tried` hears of dials that failed.
    """

    def __init__(
        self,
        core: MasterCore,
        *,
        run: str,
        token: bytes,
        record: AwaitedRecordStore,
        report: AwaitedReportStore,
        log: Log,
        show: Callable[[Event | Live], None],
        journal: Journal | None = None,
        tried: Callable[[FailedDial], None] | None = None,
    ) -> None:
        self.core = core
        self.log = log
        self.reason = ""
        self._run = run
        self._token = token
        self._record = record
        self._report = report
        self._show = show
        self._journal = journal
        self._tried = tried
        self._links: dict[SlaveId, SlaveLink] = {}
        self._dials: dict[SlaveId, asyncio.Task[None]] = {}
        self._requests: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self) -> int:
        """Until Exit, whose code this returns."""
        self._given(lambda now: None)
        try:
            return await self._code
        finally:
            await self._end()

    @property
    def connected(self) -> list[SlaveId]:
        """The slaves to which a link is up."""
        return list(self._links)

    # Inputs.

    def orders(self, orders: Orders) -> None:
        """New orders."""
        self._given(lambda now: self.core.orders_read(orders, now))

    def record_changed(self, record: Record) -> None:
        """A watch saw this record."""
        self._given(lambda now: self.core.record_read(record, now))

    def terminate(self) -> None:
        """SIGTERM: free the lease, then end."""
        self._given(self.core.release)

    def link_up(self, link: SlaveLink) -> None:
        """A slave accepted the connection."""
        self._links[link.node] = link
        self._given(lambda now: self.core.link_up(link.node, now))

    def link_down(self, link: SlaveLink, reason: str) -> None:
        """A connection that was up is gone."""
        if self._links.get(link.node) is link:
            del self._links[link.node]
            self.log.say(f"connection with {link.node} ended: {reason}")
            self._given(lambda now: self.core.link_down(link.node, now))

    def heard(self, link: SlaveLink, message: Control) -> None:
        """A slave said something. ProtocolError if it may not say that."""
        self._given(lambda now: self.core.receive(link.node, message, now))

    def _given(self, call: Callable[[float], None]) -> None:
        """Deadlines first, then the input, then whatever follows from both."""
        if self._code.done():
            return
        core = self.core
        now = time.monotonic()
        if now >= core.deadline:
            core.tick(now)
            self._drain(now)
            if self._code.done():
                return
        try:
            call(now)
        finally:
            self._drain(now)
            self._rearm(now)

    def _rearm(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._code.done():
            wait = max(0.0, min(self.core.deadline - now, 60.0))
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait, self._given, lambda now: None)

    # Outputs.

    def _drain(self, now: float) -> None:
        core = self.core
        while core.notes or core.outputs:
            if core.notes:
                if self._journal is not None:
                    self._journal.write(core.notes, now)
                core.notes.clear()
            outputs = core.outputs[:]
            core.outputs.clear()
            for output in outputs:
                self._put_out(output)
                if self._code.done():
                    return

    def _put_out(self, output: Output) -> None:
        match output:
            case Send(to, message):
                if isinstance(to, SlaveId) and to in self._links:
                    self._links[to].say(message)
            case Links(wanted):
                self._want(wanted)
            case Drop(peer, reason):
                if isinstance(peer, SlaveId) and peer in self._links:
                    self.log.complain(f"connection with {peer} dropped: {reason}")
                    self._links[peer].finish()
            case ReadRecord():
                self._request(self._read_record())
            case WriteRecord(record):
                self._request(self._write_record(record))
            case ReadReport():
                self._request(self._read_report())
            case WriteReport(version, document):
                self._request(self._write_report(version, document))
            case Event() | Live():
                self._show(output)
            case StoodDown(_, text):
                self.log.say(text)
            case Exit(code, reason):
                self.reason = reason
                if reason:
                    self.log.say(reason)
                self._code.set_result(code)
            case _:
                raise AssertionError(f"a master does not ask for {type(output).__name__}")

    # The stores.

    def _request(self, asked: Awaitable[None]) -> None:
        task = asyncio.ensure_future(asked)
        self._requests.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: "asyncio.Task[None]") -> None:
        self._requests.discard(task)
        if not task.cancelled() and task.exception() is not None and not self._code.done():
            # Our own bug: let it end the process.
            error = task.exception()
            assert error is not None
            self._code.set_exception(error)

    async def _read_record(self) -> None:
        record: Record | None
        try:
            record = await _in_time(self._record.read())
        except (StoreError, TimeoutError) as error:
            self.log.complain(f"the record is out of reach: {error}")
            record = None
        self._given(lambda now: self.core.record_read(record, now))

    async def _write_record(self, record: Record) -> None:
        outcome: Outcome
        current: Record | None
        try:
            outcome, current = await _in_time(self._record.write(record))
        except (StoreError, TimeoutError) as error:
            self.log.complain(f"whether the record was written is unknown: {error}")
            outcome, current = Outcome.UNKNOWN, None
        self._given(lambda now: self.core.record_written(outcome, current, now))

    async def _read_report(self) -> None:
        try:
            version, document = await _in_time(self._report.read())
        except (StoreError, TimeoutError) as error:
            self.log.complain(f"the report is out of reach: {error}")
            self._given(self.core.report_unreachable)
        else:
            self._given(lambda now: self.core.report_read(version, document, now))

    async def _write_report(self, version: int, document: dict[str, Any]) -> None:
        outcome: Outcome
        try:
            outcome, newest, current = await _in_time(self._report.write(version, document))
        except (StoreError, TimeoutError) as error:
            self.log.complain(f"whether the report was written is unknown: {error}")
            outcome, newest, current = Outcome.UNKNOWN, version, None
        self._given(lambda now: self.core.report_written(outcome, newest, current, now))

    # Links.

    def _want(self, members: tuple[Member, ...]) -> None:
        """Dial these until they are up and again when they are down; end the others."""
        wanted = {SlaveId(member.ordinal, member.incarnation): member for member in members}
        for node in [node for node in self._dials if node not in wanted]:
            self._dials.pop(node).cancel()
            if node in self._links:
                self._links[node].finish()
        for node, member in wanted.items():
            if node not in self._dials:
                self._dials[node] = asyncio.ensure_future(self._keep_dialled(node, member))

    async def _keep_dialled(self, node: SlaveId, member: Member) -> None:
        retry = FIRST_RETRY
        start = b""
        while True:
            link = SlaveLink(
                self,
                me=self.core.me,
                node=node,
                run=self._run,
                token=self._token,
                start=start,
            )
            try:
                await link.dial(member.host, member.port)
                retry = FIRST_RETRY
                start = link.start
                # Not awaited itself: a task that is cancelled would take the future with it.
                await asyncio.wait((link.closed,))
            except HandshakeError as error:
                self.log.detail(f"dialling {node} at {member.host}:{member.port}: {error}")
                if self._tried is not None:
                    self._tried(FailedDial(node=node, trouble=error.trouble, text=str(error)))
            finally:
                if not link.up.done():
                    link.close("given up")
            await asyncio.sleep(retry)
            retry = min(2 * retry, LAST_RETRY)

    async def _end(self) -> None:
        """What was said last is still read: links end by their other side, or after a second."""
        if self._journal is not None:
            # The core is asked nothing more: whoever looks for the end need not wait for the links.
            if self._code.done() and not self._code.cancelled() and not self._code.exception():
                self._journal.end(self._code.result())
            self._journal.close()
        if self._timer is not None:
            self._timer.cancel()
        for task in (*self._dials.values(), *self._requests):
            task.cancel()
        links = list(self._links.values())
        for link in links:
            link.finish()
        if links:
            await asyncio.wait([link.closed for link in links], timeout=LAST_WORDS)
        for link in links:
            link.close("the master ends")


async def _in_time(asked: Awaitable[Answer]) -> Answer:
    try:
        async with asyncio.timeout(STORE_TIMEOUT):
            return await asked
    except TimeoutError:
        raise TimeoutError(f"no answer within {STORE_TIMEOUT:g} s") from None
