"""Where the watches' objects go: a pair of calls, and the same pair from another thread.

kopf has a thread and a loop of its own; whoever is told is at home in another loop.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`listed(kind, object)` for what is there at first, then `changed(kind, object, deleted)`."""

    listed: Callable[[str, dict[str, Any]], None]
    changed: Callable[[str, dict[str, Any], bool], None]

    def into(self, loop: asyncio.AbstractEventLoop) -> "Feed":
        """The same, to be called in any thread, and carried out in this loop, in that order."""

        def listed(kind: str, found: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(self.listed, kind, found)

        def changed(kind: str, found: dict[str, Any], deleted: bool) -> None:
            loop.call_soon_threadsafe(self.changed, kind, found, deleted)

        return Feed(listed=listed, changed=changed)
