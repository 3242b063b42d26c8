"""Every call that the operator makes to the API server: what is asked, of which kind of object.

Used by the controller, the election and the self-test; how one asks is `ringrun.record.api`'s,
which the masters use too. Leaves out the watching, which is kopf's.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from ringrun.record.api import Api, Refused
from ringrun_operator import names
from ringrun_operator.kinds import collection
from ringrun_operator.objects.owner import Object
from ringrun_operator.show.events import Event
from ringrun_operator.times import timestamp

FIELD_MANAGER: Final = "ringrun-operator"


class Cluster:
    """What is asked of an API server, over a way to it that whoever opened it closes."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @property
    def server(self) -> str:
        """The API server's address, for a watcher with a session of its own."""
        return self._api.server

    def now(self) -> float:
        """Seconds since 1970 by the API server's clock, which stamps the objects."""
        return self._api.clock.now()

    async def session(self, trace: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """A new session with the same credentials. Whoever asked for it closes it."""
        return await self._api.session(trace)

    async def get(
        self, kind: str, namespace: str, name: str, within: float | None = None
    ) -> dict[str, Any]:
        """The object; Refused (404) if it is not there."""
        return await self._api.get(_path(kind, namespace, name), within)

    async def create(self, document: Object) -> dict[str, Any]:
        """Make the object; Refused (409) if the name is taken."""
        metadata = document["metadata"]
        return await self._api.call(
            "POST", collection(document["kind"], metadata["namespace"]), document
        )

    async def replace(self, document: Object, within: float | None = None) -> dict[str, Any]:
        """Put the object in the place of the version that it names; Refused (409) if that is
        old."""
        metadata = document["metadata"]
        path = _path(document["kind"], metadata["namespace"], metadata["name"])
        return await self._api.put(path, document, within)

    async def delete(
        self, kind: str, namespace: str, name: str, uid: str, grace: int | None = None
    ) -> None:
        """Delete this very object; one that is gone, or another of its name, is left alone."""
        options: Object = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            await self._api.call("DELETE", _path(kind, namespace, name), options)
        except Refused as refusal:
            if not (refusal.is_gone or refusal.is_conflict):
                raise

    async def end_pod(self, namespace: str, name: str, uid: str) -> None:
        """Have the kubelet end what runs in this very pod; it stays, with its logs.

        Where a role of before gives no right to it, it runs on: nothing hangs on it.
        """
        change = {"metadata": {"uid": uid}, "spec": {"activeDeadlineSeconds": 1}}
        try:
            await self._api.call(
                "PATCH",
                _path("Pod", namespace, name),
                change,
                content_type="application/merge-patch+json",
            )
        except Refused as refusal:
            if not (refusal.is_gone or refusal.is_conflict or refusal.status == 403):
                raise

    async def apply_status(
        self, namespace: str, name: str, status: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Make this the whole status of a RingRun, as far as it is ours."""
        document = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": name, "namespace": namespace},
            "status": dict(status),
        }
        path = _path(names.KIND, namespace, name) + "/status"
        return await self._api.call(
            "PATCH",
            path,
            document,
            query=[("fieldManager", FIELD_MANAGER), ("force", "true")],
            content_type="application/apply-patch+yaml",
        )

    async def tell(self, run: Mapping[str, Any], event: Event, now: float) -> None:
        """Make an Event about a RingRun, unless it was told before."""
        metadata = run["metadata"]
        key = f"{metadata['uid']}/{event.reason}/{event.key}"
        name = f"{metadata['name']}.{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        at = timestamp(now)
        document: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "type": event.type.value,
            "reason": str(event.reason),
            "message": event.message,
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "reportingInstance": FIELD_MANAGER,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
        }
        try:
            await self.create(document)
        except Refused as refusal:
            if not refusal.is_conflict:
                raise

    @property
    def forbidden(self) -> int:
        """How many requests were answered by 403 so far."""
        return self._api.forbidden

    async def may(
        self, verb: str, group: str, resource: str, namespace: str, within: float | None = None
    ) -> bool:
        """Whether this account has a right; in all namespaces, if none is given."""
        resource, _, part = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": resource, "subresource": part}
        answer = await self._api.call(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {**attributes, "namespace": namespace}},
            },
            within=within,
        )
        return bool((answer.get("status") or {}).get("allowed"))

    async def events_about(self, namespace: str, uid: str) -> list[dict[str, Any]]:
        """The events about the object with this uid, in no order."""
        found = await self._api.call(
            "GET",
            collection("Event", namespace),
            query=[("fieldSelector", f"involvedObject.uid={uid}"), ("limit", "50")],
        )
        items = found.get("items")
        return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []

    async def has_ring_runs(self) -> bool:
        """Whether the API server knows RingRuns: a watcher that starts before is deaf."""
        try:
            await self._api.call(
                "GET", f"/apis/{names.API_VERSION}/{names.PLURAL}", query=[("limit", "1")]
            )
        except Refused as refusal:
            if refusal.is_gone:
                return False
            # A namespaced account may not list them everywhere, but then they are there.
            if refusal.status == 403:
                return await self._is_discovered()
            raise
        return True

    async def _is_discovered(self) -> bool:
        try:
            found = await self._api.call("GET", f"/apis/{names.API_VERSION}")
        except Refused as refusal:
            if not refusal.is_gone:
                raise
            return False
        return any(each.get("name") == names.PLURAL for each in found.get("resources", ()))


def _path(kind: str, namespace: str, name: str) -> str:
    return f"{collection(kind, namespace)}/{name}"
