"""Stores whose calls block, for a master that may not wait: a thread for each of them.

Used by the masters of a local run and by the one by hand. A call that hangs keeps those after it
waiting; whoever awaits gives up at a time of its own.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record
from ringrun.record.store import RecordStore, ReportStore

Answer = TypeVar("Answer")


class _Thread:
    """One thread, until it is closed."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, name)

    def close(self) -> None:
        """Begin no call any more, and wait for none."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


class ThreadedRecordStore(_Thread):
    """A `RecordStore` to be awaited."""

    def __init__(self, store: RecordStore) -> None:
        super().__init__("record")
        self._store = store

    async def read(self) -> Record:
        """See `RecordStore.read`."""
        return await self._ask(self._store.read)

    async def write(self, record: Record) -> tuple[Outcome, Record | None]:
        """See `RecordStore.write`."""
        return await self._ask(lambda: self._store.write(record))


class ThreadedReportStore(_Thread):
    """A `ReportStore` to be awaited."""

    def __init__(self, store: ReportStore) -> None:
        super().__init__("report")
        self._store = store

    async def read(self) -> tuple[int, dict[str, Any] | None]:
        """See `ReportStore.read`."""
        return await self._ask(self._store.read)

    async def write(
        self, version: int, document: dict[str, Any]
    ) -> tuple[Outcome, int, dict[str, Any] | None]:
        """See `ReportStore.write`."""
        return await self._ask(lambda: self._store.write(version, document))
