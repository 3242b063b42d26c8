"""The stores of a master by hand. That they do as those on disk do is in test_record_file."""

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore


def test_every_run_by_hand_begins_with_nothing() -> None:
    """What one wrote is no other's: there is no place where both would look."""
    store, reports = MemoryRecordStore(), MemoryReportStore()
    assert store.write(Record().evolve(epoch=1, holder="m0-1"))[0] is Outcome.SAVED
    assert reports.write(0, {"count": 1})[0] is Outcome.SAVED
    assert MemoryRecordStore().read() == Record()
    assert MemoryReportStore().read() == (0, None)


def test_a_freed_lease_is_a_version_of_its_own() -> None:
    """So whoever writes over what it read before loses."""
    store = MemoryRecordStore()
    held = Record().evolve(epoch=1, holder="m0-1")
    store.write(held)
    assert store.free("m0-1")
    assert store.write(held.evolve(count=1)) == (Outcome.CONFLICT, held.evolve(holder=""))
