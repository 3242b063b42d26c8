"""How a master was started becomes its process: core, stores and journal put together."""

import asyncio
import io
import json
from pathlib import Path
from struct import Struct
from typing import Any

import pytest

from ringrun.core.journal_bytes import MAGIC
from ringrun.core.node import MasterId
from ringrun.core.outputs import Event, EventKind, Live
from ringrun.core.record import Record
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.runtime.log import Log
from ringrun.runtime.master.setting import MasterSetting, master_process
from ringrun.runtime.planning import plan_of
from ringrun.spec import default_run

SPEC = default_run(name="r")
HEADER = Struct("<IBd")


class AtOnce:
    """A store in memory as a master uses it; nothing blocks."""

    def __init__(self, store: MemoryRecordStore | MemoryReportStore) -> None:
        self._store = store

    async def read(self) -> Any:
        return self._store.read()

    async def write(self, *what: Any) -> Any:
        return self._store.write(*what)


def setting(journal: Path | None = None) -> MasterSetting:
    return MasterSetting(
        me=MasterId(2, 3), spec=SPEC, plan=plan_of(SPEC, "r"), token=b"t" * 32, journal=journal
    )


def until_it_leads(given: MasterSetting) -> list[Record]:
    """Run the process, and end it once it leads; the record at that time, and at the end."""
    store = MemoryRecordStore()
    found: list[Record] = []

    async def scene() -> None:
        def show(output: Event | Live) -> None:
            if isinstance(output, Event) and output.kind is EventKind.LEADER_ELECTED:
                found.append(store.read())
                asyncio.get_running_loop().call_soon(process.terminate)

        process = master_process(
            given,
            record=AtOnce(store),
            report=AtOnce(MemoryReportStore()),
            log=Log("m2-3", stream=io.StringIO()),
            show=show,
        )
        async with asyncio.timeout(20):
            assert await process.run() == 0

    asyncio.run(scene())
    return [*found, store.read()]


def test_the_process_leads_by_the_record_it_was_given() -> None:
    """Under its own name, and frees the record when it is told to end."""
    assert [record.holder for record in until_it_leads(setting())] == ["m2-3", ""]


def test_a_journal_begins_with_what_the_checker_has_to_know(tmp_path: Path) -> None:
    """Who writes it, of which run, and what the spec asked for."""
    until_it_leads(setting(tmp_path))
    data = (tmp_path / "m2-3.journal").read_bytes()
    length, _, _ = HEADER.unpack_from(data, len(MAGIC))
    meta = json.loads(data[len(MAGIC) + HEADER.size :][:length])
    assert isinstance(meta.pop("clock"), str)
    assert meta == {
        "run": "r",
        "node": "m2-3",
        "role": "master",
        "ordinal": 2,
        "incarnation": 3,
        "nodes": SPEC.nodes,
        "seed": SPEC.seed,
        "model": str(SPEC.model),
        "send": SPEC.send,
        "grace": SPEC.grace,
    }
    assert len(data) > len(MAGIC) + HEADER.size + length


def test_a_journal_of_another_run_is_not_overwritten(tmp_path: Path) -> None:
    """The master does not begin: it would leave no evidence."""
    (tmp_path / "m2-3.journal").write_bytes(b"evidence")
    with pytest.raises(FileExistsError):
        until_it_leads(setting(tmp_path))
    assert (tmp_path / "m2-3.journal").read_bytes() == b"evidence"
