"""The status of a RingRun, made anew from what is there; nothing decides from it.

Called by `decide.plan` with all that was seen and decided. What people read first is `reason`:
empty while all is well, the obstacle while there is one, the outcome at the end.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.report import FailureReport, Report, shown_sum
from ringrun_operator import names
from ringrun_operator.names import Role
from ringrun_operator.show.conditions import (
    Condition,
    Reason,
    Truth,
    Type,
    completed,
    conditions,
    written,
)
from ringrun_operator.show.shown import Shown
from ringrun_operator.times import timestamp

FAILURES_SHOWN: Final = 10


def status(shown: Shown) -> dict[str, Any]:
    """The whole status, as it is to be applied."""
    record, report, ledger = shown.record or Record(), shown.report, shown.ledger
    obstacle, before, generation = shown.obstacle, shown.known.before, shown.known.generation
    found = conditions(shown)
    succeeded = next(each for each in found if each.type is Type.SUCCEEDED)
    up = shown.ready
    holder = _holder(shown, record)
    built: dict[str, Any] = {
        "observedGeneration": generation,
        "phase": phase(shown),
        "ready": f"{up}/{shown.spec.nodes}",
        "reason": str(succeeded.reason) if report else (obstacle.reason.value if obstacle else ""),
        "verdict": report.verdict.value if report else "",
        "view": max(record.view, before.get("view", 0)),
        "slaves": {
            "desired": shown.spec.nodes,
            "created": shown.created(Role.SLAVE),
            "ready": up,
            "reported": shown.delivered,
            "replaced": shown.orders.replaced,
        },
        "master": {
            "holder": names.master_place(holder),
            "pod": f"{shown.spec.name}-{holder}" if holder else "",
            # Both never go down: the API server refuses it, and a record that is lost took nothing
            # back.
            "epoch": max(record.epoch, before.get("master", {}).get("epoch", 0)),
            "transitions": max(record.epoch - 1, before.get("master", {}).get("transitions", 0), 0),
        },
        "failures": [_failure(each) for each in shown.failures[-FAILURES_SHOWN:]],
        "conditions": written(
            found, before.get("conditions", ()), generation, timestamp(shown.known.now)
        ),
    }
    for key, time in (
        ("startTime", ledger.started),
        ("sendTime", ledger.send_seen),
        ("graceTime", ledger.grace_seen),
        ("completionTime", ledger.finished),
    ):
        if time is not None:
            built[key] = timestamp(time)
    if shown.start_skew is not None:
        built["startSkew"] = round(shown.start_skew, 6)
    if report is not None:
        built |= {"count": report.count, "rate": round(report.rate), "result": _result(report)}
    elif record.view:
        built["count"] = record.count
        if rate := _live_rate(shown, record):
            built["rate"] = rate
    return built


def phase(shown: Shown) -> str:
    """Empty until pods are ordered, START until the record says SEND, then the record's; STOP at
    any end."""
    record = shown.record or Record()
    if shown.report is not None:
        return Phase.STOP.value
    if shown.suspended or not shown.orders.roster:
        return "" if record.view == 0 else record.phase.value
    return record.phase.value


def refused(faults: Sequence[str], run: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The status of a spec that RunSpec refuses. The schema lets none through, but an older one
    may have."""
    generation = run["metadata"].get("generation", 0)
    message = "; ".join(faults)
    before = (run.get("status") or {}).get("conditions", ())
    found = [
        Condition(type=kind, status=truth, reason=Reason.INVALID_SPEC, message=message)
        for kind, truth in ((Type.SUCCEEDED, Truth.FALSE), (Type.FINISHED, Truth.TRUE))
    ]
    return {
        "observedGeneration": generation,
        "reason": Reason.INVALID_SPEC.value,
        "conditions": written(found, before, generation, timestamp(now)),
    }


def restamped(before: Mapping[str, Any], generation: int) -> dict[str, Any]:
    """The status of a finished run, whatever was edited: nothing but the generation moves."""
    kept = completed(before.get("conditions", ()), generation)
    return {**before, "observedGeneration": generation, "conditions": kept}


def _holder(shown: Shown, record: Record) -> str:
    """Who leads; of a run that is over, who led it to its end."""
    report = shown.report
    if report is None:
        return record.holder
    led = [epoch.holder for epoch in report.epochs if epoch.number <= report.epoch]
    return led[-1] if led else record.holder


def _live_rate(shown: Shown, record: Record) -> int:
    """Approved so far a second of SEND so far, as the last renewal of the lease has it."""
    if shown.ledger.send_seen is None:
        return 0
    end = shown.ledger.grace_seen if shown.ledger.grace_seen is not None else shown.known.now
    elapsed = min(end - shown.ledger.send_seen, shown.spec.send)
    return round(record.count / elapsed) if elapsed > 0.5 else 0


def _result(report: Report) -> dict[str, Any]:
    built: dict[str, Any] = {
        "count": report.count,
        "sum": shown_sum(report.sum_exact),
        "digest": report.digest,
        "rate": round(report.rate, 3),
    }
    if report.latency is not None:
        latency = report.latency
        built["latency"] = {"p50": latency.p50, "p99": latency.p99, "max": latency.max}
    if report.slowest_link is not None:
        link = report.slowest_link
        built["slowestLink"] = f"s{link.source} to s{link.target}, {link.seconds * 1e3:.1f} ms"
    return built


def _failure(failure: FailureReport) -> dict[str, Any]:
    return {
        "at": round(failure.at, 3),
        "kind": failure.kind.value,
        "node": failure.node[:64],
        "cause": failure.cause[:1024],
        "view": failure.view,
    }
