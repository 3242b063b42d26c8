"""A controller at work on an API server in memory, in virtual time, and what tests see of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from api_server import DEFAULTS
from memory_cluster import MemoryCluster, WatchedServer
from prometheus_client import REGISTRY
from virtual_time import START, now, pass_time

from ringrun.core.phase import Phase
from ringrun.record.lease_object import read_record, with_record
from ringrun_operator.act.controller import (
    Controller,
)
from ringrun_operator.objects.resources import read_orders

KEY = ("lab", "demo")
PODS = ["demo-m0-1", "demo-m1-1", "demo-s0-1", "demo-s1-1", "demo-s2-1"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Watched:
    """A controller at work, and when it looked: a look asks for a token, used or not."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self.looks: list[float] = []
        loop = asyncio.get_running_loop()
        self.controller = Controller(
            cluster, DEFAULTS, clock=loop.time, token=self._token, mark=lambda: "feed"
        )

    def changed(self, kind: str, found: dict[str, Any], deleted: bool = False) -> None:
        self.controller.changed(kind, found, deleted=deleted)

    def _token(self) -> bytes:
        self.looks.append(now())
        return b"t" * 32


@asynccontextmanager
async def operating(cluster: MemoryCluster, *, deaf: bool = False) -> AsyncIterator[Watched]:
    """Everything that is there is listed, and then told; a deaf one hears of no change after."""
    server = cluster.objects
    assert isinstance(server, WatchedServer)
    watched = Watched(cluster)
    for (kind, _), found in server.objects.items():
        watched.controller.listed(kind, found)
    for (kind, _), found in [*server.objects.items()]:
        watched.changed(kind, found)
    server.watcher = None if deaf else watched.changed
    working = asyncio.ensure_future(watched.controller.run())
    try:
        yield watched
    finally:
        server.watcher = None
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


def world(**spec: Any) -> tuple[WatchedServer, MemoryCluster]:
    """An API server on which there is one RingRun, just made, and the way to it."""
    server = WatchedServer(now=START, **spec)
    return server, MemoryCluster(server)


def ring_run(name: str) -> dict[str, Any]:
    """Another RingRun."""
    metadata = {
        "name": name,
        "namespace": "lab",
        "generation": 1,
        "creationTimestamp": "1970-01-01T00:16:40Z",
    }
    return {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": metadata,
        "spec": {"nodes": 2, "masters": 1},
    }


def record(server: WatchedServer, **changes: Any) -> None:
    """The leader writes the record with these changes."""
    lease = server.objects["Lease", "demo"]
    server.put(with_record(lease, read_record(lease).evolve(**changes), NOON))


async def send(server: WatchedServer) -> None:
    """The kubelet starts the pods, m0 leads, and the ring is in SEND."""
    await pass_time()
    server.runs()
    await pass_time()
    kept = read_orders(server.objects[server.orders_key])
    assert kept is not None
    roster = kept[0].roster
    nodes = tuple(member.node for member in roster)
    record(server, epoch=1, holder="m0-1", prepared=nodes)
    await pass_time()
    record(server, view=1, members=roster, phase=Phase.SEND, incarnations=nodes, starter=0, count=1)
    await pass_time()


async def finish(server: WatchedServer) -> None:
    """It is aborted, and reported without a leader."""
    spec = server.objects["RingRun", "demo"]["spec"]
    server.patch("RingRun", "demo", spec={**spec, "abort": True})
    await pass_time(20.0)
    assert status(server)["verdict"] == "Failed"


def status(server: WatchedServer, name: str = "demo") -> dict[str, Any]:
    found: dict[str, Any] = server.objects["RingRun", name]["status"]
    return found


def gaps(times: list[float]) -> list[float]:
    """Seconds between each and the next."""
    return [round(later - earlier, 3) for earlier, later in pairwise(times)]


def counted(name: str, **labels: str) -> float:
    """As the metrics have it, since this process began."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
