"""Stores whose calls block, awaited in a loop that may not wait."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.record.store import StoreError
from ringrun.runtime.master.threaded import ThreadedRecordStore, ThreadedReportStore

FIRST = Record().evolve(holder="m0-1")


class Gate(MemoryRecordStore):
    """Answers once it is open; `begun` has the threads in which it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.begun: list[str] = []

    def read(self) -> Record:
        self.begun.append(threading.current_thread().name)
        assert self.open.wait(10)
        return super().read()


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Open at the end, or its thread would stay."""
    made = Gate()
    yield made
    made.open.set()


def in_a_loop(scene: Callable[[], Awaitable[Any]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await scene()

    asyncio.run(within())


def test_a_record_goes_through_as_it_is() -> None:
    """Answers and arguments; the store behind it holds it afterwards."""

    async def scene() -> None:
        behind = MemoryRecordStore()
        store = ThreadedRecordStore(behind)
        assert await store.read() == Record()
        assert await store.write(FIRST) == (Outcome.SAVED, FIRST)
        assert await store.write(FIRST) == (Outcome.CONFLICT, FIRST)
        assert behind.read() == FIRST
        store.close()

    in_a_loop(scene)


def test_a_report_goes_through_as_it_is() -> None:

    async def scene() -> None:
        store = ThreadedReportStore(MemoryReportStore())
        assert await store.read() == (0, None)
        assert await store.write(0, {"count": 1}) == (Outcome.SAVED, 1, {"count": 1})
        assert await store.write(0, {"count": 2}) == (Outcome.CONFLICT, 1, {"count": 1})
        assert await store.read() == (1, {"count": 1})
        store.close()

    in_a_loop(scene)


def test_the_loop_goes_on_while_a_call_hangs(gate: Gate) -> None:
    """It is the loop that opens the gate. The report's calls do not wait for the record's."""

    async def scene() -> None:
        record, report = ThreadedRecordStore(gate), ThreadedReportStore(MemoryReportStore())
        reading = asyncio.ensure_future(record.read())
        assert await report.read() == (0, None)
        assert not reading.done()
        gate.open.set()
        assert await reading == Record()
        assert gate.begun[0].startswith("record")
        record.close()
        report.close()

    in_a_loop(scene)


def test_calls_of_one_store_are_made_one_after_the_other(gate: Gate) -> None:
    """In the order in which they were asked for: none sees the store in the middle of another."""

    async def scene() -> None:
        store = ThreadedRecordStore(gate)
        asked = [store.read(), store.write(FIRST), store.read()]
        answers = asyncio.gather(*asked)
        await asyncio.sleep(0)
        gate.open.set()
        assert await answers == [Record(), (Outcome.SAVED, FIRST), FIRST]
        assert len(set(gate.begun)) == 1
        store.close()

    in_a_loop(scene)


def test_what_a_store_raises_is_raised_where_it_is_awaited() -> None:

    class Lost(MemoryRecordStore):
        def read(self) -> Record:
            raise StoreError("gone")

    async def scene() -> None:
        store = ThreadedRecordStore(Lost())
        with pytest.raises(StoreError, match="gone"):
            await store.read()
        assert await store.write(FIRST) == (Outcome.SAVED, FIRST)
        store.close()

    in_a_loop(scene)


def test_closing_waits_for_no_call_and_begins_none(gate: Gate) -> None:
    """A store that hangs does not keep a master from ending; nothing is written behind its back."""

    async def scene() -> None:
        store = ThreadedRecordStore(gate)
        hangs, waits = (
            asyncio.ensure_future(store.read()),
            asyncio.ensure_future(store.write(FIRST)),
        )
        await asyncio.sleep(0)
        store.close()
        with pytest.raises(asyncio.CancelledError):
            await waits
        gate.open.set()
        assert await hangs == Record()
        assert gate.read() == Record()
        with pytest.raises(RuntimeError, match="shutdown"):
            await store.read()

    in_a_loop(scene)
