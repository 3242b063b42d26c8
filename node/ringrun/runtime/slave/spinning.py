"""How a slave waits: it polls for a while before it blocks, as long as that pays.

Blocking costs the sender of the next frame a wake-up of this CPU, which on two cores is ten times a
hop. Where nothing comes within the spin, or others need the core, spinning is pure loss: it stops
by itself, and tries again now and then. Called by `loop` alone.

Only the time of the polls themselves counts as spinning. Time that was given away is no loss, and
where slaves share a core it would use up any spin at the first hiccup of one of them: then all
block, are woken wherever a core is idle, and crowd one core while the other spins.
"""

import os
import select
import time
from collections.abc import Callable

# How many waits make a judgement, and the share of them that must end within the spin.
JUDGED = 64
PAYS = 0.1
# Giving way took this many seconds: somebody else had the core meanwhile. To nobody it takes half.
SHARED = 2e-6
# So often a wait, on average, may the core go round its sharers. With more of them (from about
# four slaves a core) it has work without us, and every round costs the one who works.
MOST_ROUNDS = 7
# Seconds without spinning after it did not pay; doubled each time, unless it had paid for so many
# times the length of the rest that is due.
FIRST_REST = 0.02
LAST_REST = 1.28
STEADY = 10
# Seconds after which giving way has given the core to somebody who keeps it.
TOO_LONG = 0.001

# Below this many seconds the poll's own clock, which counts milliseconds, is too coarse.
FINE_WAIT = 0.002
LONGEST_WAIT = 60.0
MOST_EVENTS = 128

Events = list[tuple[int, int]]


class Spinning:
    """Waits on one epoll. The clock (seconds) and the way to give way are the system's."""

    __slots__ = (
        "_clock",
        "_found",
        "_give_way",
        "_poll",
        "_rest",
        "_rest_until",
        "_rounds",
        "_tried",
    )

    def __init__(
        self,
        poll: select.epoll,
        *,
        clock: Callable[[], float] = time.monotonic,
        give_way: Callable[[], None] = os.sched_yield,
    ) -> None:
        self._poll = poll
        self._clock = clock
        self._give_way = give_way
        self._tried = 0
        self._found = 0
        self._rounds = 0
        self._rest = FIRST_REST
        self._rest_until = 0.0

    @property
    def resting(self) -> bool:
        """Whether it has stopped spinning for now."""
        return self._clock() < self._rest_until

    def wait(self, until: float, spin: float) -> Events:
        """Events, or none at `until`; polls for `spin` seconds, of its own, before it blocks."""
        monotonic = self._clock
        now = monotonic()
        poll = self._poll.poll
        if spin and now >= self._rest_until:
            # What is there already says nothing about spinning.
            events: Events = poll(0, MOST_EVENTS)
            if events:
                return events
            give_way = self._give_way
            polled = 0.0
            rounds = 0
            disturbed = False
            while polled < spin and now < until:
                left_at = now
                give_way()
                back_at = monotonic()
                events = poll(0, MOST_EVENTS)
                now = monotonic()
                away = back_at - left_at
                if away > SHARED:
                    rounds += 1
                    if away > TOO_LONG:
                        disturbed = True
                        break
                if events:
                    break
                polled += now - back_at
            self._tried += 1
            self._rounds += rounds
            # What came only after another process had held the core was not found by spinning.
            if events and not disturbed:
                self._found += 1
            if disturbed or self._tried >= JUDGED:
                self._judge(now, disturbed)
            if events:
                return events
        left = until - now
        if left >= FINE_WAIT:
            return poll(min(left, LONGEST_WAIT), MOST_EVENTS)
        if left > 0:
            select.select((self._poll.fileno(),), (), (), left)
        return poll(0, MOST_EVENTS)

    def _judge(self, now: float, disturbed: bool) -> None:
        tried = self._tried
        crowded = self._rounds > MOST_ROUNDS * tried
        if disturbed or crowded or self._found < PAYS * tried:
            if now > self._rest_until + STEADY * self._rest:
                self._rest = FIRST_REST
            self._rest_until = now + self._rest
            self._rest = min(2 * self._rest, LAST_REST)
        self._tried = self._found = self._rounds = 0
