"""Where the watches' objects go: a few calls, and the same calls from another thread.

kopf has a thread and a loop of its own; whoever is told is at home in another loop.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ringrun_operator.watch.kept import Kept


def _nobody(*_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is there at first, then `changed(kind, object, deleted)`.

    Where the lists are ours (`listing`), `page(objects)` hands over what is there, packed already;
    `whole(kind, namespace, uids, version)` says that everything of this kind in this namespace
    (empty: in all of them) was listed, at that version: what is not among these uids is gone; and
    `complete()` says once that this was so of all kinds. At a desk the lists are kopf's: there
    `listed(kind, object)` is told of each object, and later it is told as a change too.
    """

    listed: Callable[[str, dict[str, Any]], None] = _nobody
    changed: Callable[[str, dict[str, Any], bool], None]
    page: Callable[[Sequence[Kept]], None] = _nobody
    whole: Callable[[str, str, frozenset[str], int], None] = _nobody
    complete: Callable[[], None] = _nobody

    def into(self, loop: asyncio.AbstractEventLoop) -> "Feed":
        """The same, to be called in any thread, and carried out in this loop, in that order."""

        def listed(kind: str, found: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(self.listed, kind, found)

        def changed(kind: str, found: dict[str, Any], deleted: bool) -> None:
            loop.call_soon_threadsafe(self.changed, kind, found, deleted)

        def page(objects: Sequence[Kept]) -> None:
            loop.call_soon_threadsafe(self.page, objects)

        def whole(kind: str, namespace: str, uids: frozenset[str], version: int) -> None:
            loop.call_soon_threadsafe(self.whole, kind, namespace, uids, version)

        def complete() -> None:
            loop.call_soon_threadsafe(self.complete)

        return Feed(listed=listed, changed=changed, page=page, whole=whole, complete=complete)
