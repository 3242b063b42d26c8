"""A `Cluster` in memory: the calls that the operator makes, on the objects of an `ApiServer`.

Tests of the controller and of the election look at `calls`, and say by `before` and `after` what
else happens to a call: it takes time, it is refused, its answer is lost.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from api_server import ApiServer
from virtual_time import now

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.show.events import Event

Watcher = Callable[[str, dict[str, Any], bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, and when it was made."""

    verb: str
    kind: str
    name: str
    at: float


Hook = Callable[[Call], Awaitable[None]]


async def _at_once(call: Call) -> None:
    del call


class WatchedServer(ApiServer):
    """One that tells a watcher of every change, soon after."""

    def __init__(self, **spec: Any) -> None:
        self.watcher: Watcher | None = None
        super().__init__(**spec)

    def put(self, document: dict[str, Any]) -> dict[str, Any]:
        kept = super().put(document)
        self._tell(kept, deleted=False)
        return kept

    def delete(self, kind: str, name: str) -> None:
        found = self.objects[kind, name]
        super().delete(kind, name)
        self._tell(found, deleted=True)

    def _tell(self, found: dict[str, Any], *, deleted: bool) -> None:
        if self.watcher is not None:
            told = partial(self.watcher, found["kind"], copy.deepcopy(found), deleted)
            asyncio.get_running_loop().call_soon(told)


class MemoryCluster(Cluster):
    """Answers at once, and as the API server would, but for what `before` and `after` do."""

    def __init__(self, server: ApiServer) -> None:
        self.objects = server
        self.calls: list[Call] = []
        self.told: list[Event] = []
        self.before: Hook = _at_once
        self.after: Hook = _at_once
        self.busy = self.busiest = 0

    def asked(self, verb: str, kind: str = "", name: str = "") -> list[float]:
        """When there were such calls."""
        return [
            call.at
            for call in self.calls
            if call.verb == verb and kind in ("", call.kind) and name in ("", call.name)
        ]

    async def get(
        self, kind: str, namespace: str, name: str, within: float | None = None
    ) -> dict[str, Any]:
        del namespace
        return await self._call("get", kind, name, lambda: self._found(kind, name), within)

    async def create(self, document: dict[str, Any]) -> dict[str, Any]:
        kind, name = document["kind"], document["metadata"]["name"]

        def make() -> dict[str, Any]:
            if (kind, name) in self.objects.objects:
                raise Refused(409, f'"{name}" already exists')
            self.objects.made.append(name)
            return self.objects.put(document)

        return await self._call("create", kind, name, make)

    async def replace(
        self, document: dict[str, Any], within: float | None = None
    ) -> dict[str, Any]:
        kind, metadata = document["kind"], document["metadata"]
        name = metadata["name"]

        def put() -> dict[str, Any]:
            found = self._found(kind, name)["metadata"]
            uid, version = found["uid"], found["resourceVersion"]
            if metadata.get("uid", uid) != uid or metadata["resourceVersion"] != version:
                raise Refused(409, "the object has been modified")
            return self.objects.put({**document, "metadata": {**metadata, "uid": uid}})

        return await self._call("replace", kind, name, put, within)

    async def delete(
        self, kind: str, namespace: str, name: str, uid: str, grace: int | None = None
    ) -> None:
        del namespace, grace

        def take() -> dict[str, Any]:
            found = self.objects.objects.get((kind, name))
            if found is not None and found["metadata"]["uid"] == uid:
                self.objects.delete(kind, name)
            return {}

        await self._call("delete", kind, name, take)

    async def apply_status(
        self, namespace: str, name: str, status: Mapping[str, Any]
    ) -> dict[str, Any]:
        del namespace

        def apply() -> dict[str, Any]:
            found = self._found("RingRun", name)
            return self.objects.put({**found, "status": copy.deepcopy(dict(status))})

        return await self._call("apply status", "RingRun", name, apply)

    async def tell(self, run: Mapping[str, Any], event: Event, now: float) -> None:
        del run, now

        def keep() -> dict[str, Any]:
            self.told.append(event)
            return {}

        await self._call("tell", "Event", event.reason, keep)

    def _found(self, kind: str, name: str) -> dict[str, Any]:
        if (kind, name) not in self.objects.objects:
            raise Refused(404, f'"{name}" not found')
        return self.objects.objects[kind, name]

    async def _call(
        self,
        verb: str,
        kind: str,
        name: str,
        act: Callable[[], dict[str, Any]],
        within: float | None = None,
    ) -> dict[str, Any]:
        call = Call(verb=verb, kind=kind, name=name, at=now())
        self.calls.append(call)
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        try:
            async with asyncio.timeout(within):
                await self.before(call)
                answer = copy.deepcopy(act())
                await self.after(call)
                return answer
        except TimeoutError as error:
            raise ApiError(f"{verb} {name}: TimeoutError") from error
        finally:
            self.busy -= 1
