"""An API server for the operator as a whole: lists and watches for kopf, and the calls of a
`Cluster`, over HTTP on loopback.

It keeps objects by collection, gives versions, refuses a taken name and an old version, and does
what a test tells it: know no RingRuns, deny rights, answer no watch of a collection, or break those
that are open.
"""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from http_on_loopback import serving
from kubernetes.aio.client.configuration import Configuration

from ringrun.record.api import Api
from ringrun_operator.act.cluster import Cluster

KINDS = {
    "pods": "Pod",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "events": "Event",
    "leases": "Lease",
    "roles": "Role",
    "rolebindings": "RoleBinding",
    "ringruns": "RingRun",
    # kopf wants to know that there are these, and asks for none.
    "namespaces": "Namespace",
    "customresourcedefinitions": "CustomResourceDefinition",
}

GROUPS = {
    "api/v1": ["pods", "configmaps", "namespaces"],
    "apis/apiextensions.k8s.io/v1": ["customresourcedefinitions"],
    "apis/coordination.k8s.io/v1": ["leases"],
    "apis/ringrun.dev/v1alpha1": ["ringruns"],
}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: the collection that it is about, in which namespace ("" for all), and an object's
    name and what is below it."""

    method: str
    path: str
    query: dict[str, str]
    token: str
    content_type: str
    plural: str = ""
    namespace: str = ""
    name: str = ""
    part: str = ""


@dataclass(eq=False, slots=True, kw_only=True)
class _Watch:
    asked: Asked
    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)


class HttpApi:
    """Objects by (plural, namespace, name)."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.requests: list[Asked] = []
        self.knows_ring_runs = True
        self.away = False
        """Whether connections break before an answer."""
        self.silent: set[str] = set()
        self.denied: set[tuple[str, str]] = set()
        """What nobody may do: verb and resource, as rules have them."""
        self.reviews: list[tuple[str, str, str]] = []
        """Which rights were asked for: verb, resource, namespace."""
        self.silent_lists: set[str] = set()
        self.forgets_pages = 0
        self._listing = asyncio.Event()
        self._version = 100
        self._history: list[tuple[int, str, Event]] = []
        self._watches: list[_Watch] = []

    # What tests do and see

    def put(self, plural: str, document: dict[str, Any]) -> dict[str, Any]:
        """Keep this object, made or changed, and tell the watches."""
        metadata = document["metadata"]
        key = (plural, metadata["namespace"], metadata["name"])
        self._version += 1
        known = key in self.objects
        uid = self.objects[key]["metadata"]["uid"] if known else f"u-{self._version}"
        kept = copy.deepcopy(
            {
                **document,
                "kind": KINDS[plural],
                "metadata": {"uid": uid, **metadata, "resourceVersion": str(self._version)},
            }
        )
        self.objects[key] = kept
        self._tell(plural, {"type": "MODIFIED" if known else "ADDED", "object": kept})
        return kept

    def delete(self, plural: str, namespace: str, name: str, *, silently: bool = False) -> None:
        """Take this object away, and tell the watches, unless nobody was there to be told."""
        self._version += 1
        found = self.objects.pop((plural, namespace, name))
        found["metadata"]["resourceVersion"] = str(self._version)
        if not silently:
            self._tell(plural, {"type": "DELETED", "object": found})

    def answer_lists(self) -> None:
        """Answer those that wait."""
        self.silent_lists = set()
        self._listing.set()

    def watched(self, plural: str = "") -> int:
        """How many watches are open."""
        return sum(plural in ("", each.asked.plural) for each in self._watches)

    def break_watches(self, code: int = 500) -> None:
        """Let those that are open end with this error."""
        for watch in self._watches:
            watch.events.put_nowait({"type": "ERROR", "object": {"code": code, "message": "no"}})

    def end_watches(self, plural: str = "") -> None:
        """Let those that are open end, as the server does when they are long enough."""
        for watch in self._watches:
            if plural in ("", watch.asked.plural):
                watch.events.put_nowait({})

    def asked(self, method: str, plural: str) -> list[Asked]:
        """Such requests, watches left out."""
        return [
            each
            for each in self.requests
            if (each.method, each.plural) == (method, plural) and "watch" not in each.query
        ]

    # Answers

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What the API server says."""
        if self.away and request.transport is not None:
            request.transport.abort()
        if request.path.endswith("/selfsubjectaccessreviews"):
            return self._review((await request.json())["spec"]["resourceAttributes"])
        asked = _read(request)
        self.requests.append(asked)
        found = self._discovery(asked.path)
        if found is not None:
            return web.json_response(found)
        if not asked.plural or (asked.plural == "ringruns" and not self.knows_ring_runs):
            return web.Response(status=404, text="404 page not found\n")
        verb = _verb(asked)
        resource = f"{asked.plural}/{asked.part}" if asked.part else asked.plural
        if (verb, resource) in self.denied:
            return _refusal(403, f'{resource} is forbidden: User "me" cannot {verb} it')
        if not asked.name and asked.method == "GET":
            if "watch" in asked.query:
                return await self._watch(request, asked)
            if asked.plural in self.silent_lists:
                await self._listing.wait()
            return self._list(asked)
        return self._one(asked, await request.json() if request.can_read_body else {})

    def _review(self, asked: dict[str, str]) -> web.Response:
        part = asked["subresource"]
        resource = f"{asked['resource']}/{part}" if part else asked["resource"]
        self.reviews.append((asked["verb"], resource, asked["namespace"]))
        allowed = (asked["verb"], resource) not in self.denied
        return web.json_response({"status": {"allowed": allowed}}, status=201)

    def _discovery(self, path: str) -> dict[str, Any] | None:
        path = path.strip("/")
        if path == "api":
            return {"versions": ["v1"]}
        groups = [each for each in GROUPS if self.knows_ring_runs or "ringrun.dev" not in each]
        if path == "apis":
            names = [each.split("/")[1:] for each in groups if each.startswith("apis")]
            return {
                "groups": [
                    {
                        "name": group,
                        "versions": [{"version": version}],
                        "preferredVersion": {"version": version},
                    }
                    for group, version in names
                ]
            }
        if path not in groups:
            return None
        return {
            "resources": [
                {
                    "name": plural,
                    "kind": KINDS[plural],
                    "singularName": KINDS[plural].lower(),
                    "namespaced": plural not in {"namespaces", "customresourcedefinitions"},
                    "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
                }
                for plural in GROUPS[path]
            ]
        }

    def _list(self, asked: Asked) -> web.Response:
        """All, or one page of it: the token of the next says where it begins, and at which version
        the list is. It is of that version's objects only as far as tests need: their uids."""
        first, version = 0, self._version
        if token := asked.query.get("continue"):
            first, version = (int(each) for each in token.split("."))
            if self.forgets_pages:
                self.forgets_pages -= 1
                return _refusal(410, "The provided continue parameter is too old")
        items = [
            found
            for (plural, _, _), found in sorted(self.objects.items())
            if plural == asked.plural and _chosen(asked, found)
        ]
        last = first + int(asked.query.get("limit", len(items) or 1))
        metadata = {"resourceVersion": str(version)}
        if last < len(items):
            metadata["continue"] = f"{last}.{version}"
        # As the real one does it, where the kind is one of its own.
        shown = [{k: v for k, v in each.items() if k != "kind"} for each in items[first:last]]
        return web.json_response(
            {"kind": f"{KINDS[asked.plural]}List", "metadata": metadata, "items": shown}
        )

    async def _watch(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        if asked.plural in self.silent:
            await asyncio.Event().wait()
        response = web.StreamResponse()
        await response.prepare(request)
        watch = _Watch(asked=asked)
        since = int(asked.query.get("resourceVersion", "0"))
        for version, plural, event in self._history:
            if version > since and plural == asked.plural and _chosen(asked, event["object"]):
                watch.events.put_nowait(event)
        self._watches.append(watch)
        try:
            async with asyncio.timeout(float(asked.query.get("timeoutSeconds", "60"))):
                while event := await watch.events.get():
                    await response.write(json.dumps(event).encode() + b"\n")
        except TimeoutError:
            pass
        finally:
            self._watches.remove(watch)
        return response

    def _one(self, asked: Asked, document: dict[str, Any]) -> web.Response:
        name = asked.name or document["metadata"]["name"]
        key = (asked.plural, asked.namespace, name)
        found = self.objects.get(key)
        if asked.method == "POST":
            if found is not None:
                return _refusal(409, f'"{name}" already exists')
            return web.json_response(self.put(asked.plural, document))
        if found is None:
            return _refusal(404, f'"{name}" not found')
        if asked.method == "PUT":
            old = found["metadata"]["resourceVersion"]
            if document["metadata"].get("resourceVersion", old) != old:
                return _refusal(409, "the object has been modified")
            return web.json_response(self.put(asked.plural, document))
        if asked.method == "PATCH":
            return web.json_response(
                self.put(asked.plural, {**found, asked.part: document[asked.part]})
            )
        if asked.method == "DELETE":
            if document["preconditions"]["uid"] != found["metadata"]["uid"]:
                return _refusal(409, "another uid")
            self.delete(*key)
        return web.json_response(found)

    def _tell(self, plural: str, event: Event) -> None:
        event = copy.deepcopy(event)
        self._history.append((self._version, plural, event))
        for watch in self._watches:
            if watch.asked.plural == plural and _chosen(watch.asked, event["object"]):
                watch.events.put_nowait(event)


def _read(request: web.Request) -> Asked:
    parts = request.path.strip("/").split("/")
    # The group and its version are first, and a namespace, if there is one, second.
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    plural, name, part = [*rest, "", "", ""][:3]
    return Asked(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        token=request.headers.get("Authorization", ""),
        content_type=request.content_type,
        plural=plural if plural in KINDS else "",
        namespace=namespace,
        name=name,
        part=part,
    )


def _verb(asked: Asked) -> str:
    if asked.method == "GET":
        return "watch" if "watch" in asked.query else "get" if asked.name else "list"
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    return verbs[asked.method]


def _chosen(asked: Asked, found: dict[str, Any]) -> bool:
    metadata = found["metadata"]
    labels = metadata.get("labels", {})
    wanted = [each.split("=") for each in asked.query.get("labelSelector", "").split(",") if each]
    return asked.namespace in ("", metadata["namespace"]) and all(
        labels.get(key) == value for key, value in wanted
    )


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "message": message}, status=status)


@asynccontextmanager
async def cluster_of(api: HttpApi, token: str = "") -> AsyncIterator[Cluster]:
    """A way to it, as the operator has."""
    async with serving(api.answer) as url:
        configuration = Configuration(host=url)
        if token:
            configuration.api_key["BearerToken"] = f"Bearer {token}"
        async with Api(configuration) as way:
            yield Cluster(way)
