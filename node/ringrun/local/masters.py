"""The master candidates of a local run as processes: each place is filled again when one ends.

Used by `supervisor`. Who is to be, and when, is `core.supervisor.masters`'s. The lease of a master
that was seen to end is freed before its successor is started, so that a standby need not wait for
it to expire.
"""

from collections.abc import Callable

from ringrun.core.node import MasterId
from ringrun.core.supervisor.masters import PROCESSES, STILLBORN_LIMIT, MasterSeen, fill
from ringrun.local.processes.child import Child
from ringrun.record.store import RecordStore, StoreError


class Masters:
    """All places. `given_up`: no master lives, and none will be started any more."""

    def __init__(self, count: int, store: RecordStore, start: Callable[[MasterId], Child]) -> None:
        self.given_up = False
        self._count = count
        self._store = store
        self._start = start
        self._children: dict[MasterId, Child] = {}
        self._ended: list[MasterSeen] = []
        self._last: tuple[int, ...] = ()
        self._seen: tuple[int, ...] = ()
        self._unfreed: list[str] = []

    @property
    def living(self) -> tuple[Child, ...]:
        """The processes that run, by place."""
        return tuple(child for _, child in sorted(self._children.items()) if child.alive)

    def tend(self, now: float) -> float:
        """Free what is to be freed and start what is due; when to look again."""
        self._free()
        running = (MasterSeen(node=node, running=True) for node in self._children)
        places = fill(self._count, self._last, self._seen, (*self._ended, *running), now, PROCESSES)
        self._last, self._seen = places.last, places.seen
        self.given_up = places.given_up
        for node in places.create:
            self._children[node] = self._start(node)
        return places.again

    def note_end(self, node: MasterId, now: float) -> None:
        """A master has ended: its lease is nobody's, its place is to be filled."""
        child = self._children.pop(node)
        self._unfreed.append(child.name)
        seen = MasterSeen(node=node, ended=True, lifetime=now - child.started, ended_at=now)
        # What came before the last few tells nothing of them.
        mine = [each for each in self._ended if each.node.number == node.number]
        others = [each for each in self._ended if each.node.number != node.number]
        self._ended = [*others, *mine[1 - STILLBORN_LIMIT :], seen]
        self._free()

    def _free(self) -> None:
        try:
            while self._unfreed:
                self._store.free(self._unfreed[-1])
                self._unfreed.pop()
        except StoreError:
            # Tried again at the next look; until then the lease runs out by itself.
            return
