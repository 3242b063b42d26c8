"""The master candidates of a local run: each place is filled again when its process ends.

Used by `supervisor`. The lease of a master that was seen to end is freed before its successor is
started, so that a standby need not wait for it to expire.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ringrun.local.processes.child import Child
from ringrun.record.store import RecordStore, StoreError

SHORT_LIFE = 2.0
"""A master that ends sooner than this after its start counts as stillborn."""

STILLBORN_LIMIT = 5
"""So many in a row, and its place stays empty: a new start does not mend what is wrong."""

FIRST_DELAY, LONGEST_DELAY = 0.1, 1.0


@dataclass(slots=True, kw_only=True)
class _Place:
    number: int
    incarnation: int = 0
    child: Child | None = None
    stillborn: int = 0
    start_at: float = 0.0

    @property
    def name(self) -> str:
        return f"m{self.number}-{self.incarnation}"


class Masters:
    """All places. `start` gets (name, number, incarnation)."""

    def __init__(
        self, count: int, store: RecordStore, start: Callable[[str, int, int], Child]
    ) -> None:
        self._places = [_Place(number=number) for number in range(count)]
        self._store = store
        self._start = start
        self._unfreed: list[str] = []

    @property
    def living(self) -> tuple[Child, ...]:
        """The processes that run, by place."""
        found = (place.child for place in self._places)
        return tuple(child for child in found if child is not None and child.alive)

    @property
    def given_up(self) -> bool:
        """Whether no master lives and none will be started any more."""
        return not self.living and all(place.stillborn >= STILLBORN_LIMIT for place in self._places)

    def tend(self, now: float, *, refill: bool) -> float:
        """Free what is to be freed and start what is due; when to look again."""
        self._free()
        again = float("inf")
        for place in self._places:
            if not refill or place.stillborn >= STILLBORN_LIMIT:
                continue
            if place.child is not None and place.child.alive:
                continue
            if now >= place.start_at:
                place.incarnation += 1
                place.child = self._start(place.name, place.number, place.incarnation)
            else:
                again = min(again, place.start_at)
        return again

    def note_end(self, child: Child, now: float) -> None:
        """A master has ended: its lease is nobody's, its place is to be filled."""
        self._unfreed.append(child.name)
        for place in self._places:
            if place.child is child:
                short = now - child.started < SHORT_LIFE
                place.stillborn = place.stillborn + 1 if short else 0
                if place.stillborn:
                    delay = FIRST_DELAY * 2.0 ** (place.stillborn - 1)
                    place.start_at = now + min(delay, LONGEST_DELAY)
        self._free()

    def _free(self) -> None:
        try:
            while self._unfreed:
                self._store.free(self._unfreed[-1])
                self._unfreed.pop()
        except StoreError:
            # Tried again at the next look; until then the lease runs out by itself.
            return
