"""What `helm test` runs: a small run on the cluster as it is, which has to end in Agreed.

Called by `__main__`. It uses the API as any user does, and knows nothing of the operator.
"""

import asyncio
from typing import Any, Final

from ringrun.record.api import Refused
from ringrun_operator import names
from ringrun_operator.act.cluster import Cluster

LOOK_EVERY: Final = 0.5

RUN: Final[dict[str, Any]] = {
    "nodes": 3,
    "masters": 2,
    "periods": {"sendMilliseconds": 1000, "graceMilliseconds": 500},
    # What stays behind if this is killed goes by itself.
    "ttlSecondsAfterFinished": 600,
}


async def selftest(cluster: Cluster, namespace: str, name: str, patience: float) -> int:
    """0 if a run of three slaves agrees within `patience` seconds; else 1, its conditions told."""
    document = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**RUN, "startDeadlineSeconds": max(1, round(patience))},
    }
    await _remove(cluster, namespace, name)
    made = await cluster.create(document)
    print(f"RingRun {namespace}/{name} created", flush=True)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    status: dict[str, Any] = {}
    try:
        while loop.time() < deadline:
            await asyncio.sleep(LOOK_EVERY)
            status = (await cluster.get(names.KIND, namespace, name)).get("status") or {}
            if _is_finished(status):
                break
        verdict = status.get("verdict") or "no verdict"
        print(
            f"{verdict}: {status.get('count', 0)} messages in view {status.get('view', 0)} "
            f"(-n {namespace})"
        )
        if verdict == "Agreed":
            return 0
        if not status:
            print(f"no operator has looked at it: does one watch the namespace {namespace}?")
        for each in status.get("conditions", ()):
            print(f"{each['type']}={each['status']} {each['reason']}: {each['message']}")
        return 1
    finally:
        await cluster.delete(names.KIND, namespace, name, made["metadata"]["uid"])


def _is_finished(status: dict[str, Any]) -> bool:
    return any(
        each["type"] == "Finished" and each["status"] == "True"
        for each in status.get("conditions", ())
    )


async def _remove(cluster: Cluster, namespace: str, name: str) -> None:
    """A run that an earlier test left."""
    try:
        old = await cluster.get(names.KIND, namespace, name)
    except Refused as refusal:
        if not refusal.is_gone:
            raise
        return
    await cluster.delete(names.KIND, namespace, name, old["metadata"]["uid"])
