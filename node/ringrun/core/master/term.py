"""One leadership, as its stages know it: whom it speaks for, what is recorded, what was heard.

Made by `master` when it has seen its epoch recorded. `leading` keeps record and orders in it; a
stage asks it, tells it what it learnt (the clock, suspicion, who is held back), and sends by it.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from ringrun.core.master.chronicle import Chronicle, Losses
from ringrun.core.master.runclock import RunClock
from ringrun.core.master.suspicion import Suspicion
from ringrun.core.messages import Control, Stored
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outcome.collecting import Collected
from ringrun.core.outputs import Output, Send
from ringrun.core.record import Plan, Record
from ringrun.core.rules import Rules
from ringrun.spec import RunSpec

_ANSWER_SECONDS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Who stands: one start of one master, `started` on its own clock, and the run it is for."""

    me: MasterId
    spec: RunSpec
    plan: Plan
    rules: Rules
    started: float


class Term:
    """`record` is the newest one seen, always of this epoch; `orders` the newest of the supervisor.

    `leavers` were told to end, `frozen` have said that their GRACE is over, `held_back` are joiners
    without links (until when, and the delay). `up` are the slaves that this master has a link to.
    """

    __slots__ = (
        "_attempt",
        "_heard",
        "chronicle",
        "clock",
        "collected",
        "frozen",
        "held_back",
        "holder",
        "leavers",
        "orders",
        "outputs",
        "patience",
        "plan",
        "record",
        "rules",
        "spec",
        "started",
        "stood_aside",
        "suspicion",
        "up",
    )

    def __init__(
        self,
        candidate: Candidate,
        *,
        outputs: list[Output],
        up: set[SlaveId],
        orders: Orders,
        record: Record,
        stood_aside: bool,
        now: float,
    ) -> None:
        self.holder = str(candidate.me)
        self.spec = candidate.spec
        self.plan = plan = candidate.plan
        self.rules = candidate.rules
        self.started = candidate.started
        self.outputs = outputs
        self.up = up
        self.orders = orders
        self.record = record
        self.stood_aside = stood_aside
        # How long an answer is waited for: a large ring on a small machine takes its time.
        self.patience = plan.suspect + plan.nodes * _ANSWER_SECONDS
        self.clock = RunClock(plan, now)
        self.collected = Collected(record.epoch, self.rules)
        self.suspicion = Suspicion()
        self.chronicle = Chronicle(
            me=candidate.me,
            started=self.started,
            outputs=outputs,
            clock=self.clock,
            collected=self.collected,
            suspicion=self.suspicion,
        )
        self.leavers: set[SlaveId] = set()
        self.frozen: set[SlaveId] = set()
        self.held_back: dict[SlaveId, tuple[float, float]] = {}
        self._heard: dict[SlaveId, float] = {}
        self._attempt = 0

    def next_attempt(self) -> int:
        """A number for answers to be matched by; never used twice in an epoch."""
        self._attempt += 1
        return self._attempt

    def command(self) -> dict[str, Any]:
        """What every command carries (G7)."""
        return {"epoch": self.record.epoch, "holder": self.holder}

    def send(self, to: SlaveId, message: Control) -> None:
        """A command to a slave, lost if there is no link; commands are repeated."""
        if to in self.up:
            self.outputs.append(Send(to, message))

    def say_stored(self) -> None:
        """Let the slaves go whose results are kept outside of this process."""
        stored = Stored(**self.command())
        for node in sorted(self.collected.stored):
            self.send(node, stored)

    def gone(self) -> set[SlaveId]:
        """Slaves that cannot answer any more: named dead, or with a result."""
        return {*self.orders.dead, *self.collected.results}

    def heard(self, node: SlaveId, now: float) -> None:
        """This slave said something."""
        self._heard[node] = now

    def heard_at(self, node: SlaveId) -> float:
        """When this slave last said anything."""
        return self._heard.get(node, -inf)

    def hold_back(self, joiner: SlaveId, first: float, longest: float, now: float) -> None:
        """Introduce this one later: each time after twice as long."""
        _, delay = self.held_back.get(joiner, (0.0, first))
        self.held_back[joiner] = (now + delay, min(2 * delay, longest))

    def was_away(self, now: float) -> None:
        """This master itself was away: what came meanwhile may still be unread."""
        self._heard = dict.fromkeys(self._heard, now)

    def send_is_over(self, now: float) -> bool:
        """Whether nobody may join any more."""
        return self.clock.send_is_over(self.record, now)

    @property
    def may_stand_aside(self) -> bool:
        """Whether there is a standby that this master has not yet let try."""
        return not self.stood_aside and any(name != self.holder for name in self.orders.masters)

    def losses(self, out: set[SlaveId]) -> Losses:
        """What is known of those that were lost; `out` were left out though they answered."""
        return Losses(causes=self.orders.causes, leavers=self.leavers, out=out)
