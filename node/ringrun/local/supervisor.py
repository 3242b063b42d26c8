"""One local run from the first process to the last: observe, decide, carry out.

`run` gives it a spec, folders and a display. What is decided is `core.supervisor.roster`'s; this
starts and kills processes, keeps the orders, frees leases, and knows when the run is over. It
says nothing to slaves beyond their setup, and decides no verdict while a master lives.
"""

import asyncio
import math
import secrets
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, Live
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.supervisor.observed import Observed
from ringrun.core.supervisor.patience import LOCAL, Run, Times, given_up, is_late
from ringrun.core.supervisor.roster import decide
from ringrun.local.display.interface import Display
from ringrun.local.ending import Ending
from ringrun.local.folders import Folders
from ringrun.local.interrupts import Interrupts
from ringrun.local.masters import Masters
from ringrun.local.processes.child import Child, Start
from ringrun.local.processes.forking import fork_node
from ringrun.local.slaves import Slaves, cause_of
from ringrun.record.file import FileRecordStore, FileReportStore
from ringrun.record.store import StoreError
from ringrun.spec import RunSpec
from ringrun.wording import system_words

LOOK_EVERY: Final = 0.02
"""Seconds between two looks at the record."""

LEAVE_PATIENCE: Final = 0.5
"""What is left when the report is complete gets this long to end, and again after SIGTERM."""


