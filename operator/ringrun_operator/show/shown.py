"""`Shown`: everything that status, conditions and events of a run are made of, put together once.

Made by `decide.plan` in every look, from what is known and what was decided; nothing decides from
it.
"""

import math
from dataclasses import dataclass
from typing import Self

from ringrun.core.orders import Orders
from ringrun.core.record import Record
from ringrun.report import FailureReport, Report
from ringrun.spec import RunSpec
from ringrun_operator.names import Role
from ringrun_operator.objects import reports
from ringrun_operator.objects.known import Known
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.show.obstacles import Obstacle, find_obstacle, overdue_at, ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What there is to be shown.

    `ready` is the slaves in the ring or, before there is one, those that are up. `failures`,
    `start_skew` and `delivered` (slaves whose result is kept outside of them) are of the report, or
    of what there is of it yet. `overdue` is when time alone makes an obstacle of what is there;
    infinity if it does not.
    """

    known: Known
    orders: Orders
    ledger: Ledger
    suspended: bool
    obstacle: Obstacle | None
    ready: int
    failures: tuple[FailureReport, ...]
    start_skew: float | None
    delivered: int
    overdue: float

    @property
    def spec(self) -> RunSpec:
        return self.known.spec

    @property
    def record(self) -> Record | None:
        return self.known.record

    @property
    def report(self) -> Report | None:
        """The complete one."""
        return self.known.report

    def created(self, role: Role) -> int:
        """How many slaves or masters have a pod, whatever became of it."""
        return len({pod.number for pod in self.known.of_role(role)})

    @classmethod
    def of(cls, known: Known, orders: Orders, ledger: Ledger) -> Self:
        """What is to be shown under these orders."""
        suspended = known.is_suspended(orders)
        failures, start_skew, delivered = reports.history(known.report, known.draft)
        ended = {(result.ordinal, result.incarnation) for result in orders.results}
        overdue = overdue_at(known, suspended=suspended)
        return cls(
            known=known,
            orders=orders,
            ledger=ledger,
            suspended=suspended,
            obstacle=find_obstacle(known, suspended=suspended),
            ready=ready(known, suspended=suspended),
            failures=failures,
            start_skew=start_skew,
            delivered=len({ordinal for ordinal, _ in ended | delivered}),
            overdue=overdue if known.now < overdue else math.inf,
        )
