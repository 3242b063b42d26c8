"""For how long a master by hand waits, for slaves and for its user: `core.supervisor.patience`.

Used by `supervising` at every look. Pure but for what it remembers.
"""

from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.supervisor.patience import BY_HAND, Run, Times, given_up, is_late
from ringrun.spec import RunSpec


class Waiting:
    """`stop` is what the run is to be stopped for: Ctrl-C, or a START that takes too long.

    `unread`: whoever read its lines has gone.
    """

    def __init__(self, spec: RunSpec, now: float) -> None:
        self.unread = False
        self.stop: Reason | None = None
        self._spec = spec
        self._times = Times(started=now)
        self._interrupts = 0

    @property
    def interrupted(self) -> bool:
        """Whether the user has asked for the end."""
        return self._interrupts > 0

    def interrupt(self, count: int) -> None:
        """Ctrl-C, SIGTERM, or SIGHUP, for this many times by now."""
        self._interrupts = count
        self.stop = Reason(Why.INTERRUPTED)

    def reader_gone(self) -> None:
        """Nobody sees any more what this run tells."""
        self.unread = True
        self.stop = self.stop or Reason(Why.INTERRUPTED, "whoever read its lines has gone")

    def sent_for(self, now: float) -> float | None:
        """For how long SEND was seen to last; None if it never began."""
        return self._times.sent_for(now)

    def given_up(self, phase: Phase, ordered: Reason | None, now: float) -> Reason | None:
        """Why no more is waited for: not for long after Ctrl-C, nor at all after a second.

        `phase` is the record's, `ordered` the reason of the STOP that is in the orders.
        """
        if self._interrupts > 1:
            return Reason(Why.INTERRUPTED)
        if is_late(self._spec, self._seen(phase, ordered, now), now, BY_HAND):
            # A slave that was reached may never be prepared, and one that was lost never replaced.
            self.stop = self.stop or Reason(Why.START_DEADLINE)
        self._times = times = self._seen(phase, ordered, now)
        run = Run(
            times=times,
            stop_reason=ordered or self.stop,
            slaves_live=True,
            masters_run=True,
            masters_given_up=False,
            last_words="",
        )
        return given_up(self._spec, run, now, BY_HAND)

    def _seen(self, phase: Phase, ordered: Reason | None, now: float) -> Times:
        # A slave that was lost may be started again, and the master is this process.
        stopped = (ordered or self.stop) is not None
        return self._times.seen(now, phase=phase, slaves_live=True, stopped=stopped)
