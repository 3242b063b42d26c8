"""Runs of a cluster without a cluster's work: the objects that an operator would have made of them.

Used by `operator_scale`, on an API server without nodes. The objects are built by the operator's
own builders; what kubelets and leaders would have written is made up.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from ringrun.core.messages import Result
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Plan, Record
from ringrun.record.api import Api, Refused
from ringrun.record.lease_object import with_record
from ringrun.spec import RunSpec
from ringrun_operator import names
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.kinds import collection
from ringrun_operator.objects import reports, resources
from ringrun_operator.objects.known import World
from ringrun_operator.objects.owner import Owner
from ringrun_operator.objects.pods import SLAVE_PORT, pod
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.objects.settings import Defaults, resolve
from ringrun_operator.times import timestamp

IMAGE = "ghcr.io/ringrun/ringrun:0.1.0"
DEFAULTS = Defaults(image=IMAGE)
AT_ONCE = 24
LONG_AGO = 3600.0
"""Seconds since the finished runs ended: nothing of them is left to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is made of each run."""

    namespace: str
    slaves: int
    report: dict[str, Any]
    pods: bool


def real_report(slaves: int) -> dict[str, Any]:
    """The report of a run of so many slaves on this machine."""
    command = [sys.executable, "-m", "ringrun", "run", "--nodes", str(slaves)]
    command += ["--send", "500ms", "--grace", "500ms", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ring_run(made: Made, name: str, send: int = 500) -> dict[str, Any]:
    """A RingRun as a user makes it."""
    spec: dict[str, Any] = {"nodes": made.slaves, "periods": {"sendMilliseconds": send}}
    if not made.pods:
        spec["cleanup"] = "DeletePods"
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name, "namespace": made.namespace},
        "spec": spec,
    }


def result(slave: int) -> Result:
    """What a slave leaves as its termination message: some 1,400 bytes."""
    return Result(
        ordinal=slave,
        incarnation=1,
        view=1,
        count=19862,
        sum_exact="98640113552" * 3,
        digest="3f9a41c1" * 8,
        final=True,
        issued=2483,
        blocks=tuple((4096 * n, "3f9a41c1" * 8) for n in range(1, 5)),
        cuts=(),
        frames_sent=44692,
        frames_received=44690,
        cpu_seconds=1.21,
        send_seconds=2.0,
        grace_seconds=1.0,
        longest_gap=0.061,
        slowest_peer=3,
        slowest_wait=0.002,
        latency=tuple((1000 + n, 37 * n) for n in range(60)),
    )


def nodes_of(slaves: int) -> list[NodeId]:
    """Two masters and the slaves, each for the first time."""
    return [*(MasterId(n, 1) for n in range(2)), *(SlaveId(n, 1) for n in range(slaves))]


def address(node: NodeId) -> str:
    """A made-up address."""
    if isinstance(node, MasterId):
        return "10.9.9.9"
    return f"10.9.{node.ordinal // 250}.{node.ordinal % 250 + 1}"


def members(slaves: int) -> tuple[Member, ...]:
    """All slaves with their addresses."""
    return tuple(
        Member(ordinal=n, incarnation=1, host=address(SlaveId(n, 1)), port=SLAVE_PORT)
        for n in range(slaves)
    )


def record(slaves: int, *, ended: bool) -> Record:
    """The record at the end of a run, or in the middle of SEND."""
    everybody = members(slaves)
    nodes = tuple(member.node for member in everybody)
    return Record(
        version=60,
        epoch=1,
        holder="" if ended else "m0-1",
        view=1,
        members=everybody,
        phase=Phase.STOP if ended else Phase.SEND,
        prepared=nodes,
        send_members=everybody,
        closed=True if ended else None,
        incarnations=nodes,
        starter=0,
        plan=Plan(run="x" * 36, nodes=slaves, seed=0, model="lockstep", send=2.0, grace=1.0),
        count=19862,
        done=ended,
    )


def status(node: NodeId, now: float, *, ended: bool) -> dict[str, Any]:
    """What a kubelet says of a pod that runs, or has ended well."""
    at = timestamp(now)
    word = "PodCompleted" if ended else ""
    conditions = [
        {
            "type": kind,
            "status": "False" if ended and "Ready" in kind else "True",
            "lastProbeTime": None,
            "lastTransitionTime": at,
            **({"reason": word} if word else {}),
        }
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
    ]
    message = ""
    if isinstance(node, SlaveId):
        message = msgspec.json.encode(result(node.ordinal)).decode()
    terminated = {
        "exitCode": 0,
        "reason": "Completed",
        "startedAt": at,
        "finishedAt": at,
        "containerID": "containerd://" + "ab" * 32,
        **({"message": message} if message else {}),
    }
    return {
        "phase": "Succeeded" if ended else "Running",
        "hostIP": "10.250.0.11",
        "hostIPs": [{"ip": "10.250.0.11"}],
        "podIP": address(node),
        "podIPs": [{"ip": address(node)}],
        "startTime": at,
        "qosClass": "Burstable",
        "conditions": conditions,
        "containerStatuses": [
            {
                "name": names.role_of(node).value,
                "image": IMAGE,
                "imageID": "ghcr.io/ringrun/ringrun@sha256:" + "cd" * 32,
                "containerID": "containerd://" + "ab" * 32,
                "ready": not ended,
                "started": not ended,
                "restartCount": 0,
                "lastState": {},
                "state": {"terminated": terminated} if ended else {"running": {"startedAt": at}},
            }
        ],
    }


async def make_run(api: Api, made: Made, name: str, *, ended: bool) -> None:
    """One run and all that the operator watches of it."""
    cluster = Cluster(api)
    now = time.time() - (LONG_AGO if ended else 0.0)
    run = await cluster.create(ring_run(made, name, send=500 if ended else 86_400_000))
    owner = Owner(name=name, namespace=made.namespace, uid=run["metadata"]["uid"])
    spec = RunSpec.from_mapping(run)
    moment = datetime.fromtimestamp(now, UTC)
    kept = with_record(resources.lease(owner), record(made.slaves, ended=ended), moment)
    lease = await cluster.create(kept)
    ledger = Ledger(
        record_uid=lease["metadata"]["uid"],
        masters=(1, 1),
        masters_seen=(1, 1),
        started=now,
        send_seen=now,
        grace_seen=now if ended else None,
        finished=now if ended else None,
    )
    orders = Orders(
        version=12,
        phase=Phase.SEND,
        complete=True,
        roster=members(made.slaves),
        masters=() if ended else ("m0-1", "m1-1"),
        results=tuple(result(n) for n in range(made.slaves)) if ended else (),
    )
    settings = resolve(spec.template, DEFAULTS)
    kept_orders = resources.orders_map(owner, spec, orders, ledger, settings, None)
    empty = resources.result_map(owner)
    report = reports.with_report(empty, {**made.report, "run": owner.uid}) if ended else empty
    orders_map, result_map, *pods = await asyncio.gather(
        cluster.create(kept_orders),
        cluster.create(report),
        *(
            make_pod(api, owner, spec, node, ledger.record_uid, now, ended=ended)
            for node in (nodes_of(made.slaves) if made.pods or not ended else ())
        ),
    )
    world = World(run=run, pods=tuple(pods), lease=lease, orders=orders_map, result=result_map)
    shown = reconcile(world, DEFAULTS, time.time()).status
    assert shown is not None
    await cluster.apply_status(made.namespace, name, shown)


async def make_pod(
    api: Api, owner: Owner, spec: RunSpec, node: NodeId, lease: str, now: float, *, ended: bool
) -> dict[str, Any]:
    """One pod with the status that it would have."""
    document = pod(owner, spec, node, resolve(spec.template, DEFAULTS), lease)
    document["spec"]["nodeName"] = "made-up"
    # No controller makes accounts here.
    document["spec"].pop("serviceAccountName", None)
    await Cluster(api).create(document)
    return await set_status(api, document, status(node, now, ended=ended))


async def set_status(api: Api, document: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The pod with this status."""
    metadata = document["metadata"]
    path = f"{collection('Pod', metadata['namespace'])}/{metadata['name']}/status"
    return await api.call(
        "PATCH",
        path,
        {"status": wanted},
        query=[("fieldManager", "kubelet")],
        content_type="application/merge-patch+json",
        within=60.0,
    )


async def prepare(api: Api, namespace: str) -> None:
    """A namespace in which pods can be made although no controller is there."""
    for path, document in (
        ("/api/v1/namespaces", {"metadata": {"name": namespace}}),
        (f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}}),
    ):
        with suppress(Refused):
            await api.call("POST", path, document)


async def at_once(work: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """All of it, so many at a time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: Callable[[], Awaitable[None]]) -> None:
        async with room:
            await each()

    await asyncio.gather(*(one(each) for each in work))


async def fill(api: Api, made: Made, finished: int, active: int) -> None:
    """So many runs of each; those that are there are left alone."""
    begun = time.monotonic()

    def making(name: str, *, ended: bool) -> Callable[[], Awaitable[None]]:
        async def make() -> None:
            try:
                await make_run(api, made, name, ended=ended)
            except Refused as refusal:
                if not refusal.is_conflict:
                    raise

        return make

    await at_once(making(f"old{n:05d}", ended=True) for n in range(finished))
    await at_once(making(f"now{n:03d}", ended=False) for n in range(active))
    say(f"filled in {time.monotonic() - begun:.0f} s")


def say(words: str) -> None:
    """For whoever waits."""
    print(words, file=sys.stderr, flush=True)
