"""What the supervisor of a local run tells whoever shows it; and the display that shows nothing.

Below all displays. Which one a run has is `choice`'s.
"""

from typing import Protocol

from ringrun.core.node import MasterId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, Live
from ringrun.core.record import Record


class Display(Protocol):
    """What `supervisor` tells; `close` comes last, whatever happened.

    `gone`: whoever read what is shown has gone, and nobody will see what comes.
    """

    gone: bool

    def look(self, record: Record | None, orders: Orders, seconds: float) -> None:
        """The record and the orders as they are, so many seconds after the run's start."""

    def event(self, event: Event) -> None:
        """Something happened, in the leader's words."""

    def master_lost(self, master: MasterId, *, leading: bool) -> None:
        """The process of this master has ended before its time."""

    def live(self, live: Live) -> None:
        """The figures of the moment, while in SEND."""

    def close(self) -> None:
        """Nothing more will come."""


class Silent:
    """Shows nothing."""

    gone = False

    def look(self, record: Record | None, orders: Orders, seconds: float) -> None:
        """Show nothing."""

    def event(self, event: Event) -> None:
        """Show nothing."""

    def master_lost(self, master: MasterId, *, leading: bool) -> None:
        """Show nothing."""

    def live(self, live: Live) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""
