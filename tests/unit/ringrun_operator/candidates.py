"""Candidates for the operators' lease, on an API server in memory, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from memory_cluster import MemoryCluster, WatchedServer

from ringrun_operator.act.election import Candidate

LEASE = ("Lease", "ringrun-operator")


def world() -> tuple[WatchedServer, MemoryCluster]:
    """An API server on which nobody has stood yet, and the way to it."""
    server = WatchedServer()
    return server, MemoryCluster(server)


def lease(server: WatchedServer) -> dict[str, Any]:
    found: dict[str, Any] = server.objects[LEASE]["spec"]
    return found


def hold(server: WatchedServer, holder: str, **spec: Any) -> None:
    """Somebody writes the lease, whether or not it is there."""
    found = server.objects.get(LEASE) or {
        "kind": "Lease",
        "metadata": {"name": LEASE[1], "namespace": "ops"},
        "spec": {"leaseTransitions": 7},
    }
    server.put({**found, "spec": {**found["spec"], "holderIdentity": holder, **spec}})


def candidate(
    cluster: MemoryCluster, me: str = "a", clock: Callable[[], float] | None = None
) -> Candidate:
    loop = asyncio.get_running_loop()
    return Candidate(cluster, "ops", LEASE[1], me, clock or loop.time)


@asynccontextmanager
async def standing(*candidates: Candidate) -> AsyncIterator[None]:
    """They stand, lead and renew meanwhile."""
    tasks = [asyncio.ensure_future(each.run()) for each in candidates]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
