"""`Seen`: everything that the status of a run is made of, and what can be counted in it.

Made by `reconcile`, read by `obstacles`, `conditions` and `status`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringrun.core.orders import Orders
from ringrun.core.record import Record
from ringrun.report import FailureReport, Report
from ringrun.spec import RunSpec
from ringrun_operator.names import Role
from ringrun_operator.objects.pod_seen import PodSeen
from ringrun_operator.objects.resources import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a status is made of. `report` is the complete one; `failures`, `start_skew` and
    `delivered` (slaves whose result is kept outside of them) are known before it is;
    `refusals` are the API server's words for pods that it would not make, by pod name; `now` is
    seconds since 1970."""

    spec: RunSpec
    generation: int
    orders: Orders
    ledger: Ledger
    record: Record | None
    report: Report | None
    failures: tuple[FailureReport, ...]
    start_skew: float | None
    delivered: int
    pods: tuple[PodSeen, ...]
    refusals: Mapping[str, str]
    suspended: bool
    before: Mapping[str, Any]
    now: float


def ready(seen: Seen) -> int:
    """Slaves in the ring; before there is one, those that are up."""
    record = seen.record
    if record is not None and record.view:
        return len(record.members)
    if seen.suspended:
        return 0
    return len(
        {
            pod.id.number
            for pod in seen.pods
            if pod.id.role is Role.SLAVE and pod.living and (pod.ready or _prepared(record, pod))
        }
    )


def _prepared(record: Record | None, pod: PodSeen) -> bool:
    return record is not None and (pod.id.number, pod.id.incarnation) in record.prepared
