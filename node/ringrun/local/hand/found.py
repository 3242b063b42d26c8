"""The slaves that a master by hand has to do with: found by their registry, or named by address.

Called by `master` and `supervising`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ringrun.local.hand.registry import Registered, registered
from ringrun.runtime.master.process import FailedDial
from ringrun.runtime.wire.handshake import Trouble

FIND_PATIENCE = 5.0
"""Seconds to wait for slaves that are just being started."""

SETTLED_AFTER = 0.3
"""Seconds without a new one after which those that are there are all."""

START = "ringrun slave 127.0.0.1 PORT"
"""What the user does to have one more."""

_OTHERS = {Trouble.REFUSED, Trouble.ANOTHER_PROCESS}
_NEVER = {Trouble.REFUSED, Trouble.ANOTHER_TOKEN}


@dataclass(slots=True, kw_only=True)
class Found:
    """A slave that somebody started. `entry` is None for one that was named by its address."""

    host: str
    port: int
    entry: Registered | None = None
    reached: bool = False
    failed: FailedDial | None = None
    """The last dial, if it was in vain."""

    def reach(self) -> None:
        """A link to it is up."""
        self.reached = True
        self.failed = None

    @property
    def trouble(self) -> str:
        """What was wrong with the last dial, in words; empty if nothing."""
        return self.failed.text if self.failed is not None else ""

    @property
    def ended(self) -> bool:
        """Whether the process that had this name is no more."""
        if self.entry is not None:
            return not self.entry.alive
        return self.reached and self.failed is not None and self.failed.trouble in _OTHERS

    @property
    def followed(self) -> bool:
        """Whether another process is there in its place."""
        return self.failed is not None and self.failed.trouble is Trouble.ANOTHER_PROCESS

    @property
    def foreign(self) -> bool:
        """Whether it will never be ours: it is another run's, or has another token."""
        return not self.reached and self.failed is not None and self.failed.trouble in _NEVER


def find(folder: Path, enough: Callable[[], bool]) -> list[Found]:
    """The slaves of this machine by port, once no more seem to come, or it is `enough`."""
    began = changed = time.monotonic()
    before: list[Registered] = []
    while True:
        now = time.monotonic()
        entries = registered(folder)
        if entries != before:
            before, changed = entries, now
        patience = SETTLED_AFTER if len(entries) >= 2 else FIND_PATIENCE
        late = now >= changed + patience or now >= began + 2 * FIND_PATIENCE
        if late or enough():
            return [Found(host=each.host, port=each.port, entry=each) for each in entries]
        time.sleep(0.03)
