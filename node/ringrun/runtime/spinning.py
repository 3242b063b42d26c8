"""How a slave waits: it polls for a while before it blocks, as long as that pays.

Blocking costs the sender of the next frame a wake-up of this CPU, which on two cores is ten times a
hop. Where nothing comes within the spin, or another process needs the core, spinning is
pure loss: it stops by itself, and tries again now and then. Called by `slave_loop` alone.
"""

import os
import select
import time

# How many waits make a judgement, and the share of them that must end within the spin.
JUDGED = 32
PAYS = 0.1
# Seconds without spinning after it did not pay; doubled each time in a row.
FIRST_REST = 0.02
LAST_REST = 1.28
# Seconds after which giving way has given the core to somebody who keeps it.
TOO_LONG = 0.001

# Below this many seconds the poll's own clock, which counts milliseconds, is too coarse.
FINE_WAIT = 0.002
LONGEST_WAIT = 60.0
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
            # What is there already says nothing about spinning.
            events: Events = poll(0, MOST_EVENTS)
            if events:
                return events
            limit = min(now + spin, until)
            too_long = now + TOO_LONG
            give_way = os.sched_yield
            while now < limit:
                give_way()
                events = poll(0, MOST_EVENTS)
                now = monotonic()
                if events:
                    break
            self._tried += 1
            # What came only after another process had held the core was not found by spinning.
            if events and now < limit:
                self._found += 1
            if self._tried >= JUDGED or now > too_long:
                self._judge(now, now <= too_long)
            if events:
                return events
        left = until - now
        if left >= FINE_WAIT:
            return poll(min(left, LONGEST_WAIT), MOST_EVENTS)
        if left > 0:
            select.select((self._poll.fileno(),), (), (), left)
        return poll(0, MOST_EVENTS)

    def _judge(self, now: float, undisturbed: bool) -> None:
        if undisturbed and self._found >= PAYS * self._tried:
            self._rest = FIRST_REST
        else:
            self._rest_until = now + self._rest
            self._rest = min(2 * self._rest, LAST_REST)
        self._tried = self._found = 0
