"""Runs against an API server in memory at the points where tests of the operator begin, and what is
read of them there.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from api_server import ApiServer

from ringrun.core.messages import Result
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record
from ringrun.core.supervisor.patience import AFTER_STOP
from ringrun.record.lease_object import read_record, with_record
from ringrun_operator.decide.plan import Plan
from ringrun_operator.objects.resources import read_orders

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NODES = ["demo-m0-1", "demo-m1-1", "demo-s0-1", "demo-s1-1", "demo-s2-1"]


def record(api: ApiServer, **changes: Any) -> Record:
    """The leader writes the record with these changes."""
    lease = api.objects["Lease", "demo"]
    new = read_record(lease).evolve(**changes)
    api.put(with_record(lease, new, NOON))
    return new


def orders(api: ApiServer) -> Any:
    kept = read_orders(api.objects[api.orders_key])
    assert kept is not None
    return kept[0]


def members(api: ApiServer) -> tuple[Member, ...]:
    found: tuple[Member, ...] = orders(api).roster
    return found


def started(**spec: Any) -> ApiServer:
    """A run whose pods run, before anybody led."""
    api = ApiServer(**spec)
    api.settle()
    api.runs()
    api.settle()
    return api


def sending(**spec: Any) -> ApiServer:
    """A run in SEND, led by m0."""
    api = started(**spec)
    nodes = tuple(member.node for member in members(api))
    record(api, epoch=1, holder="m0-1", prepared=nodes)
    api.settle()
    record(
        api,
        view=1,
        members=members(api),
        phase=Phase.SEND,
        incarnations=nodes,
        starter=0,
        count=1234,
    )
    api.settle()
    return api


def finished(**spec: Any) -> ApiServer:
    """A run that was aborted, and whose report is stored."""
    api = sending(**spec)
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True, **spec})
    api.settle()
    api.now += AFTER_STOP
    api.settle()
    return api


def result(ordinal: int, incarnation: int = 1, count: int = 10, **changes: Any) -> Result:
    values: dict[str, Any] = {
        "ordinal": ordinal,
        "incarnation": incarnation,
        "view": 1,
        "count": count,
        "sum_exact": "55",
        "digest": "ab" * 32,
        "final": False,
        "issued": count,
        "blocks": (),
        "cuts": (),
        "frames_sent": 1,
        "frames_received": 1,
        "cpu_seconds": 0.1,
        "send_seconds": 2.0,
        "grace_seconds": 1.0,
        "longest_gap": 0.1,
        "slowest_peer": -1,
        "slowest_wait": 0.0,
        "latency": (),
    }
    return Result(**(values | changes))


def said(api: ApiServer, ordinal: int, **changes: Any) -> None:
    """A slave ends with its result."""
    message = msgspec.json.encode(result(ordinal, **changes)).decode()
    api.ends(f"demo-s{ordinal}-1", code=0, message=message)


def reported(*digests: str, **spec: Any) -> ApiServer:
    """A run without a master, judged by the last words of its first slaves, which are these."""
    api = sending(**spec)
    for name in ("demo-m0-1", "demo-m1-1"):
        api.ends(name)
    for ordinal in range(3):
        if ordinal < len(digests):
            said(api, ordinal, digest=digests[ordinal] * 32)
        else:
            api.ends(f"demo-s{ordinal}-1")
    api.settle()
    api.now += 1000.0
    api.settle()
    return api


def conditions(plan: Plan) -> dict[str, tuple[str, str]]:
    assert plan.status is not None
    return {each["type"]: (each["status"], each["reason"]) for each in plan.status["conditions"]}
