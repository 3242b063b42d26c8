"""How a local run ended, as its supervisor gives it to `run`. A value; nothing is decided here."""

from dataclasses import dataclass
from typing import Any

from ringrun.core.orders import Orders
from ringrun.core.reason import Reason
from ringrun.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended here.

    `document` is the leader's report if it is complete. If it is None, `draft` is what a leader had
    stored of it, and `reason` says why no more came. `unread`: whoever read its lines went before.
    `sent_for` is for how long, at most, SEND was seen to last before a STOP was ordered.
    """

    document: dict[str, Any] | None
    draft: dict[str, Any] | None
    reason: Reason | None
    interrupted: bool
    unread: bool
    sent_for: float | None
    record: Record | None
    orders: Orders