class Supervisor:
    """Used once: `await run()`."""

    def __init__(
        self,
        spec: RunSpec,
        folders: Folders,
        display: Display,
        *,
        debug: bool = False,
        start: Start = fork_node,
    ) -> None:
        self._spec = spec
        self._folders = folders
        self._display = display
        self._start_node = start
        self._setup = {
            "setup": {
                "token": secrets.token_hex(32),
                "run": spec.name,
                # Not the token: journals are for everybody's eyes.
                "id": secrets.token_hex(8),
                "spec": spec.as_document(),
                "journal": str(folders.journal) if folders.journal else None,
                "runDir": str(folders.run_dir),
                "debug": debug,
            }
        }
        self._store = FileRecordStore(folders.record)
        self._reports = FileReportStore(folders.report)
        self._slaves = Slaves(folders, self._start_slave)
        self._masters = Masters(spec.masters, self._store, self._start_master)
        self._orders = Orders()
        self._record: Record | None = None
        self._changed = asyncio.Event()
        self._times = Times(started=0.0)
        self._loop: asyncio.AbstractEventLoop
        self._finished: asyncio.Future[tuple[dict[str, Any] | None, Reason | None]]
        self._next_look: asyncio.Handle | None = None
        self._stop: Reason | None = None
        self._last_words = ""
        self._interrupts = 0
        self._told = True
        self._decided_version: int | None = None
        self._decide_at = math.inf

    async def run(self, interrupts: Interrupts) -> Ending:
        """Everything until the report is there, or cannot come; then no process is left."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._times = Times(started=loop.time())
        self._finished = loop.create_future()
        loop.set_exception_handler(self._note_failure)
        interrupts.tell(lambda count: loop.call_soon_threadsafe(self._interrupt, count))
        try:
            self._wake()
            document, reason = await self._finished
            if document is not None:
                await self._let_leave()
        finally:
            self._bury()
            interrupts.tell_nobody()
        return Ending(
            document=document,
            draft=self._stored_report() if document is None else None,
            reason=reason,
            interrupted=self._interrupts > 0,
            unread=self._display.gone,
            sent_for=self._times.sent_for(loop.time()),
            record=self._read(),
            orders=self._orders,
        )

    def _look(self) -> None:
        """Observe, decide, carry out; called for everything that happens, and every LOOK_EVERY.

        A plain callback and no task: children are forked from here, and a task that was being run
        at the fork would be in their way.
        """
        now = self._loop.time()
        self._record = self._read()
        document = self._complete_report()
        if document is not None:
            self._finish(document, None)
            return
        if self._something_new(now):
            self._act(now)
        if self._over:
            return
        again = self._masters.tend(now)
        self._display.look(self._record, self._orders, now - self._times.started)
        if self._display.gone and self._stop is None:
            self._stop = Reason(Why.INTERRUPTED, "whoever read its lines has gone")
            self._wake()
        reason = self._given_up(now)
        if reason is not None:
            self._finish(None, reason)
            return
        delay = min(LOOK_EVERY, max(0.0, again - self._loop.time()))
        self._schedule(self._loop.call_later(delay, self._look))

    def _finish(self, document: dict[str, Any] | None, reason: Reason | None) -> None:
        if not self._over:
            self._finished.set_result((document, reason))

    @property
    def _over(self) -> bool:
        return self._finished.done()

    def _schedule(self, look: asyncio.Handle) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._next_look = look

    def _something_new(self, now: float) -> bool:
        """Whether there is anything to decide: most looks find all as it was."""
        version = self._record.version if self._record is not None else None
        new = self._told or version != self._decided_version or now >= self._decide_at
        self._told, self._decided_version = False, version
        return new

    def _act(self, now: float) -> None:
        """Observe, decide, carry out."""
        decision = decide(
            self._spec, self._orders, self._observe(), self._record, now, self._times.started
        )
        if decision.orders != self._orders:
            self._keep(decision.orders)
        if self._over:
            return
        for node in decision.create:
            self._slaves.start(node)
        for node in decision.delete:
            self._slaves.condemn(node)
        self._decide_at = decision.deadline

    def _observe(self) -> Observed:
        return Observed(
            slaves=self._slaves.seen,
            masters=tuple(child.name for child in self._masters.living),
            stop=self._stop,
        )

    def _keep(self, orders: Orders) -> None:
        line = msgspec.json.encode(orders)
        try:
            self._folders.keep_orders(line)
        except OSError as error:
            # Nothing may follow from orders that are not kept: it ends here, and says why.
            text = f"the orders cannot be kept: {system_words(error)}"
            self._finish(None, Reason(Why.RECORD_LOST, text))
            return
        self._orders = orders
        message = b'{"orders":' + line + b"}"
        for child in self._masters.living:
            child.channel.say_newest(message)
        self._slaves.forget(orders.dead)

    def _start_slave(self, node: SlaveId) -> Child:
        ordinal, incarnation = node
        return self._start(
            str(node), ("slave", "--ordinal", str(ordinal), "--incarnation", str(incarnation))
        )

    def _start_master(self, node: MasterId) -> Child:
        number, incarnation = str(node.number), str(node.incarnation)
        child = self._start(str(node), ("master", "--number", number, "--incarnation", incarnation))
        child.channel.say_newest(b'{"orders":' + msgspec.json.encode(self._orders) + b"}")
        self._wake()
        return child

    def _start(self, name: str, arguments: Sequence[str]) -> Child:
        child = Child(
            name,
            arguments,
            log=self._folders.log(name),
            heard=self._heard,
            ended=self._ended,
            start=self._start_node,
        )
        child.channel.say(self._setup)
        return child

    def _heard(self, child: Child, message: dict[str, Any]) -> None:
        match message:
            case {"listening": [str(host), int(port)]}:
                self._slaves.listens(child, host, port)
            case {"event": dict(event)}:
                if not self._over:
                    self._display.event(msgspec.convert(event, Event))
            case {"live": dict(live)}:
                # A leader that was replaced may not have noticed; its figures are old.
                if self._record is None or self._record.holder in {"", child.name}:
                    self._display.live(msgspec.convert(live, Live))
                return
        self._wake()

    def _ended(self, child: Child) -> None:
        master = MasterId.parse(child.name)
        if master is not None:
            self._last_words = f"{child.name}: {cause_of(child, self._folders)}"
            if not self._over and child.code:
                leading = self._record is not None and self._record.holder == child.name
                self._display.master_lost(master, leading=leading)
            self._masters.note_end(master, self._loop.time())
        self._wake()

    def _note_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Our own bug: asyncio would only log it and go on.
        if not self._over:
            self._finished.set_exception(
                context.get("exception") or RuntimeError(context["message"])
            )

    def _wake(self) -> None:
        """There may be something to decide: look at once."""
        self._told = True
        self._changed.set()
        if not self._over:
            self._schedule(self._loop.call_soon(self._look))

    def _interrupt(self, count: int) -> None:
        if self._over:
            # It ends within a second as it is, and its outcome stands.
            return
        self._interrupts = count
        self._stop = Reason(Why.INTERRUPTED)
        self._wake()

    def _read(self) -> Record | None:
        try:
            return self._store.read()
        except StoreError:
            return None

    def _complete_report(self) -> dict[str, Any] | None:
        if self._record is not None and self._record.phase is not Phase.STOP:
            return None
        document = self._stored_report()
        return document if document is not None and document.get("complete") else None

    def _stored_report(self) -> dict[str, Any] | None:
        with suppress(StoreError):
            return self._reports.read()[1]
        return None

    def _given_up(self, now: float) -> Reason | None:
        """Why no complete report is to be waited for any more; None while there is hope."""
        if self._interrupts > 1:
            return Reason(Why.INTERRUPTED)
        live = bool(self._slaves.living)
        self._times = times = self._times.seen(
            now,
            phase=None if self._record is None else self._record.phase,
            slaves_live=live,
            stopped=(self._orders.stop_reason or self._stop) is not None,
        )
        if self._stop is None and is_late(self._spec, times, now, LOCAL):
            self._stop = Reason(Why.START_DEADLINE)
            self._wake()
        run = Run(
            times=times,
            stop_reason=self._orders.stop_reason or self._stop,
            slaves_live=live,
            masters_run=bool(self._masters.living),
            masters_given_up=self._masters.given_up,
            last_words=self._last_words,
        )
        return given_up(self._spec, run, now, LOCAL)

    async def _let_leave(self) -> None:
        """The report is complete: slaves end once they are told so; the rest is asked, then left
        to `_bury`."""
        await self._until(lambda: not self._slaves.living)
        for child in self._living():
            child.kill(signal.SIGTERM)
        await self._until(lambda: not self._living())

    async def _until(self, true: Callable[[], bool]) -> None:
        """Wait for it, and no longer than LEAVE_PATIENCE."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_PATIENCE):
                while not true():
                    self._changed.clear()
                    await self._changed.wait()

    def _living(self) -> tuple[Child, ...]:
        return (*self._slaves.living, *self._masters.living)

    def _bury(self) -> None:
        children = self._living()
        # All are killed before the first is waited for.
        for child in children:
            child.kill()
        for child in children:
            child.bury()
