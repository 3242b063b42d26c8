"""How a slave waits: it polls for a while before it blocks, as long as that pays.

Blocking costs the sender of the next frame a wake-up of this CPU, which on two cores is ten times a
hop (PEERS.md). Where nothing comes within the spin, or another process needs the core, spinning is
pure loss: it stops by itself, and tries again now and then. Called by `slave_loop` alone.
"""

import os
import select
import time

# How many waits make a judgement, and the share of them that must end within the spin.
JUDGED = 64
PAYS = 0.5
# Seconds without spinning after it did not pay; doubled each time in a row.
FIRST_REST = 0.02
LAST_REST = 0.64

# Below this many seconds the poll's own clock, which counts milliseconds, is too coarse.
FINE_WAIT = 0.002
MOST_EVENTS = 128

Events = list[tuple[int, int]]


class Spinning:
    """Waits on one epoll."""

    __slots__ = ("_found", "_poll", "_rest", "_rest_until", "_tried")

    def __init__(self, poll: select.epoll) -> None:
        self._poll = poll
        self._tried = 0
        self._found = 0
        self._rest = FIRST_REST
        self._rest_until = 0.0

    @property
    def resting(self) -> bool:
        """Whether it has stopped spinning for now."""
        return time.monotonic() < self._rest_until

    def wait(self, until: float, spin: float) -> Events:
        """Events, or none at `until`; polls for `spin` seconds before it blocks."""
        monotonic = time.monotonic
        now = monotonic()
        poll = self._poll.poll
        if spin and now >= self._rest_until:
            limit = now + spin
            if until < limit:
                limit = until
            give_way = os.sched_yield
            self._tried += 1
            while now < limit:
                give_way()
                events = poll(0, MOST_EVENTS)
                if events:
                    self._found += 1
                    if self._tried >= JUDGED:
                        self._judge(now)
                    return events
                now = monotonic()
            if self._tried >= JUDGED:
                self._judge(now)
        left = until - now
        if left <= 0:
            return []
        if left < FINE_WAIT:
            select.select((self._poll.fileno(),), (), (), left)
            return poll(0, MOST_EVENTS)
        return poll(min(left, 60.0), MOST_EVENTS)

    def _judge(self, now: float) -> None:
        if self._found >= PAYS * self._tried:
            self._rest = FIRST_REST
        else:
            self._rest_until = now + self._rest
            self._rest = min(2 * self._rest, LAST_REST)
        self._tried = self._found = 0
