"""The record and the report of a local run as numbered files."""

import multiprocessing
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringrun.core.outputs import Outcome
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record
from ringrun.record.file import FileRecordStore, FileReportStore
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.record.numbered import KEPT_VERSIONS
from ringrun.record.store import RecordStore, ReportStore, StoreError


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> RecordStore:
    """Both stores of a record obey the same."""
    return FileRecordStore(tmp_path / "record") if request.param == "file" else MemoryRecordStore()


@pytest.fixture(params=["file", "memory"])
def reports(request: pytest.FixtureRequest, tmp_path: Path) -> ReportStore:
    """Both stores of a report obey the same."""
    return FileReportStore(tmp_path / "report") if request.param == "file" else MemoryReportStore()


def test_a_new_record_has_version_zero(store: RecordStore) -> None:
    """Nothing was written: nobody leads, no view."""
    assert store.read() == Record()


def test_what_was_saved_is_read(store: RecordStore) -> None:
    """Every field comes back."""
    record = Record().evolve(
        epoch=1,
        holder="m0-1",
        view=1,
        members=(Member(ordinal=0, incarnation=1, host="127.0.0.1", port=7),),
        phase=Phase.SEND,
        closed=False,
    )
    assert store.write(record) == (Outcome.SAVED, record)
    assert store.read() == record


def test_a_write_over_an_unread_version_conflicts_and_shows_it(store: RecordStore) -> None:
    """Compare-and-swap: the second writer of a version loses and sees the first."""
    first = Record().evolve(epoch=1, holder="m0-1")
    store.write(first)
    assert store.write(Record().evolve(epoch=1, holder="m1-1")) == (Outcome.CONFLICT, first)
    ahead = msgspec.structs.replace(first, version=3)
    assert store.write(ahead) == (Outcome.CONFLICT, first)
    assert store.read() == first


def test_freeing_empties_the_holder_and_nothing_else(store: RecordStore) -> None:
    """Another holder's lease is left alone, and an empty one is not freed twice."""
    record = Record().evolve(epoch=4, holder="m0-1", renewed=3.5, view=0, count=9)
    for version in range(1, 9):
        record = msgspec.structs.replace(record, version=version)
        store.write(record)
    assert not store.free("m1-1")
    assert not store.free("")
    assert store.free("m0-1")
    assert store.read() == record.evolve(holder="")
    assert not store.free("m0-1")


def test_two_stores_on_one_folder_see_each_other(tmp_path: Path) -> None:
    """A read is never older than what anybody was told is saved."""
    one, two = FileRecordStore(tmp_path), FileRecordStore(tmp_path)
    record = Record()
    for _ in range(120):
        one, two = two, one
        record = record.evolve(count=record.count + 1)
        assert one.write(record) == (Outcome.SAVED, record)
        assert two.read() == record


def test_only_the_newest_versions_are_kept(tmp_path: Path) -> None:
    """The folder does not grow with the run, so neither does the time of a read."""
    store = FileRecordStore(tmp_path)
    record = Record()
    for _ in range(KEPT_VERSIONS * 2):
        record = record.evolve(count=record.count + 1)
        store.write(record)
    assert sorted(os.listdir(tmp_path)) == sorted(
        f"record.{version}" for version in range(KEPT_VERSIONS + 1, KEPT_VERSIONS * 2 + 1)
    )


def test_temporary_files_of_the_dead_are_never_read(tmp_path: Path) -> None:
    """A writer was killed before its link: its half file is no version."""
    store = FileRecordStore(tmp_path)
    store.write(Record().evolve(epoch=1, holder="m0-1"))
    (tmp_path / "new-77-1").write_bytes(b'{"version":2,"epo')
    (tmp_path / "record.2.part").write_bytes(b"{")
    assert store.read().version == 1
    assert store.write(store.read().evolve(count=5))[0] is Outcome.SAVED


def test_a_record_out_of_reach_says_so(tmp_path: Path) -> None:
    """Reading raises StoreError; of a write nothing is known."""
    store = FileRecordStore(tmp_path / "record")
    (tmp_path / "record").rmdir()
    with pytest.raises(StoreError, match="cannot be read"):
        store.read()
    with pytest.raises(StoreError):
        store.free("m0-1")
    assert store.write(Record().evolve()) == (Outcome.UNKNOWN, None)


def test_a_report_is_kept_by_the_same_discipline(reports: ReportStore) -> None:
    """The loser of a version gets the newest, so that it can keep what is in it."""
    assert reports.read() == (0, None)
    assert reports.write(0, {"count": 1}) == (Outcome.SAVED, 1, {"count": 1})
    assert reports.write(0, {"count": 2}) == (Outcome.CONFLICT, 1, {"count": 1})
    assert reports.write(1, {"count": 2}) == (Outcome.SAVED, 2, {"count": 2})
    assert reports.read() == (2, {"count": 2})


def test_the_newest_report_stands_beside_its_folder(tmp_path: Path) -> None:
    """Programs that know nothing of versions read report.json."""
    store = FileReportStore(tmp_path / "report")
    store.write(0, {"count": 1})
    store.write(1, {"count": 2})
    assert msgspec.json.decode((tmp_path / "report.json").read_bytes()) == {"count": 2}


def _race(directory: Path, name: str, rounds: int, barrier: Any, wins: Any) -> None:
    store = FileRecordStore(directory)
    mine = []
    for _ in range(rounds):
        barrier.wait()
        record = store.read()
        barrier.wait()
        outcome, _ = store.write(record.evolve(holder=name))
        assert outcome in {Outcome.SAVED, Outcome.CONFLICT}
        if outcome is Outcome.SAVED:
            mine.append(record.version + 1)
    wins.put((name, mine))


def test_of_two_processes_that_race_exactly_one_wins_each_version(tmp_path: Path) -> None:
    """Both read version v, both write v + 1: one is told SAVED, and the record has its content."""
    rounds = 300
    context = multiprocessing.get_context("spawn")
    barrier, wins = context.Barrier(2), context.Queue()
    racers = [
        context.Process(target=_race, args=(tmp_path, name, rounds, barrier, wins))
        for name in ("m0-1", "m1-1")
    ]
    for racer in racers:
        racer.start()
    told = dict(wins.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0
    versions = sorted(version for mine in told.values() for version in mine)
    assert versions == list(range(1, rounds + 1))
    newest = FileRecordStore(tmp_path).read()
    assert newest.version in told[newest.holder]
