"""A slave's phases by its own monotonic clock, whoever else is dead (docs/protocol.md, G6)."""

from math import inf

from ringrun.core.phase import Phase, may_follow
from ringrun.core.record import Plan


class Timeline:
    """`go` is when SEND began, or earlier if others began earlier: the plan's ends count from it.

    `own_go` is when this slave itself was told. STOP begins when GRACE ends: from then on the
    slave is frozen, and only its result is still to come.
    """

    __slots__ = ("frozen_at", "go", "grace_seconds", "own_go", "phase", "plan", "send_seconds")

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.phase = Phase.START
        self.go: float | None = None
        self.own_go = 0.0
        self.send_seconds = 0.0
        self.grace_seconds = 0.0
        self.frozen_at = inf

    def begin(self, plan: Plan) -> None:
        """The plan is known: it says how long the phases are."""
        self.plan = plan

    def elapsed(self, now: float) -> float:
        """Seconds since GO, negative before it."""
        return -1.0 if self.go is None else now - self.go

    def start(self, elapsed: float, now: float, *, spread: bool) -> bool:
        """GO, others' being `elapsed` seconds ago; True if this is the first one here.

        A later call only moves GO back (`spread`), so that the ends are the same everywhere.
        """
        go = now - max(elapsed, 0.0)
        if self.go is None:
            self.go = go
            self.own_go = now
            self._enter(Phase.SEND)
            return True
        if go < self.go and elapsed > 0.0 and spread:
            self.go = go
        return False

    def move(self, now: float) -> list[Phase]:
        """The phases that have begun by now and had not before, in order."""
        plan = self.plan
        entered: list[Phase] = []
        if plan is None or self.go is None:
            return entered
        if self.phase is Phase.SEND and now >= self.go + plan.send:
            entered.append(self._end_send(now))
        if self.phase is Phase.GRACE and now >= self.go + plan.send + plan.grace:
            entered.append(self._freeze(now))
        return entered

    def freeze(self, now: float) -> list[Phase]:
        """End whatever phase this is, and freeze; the phases that this enters."""
        entered: list[Phase] = []
        if self.phase is Phase.SEND:
            entered.append(self._end_send(now))
        if self.phase is not Phase.STOP:
            entered.append(self._freeze(now))
        return entered

    @property
    def frozen(self) -> bool:
        """Whether data no longer counts."""
        return self.frozen_at < inf

    def next_end(self) -> float:
        """When the phase that this is will end; STOP ends by what the slave does."""
        plan = self.plan
        if plan is None or self.go is None or self.frozen:
            return inf
        end = self.go + plan.send
        return end if self.phase is Phase.SEND else end + plan.grace

    def _end_send(self, now: float) -> Phase:
        self.send_seconds = now - self.own_go
        return self._enter(Phase.GRACE)

    def _freeze(self, now: float) -> Phase:
        if self.go is not None:
            self.grace_seconds = now - self.own_go - self.send_seconds
        self.frozen_at = now
        return self._enter(Phase.STOP)

    def _enter(self, phase: Phase) -> Phase:
        assert may_follow(self.phase, phase), f"from {self.phase} to {phase}"
        self.phase = phase
        return phase
