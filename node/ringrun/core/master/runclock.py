"""The run's time as a leader knows it: from what slaves say, on the leader's own clock.

Only differences of monotonic clocks are used: a slave says how many seconds ago its GO was.
"""

from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import Plan, Record


class RunClock:
    """`go` is the earliest GO that any slave spoke of, None until one did."""

    __slots__ = ("_asked", "_goes", "_plan", "_took_at", "go")

    def __init__(self, plan: Plan, now: float) -> None:
        self.go: float | None = None
        self._plan = plan
        self._took_at = now
        self._asked: dict[SlaveId, float] = {}
        self._goes: dict[SlaveId, float] = {}

    def learn(self, elapsed: float, now: float) -> None:
        """A slave's GO was this many seconds ago; negative: it has not started."""
        if elapsed >= 0.0:
            go = now - elapsed
            self.go = go if self.go is None else min(self.go, go)

    def elapsed(self, now: float) -> float:
        """Seconds since GO, the largest known; negative if nobody has started."""
        return -1.0 if self.go is None else now - self.go

    @property
    def _start(self) -> float:
        # A leader that hears of no GO counts its take-over as GO.
        return self._took_at if self.go is None else self.go

    @property
    def end_of_send(self) -> float:
        """On the leader's clock."""
        return self._start + self._plan.send

    @property
    def end_of_grace(self) -> float:
        """On the leader's clock."""
        return self.end_of_send + self._plan.grace

    def send_is_over(self, record: Record, now: float) -> bool:
        """Whether nobody may join any more."""
        if record.phase is Phase.SEND:
            return now >= self.end_of_send
        return record.phase is not Phase.START

    def asked(self, node: SlaveId, now: float) -> None:
        """GO was said to this slave."""
        self._asked[node] = now

    def acknowledged(self, node: SlaveId, elapsed: float, now: float) -> None:
        """It answered: its GO lies between the two, as far ago as it says."""
        if elapsed >= 0.0 and node not in self._goes:
            self._goes[node] = (self._asked.get(node, now) + now) / 2 - elapsed

    def start_skew(self) -> tuple[int, float] | None:
        """How many slaves were measured, and the spread of their GO; None if there are none."""
        if not self._goes:
            return None
        return len(self._goes), max(self._goes.values()) - min(self._goes.values())
