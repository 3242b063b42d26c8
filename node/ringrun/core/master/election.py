"""Who may lead: one class for the masters of a run and for the operators of a cluster.

It reads a lease that others may change by compare-and-swap, and decides by its own monotonic
clock alone: expiry counts from when this candidate last saw the lease change (docs/protocol.md,
Leading). It does no I/O: the caller reads and writes, and tells what it saw.
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Seconds: how long a lease lasts, how often it is renewed, when a leader gives up by itself.

    A leader stops `stop_after` seconds after it sent its last write that succeeded, before anyone
    may take over, whatever the two clocks' rates are.
    """

    lease: float = 4.0
    renew: float = 1.0
    stop_after: float = 3.0


class Election:
    """One candidate. `epoch` is the one it leads in, 0 while it does not lead."""

    __slots__ = (
        "_changed_at",
        "_holder",
        "_sent_at",
        "_stands_from",
        "_version",
        "epoch",
        "me",
        "terms",
    )

    def __init__(self, me: str, *, now: float, terms: Terms | None = None) -> None:
        self.me = me
        self.terms = terms or Terms()
        self.epoch = 0
        self._version = -1
        self._holder = ""
        self._changed_at = now
        self._sent_at = now
        self._stands_from = now

    @property
    def leads(self) -> bool:
        """Whether this candidate has seen its own epoch recorded and has not stopped since."""
        return self.epoch > 0

    def saw(self, version: int, holder: str, now: float) -> None:
        """The lease as it was read."""
        if version != self._version:
            self._version = version
            self._changed_at = now
        self._holder = holder

    def may_stand(self, now: float) -> bool:
        """Whether to try to take the lease over now."""
        if self.leads or self._version < 0 or now < self._stands_from:
            return False
        # A holder of this name is an earlier term of this very candidate, which has stopped.
        return self._holder in ("", self.me) or now - self._changed_at >= self.terms.lease

    def won(self, epoch: int, sent: float) -> None:
        """The take-over is recorded; it was sent at `sent`."""
        self.epoch = epoch
        self._sent_at = sent

    def renewed(self, sent: float) -> None:
        """A write that was sent at `sent` succeeded."""
        self._sent_at = max(self._sent_at, sent)

    def renewal_due(self, now: float) -> bool:
        """Whether the leader should write again."""
        return self.leads and now - self._sent_at >= self.terms.renew

    def too_late(self, now: float) -> bool:
        """Whether the leader must stop: another may be about to take over."""
        return self.leads and now - self._sent_at >= self.terms.stop_after

    def stop(self) -> None:
        """Lead no longer; to lead again takes a new epoch."""
        self.epoch = 0

    def stand_aside(self, until: float) -> None:
        """Do not stand before this time: another candidate may reach more."""
        self._stands_from = until

    def gives_up_at(self) -> float:
        """When a leader that hears nothing of its writes stops; never, if it does not lead."""
        return self._sent_at + self.terms.stop_after if self.leads else inf

    def next_time(self, now: float) -> float:
        """When to look again."""
        if self.leads:
            return min(self._sent_at + self.terms.renew, self._sent_at + self.terms.stop_after)
        if self._version < 0:
            # Nothing was read yet, and reading is the caller's.
            return inf
        expiry = now if self._holder in ("", self.me) else self._changed_at + self.terms.lease
        return max(self._stands_from, expiry)
