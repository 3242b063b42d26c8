"""How the places of the masters are filled again."""

from dataclasses import dataclass

from ringrun.core.node import MasterId
from ringrun.core.record import Record
from ringrun.core.supervisor.masters import PROCESSES, SHORT_LIFE, STILLBORN_LIMIT
from ringrun.local.masters import Masters
from ringrun.record.memory import MemoryRecordStore
from ringrun.record.store import StoreError


@dataclass(eq=False)
class Process:
    """What `Masters` looks at in a child."""

    name: str
    started: float
    alive: bool = True


class Places:
    """Masters over processes that exist in this test alone, and the clock they are started by."""

    def __init__(self, store: MemoryRecordStore, count: int = 2) -> None:
        self.now = 0.0
        self.masters = Masters(count, store, self._start)  # type: ignore[arg-type]

    def _start(self, node: MasterId) -> Process:
        return Process(str(node), self.now)

    @property
    def names(self) -> list[str]:
        """Who lives."""
        return [child.name for child in self.masters.living]

    def kill(self, place: int, after: float) -> None:
        """Let so much time go by, then end the master of this place."""
        self.now += after
        child = self.masters.living[place]
        child.alive = False  # type: ignore[misc]
        node = MasterId.parse(child.name)
        assert node is not None
        self.masters.note_end(node, self.now)

    def tend(self) -> float:
        """Do what is due."""
        return self.masters.tend(self.now)


def test_a_master_that_ends_is_followed_by_its_next_incarnation() -> None:
    """The others stay; the lease of the dead one is free before its successor starts."""
    store = MemoryRecordStore()
    store.write(Record().evolve(epoch=1, holder="m0-1"))
    places = Places(store)
    places.tend()
    assert places.names == ["m0-1", "m1-1"]
    places.kill(0, after=SHORT_LIFE + 1)
    assert store.read() == Record(version=2, epoch=1, holder="")
    places.tend()
    assert places.names == ["m0-2", "m1-1"]


def test_the_lease_of_another_is_not_freed() -> None:
    """Only the dead one's."""
    store = MemoryRecordStore()
    store.write(Record().evolve(epoch=1, holder="m1-1"))
    places = Places(store)
    places.tend()
    places.kill(0, after=5.0)
    assert store.read().holder == "m1-1"


def test_a_lease_that_cannot_be_freed_is_tried_again() -> None:
    """The record was out of reach when the master died."""

    class Moody(MemoryRecordStore):
        """Out of reach at first."""

        reachable = False

        def free(self, holder: str) -> bool:
            if not self.reachable:
                raise StoreError("out of reach")
            return super().free(holder)

    store = Moody()
    store.write(Record().evolve(epoch=1, holder="m0-1"))
    places = Places(store)
    places.tend()
    places.kill(0, after=5.0)
    assert store.read().holder == "m0-1"
    store.reachable = True
    places.tend()
    assert store.read().holder == ""


def test_stillborn_masters_are_started_with_growing_delays_and_then_no_more() -> None:
    """A fault that a new start does not mend must not start processes for ever."""
    places = Places(MemoryRecordStore(), count=1)
    delays = []
    for _ in range(STILLBORN_LIMIT):
        places.tend()
        assert not places.masters.given_up
        places.kill(0, after=0.01)
        again = places.tend()
        delays.append(again - places.now)
        places.now = min(again, 1000.0)
    assert delays[:2] == [PROCESSES.first, PROCESSES.first * 2]
    assert delays == sorted(delays)
    assert places.masters.given_up
    assert places.names == []


def test_one_that_lived_begins_the_count_anew() -> None:
    """Masters that are killed now and then are always replaced."""
    places = Places(MemoryRecordStore(), count=1)
    for _ in range(STILLBORN_LIMIT * 3):
        places.tend()
        places.kill(0, after=SHORT_LIFE + 1)
        places.tend()
        places.kill(0, after=0.01)
        places.now += 1.0
    assert not places.masters.given_up
