"""Requests to the Kubernetes API server, as raw objects.

The way to it, with its certificates and credentials, is `record.access`'s. Used by the masters in
pods (`record.lease`, `runtime.start.pod_master`) and by the operator. The typed client is not for
us: it drops fields that it does not know, and writes times that a Lease refuses (tried). Nor is its
watch, which hangs for as long as a server is frozen.
"""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from ringrun.record.access import AGENT, Access, NoAccessError, words
from ringrun.record.server_clock import ServerClock
from ringrun.record.store import StoreError

TIMEOUT: Final = 10.0
"""Seconds that an ordinary request may take."""

WATCH_SECONDS: Final = 20
"""The server ends a watch after this, so that a silent one is noticed within a few seconds more."""

SILENCE_SECONDS: Final = WATCH_SECONDS + 5.0

_GONE: Final = 410


class ApiError(StoreError):
    """The API server is out of reach, or its answer is not one."""


class Refused(ApiError):  # noqa: N818 - it is what happened, not a fault of ours
    """The API server said no; `status` is its HTTP status, the text its own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_conflict(self) -> bool:
        """Another was first: the name is taken, or the version is old."""
        return self.status == 409

    @property
    def is_gone(self) -> bool:
        """The object is not there."""
        return self.status == 404


class NoCluster(ApiError):  # noqa: N818 - it is what happened, not a fault of ours
    """There is no configuration of a cluster, or it is not one."""


class Api:
    """The API server that a kubeconfig, or the pod, names. Used as an async context.

    `timeout` is how many seconds a request may take that says nothing else of it.
    """

    def __init__(self, way: Access | Configuration, timeout: float = TIMEOUT) -> None:
        self._access = way if isinstance(way, Access) else Access(way)
        self._timeout = timeout
        self._client = ApiClient(self._access.configuration)
        self._client.user_agent = AGENT
        self._client.rest_client = self._access.rest()
        self.clock = ServerClock()
        self.forbidden = 0
        """How many requests were refused for want of rights, or by what else says so (403)."""

    @classmethod
    def in_cluster(cls, timeout: float = TIMEOUT) -> Self:
        """By the pod's own account, whose token is read anew before it runs out.

        NoCluster outside of a pod.
        """
        try:
            return cls(Access.in_cluster(), timeout)
        except NoAccessError as error:
            raise NoCluster(str(error)) from error

    @classmethod
    async def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> Self:
        """By the file given, else by the pod's own account, else by the user's kubeconfig.

        NoCluster if none of them can be read.
        """
        if kubeconfig is None and context is None:
            with suppress(NoCluster):
                return cls.in_cluster()
        try:
            return cls(await Access.by_kubeconfig(kubeconfig, context))
        except NoAccessError as error:
            raise NoCluster(str(error)) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        close: Callable[[], Awaitable[None]] = self._client.close
        await close()

    @property
    def server(self) -> str:
        """The API server's address, for a watcher with a session of its own."""
        return str(self._access.configuration.host)

    async def session(self, trace: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """A new session by the same way, in the loop that runs. Whoever asked for it closes it."""
        return self._access.session(trace)

    async def get(self, path: str, within: float | None = None) -> dict[str, Any]:
        """The object at this path; Refused (404) if it is not there."""
        return await self.call("GET", path, within=within)

    async def put(
        self, path: str, document: Mapping[str, Any], within: float | None = None
    ) -> dict[str, Any]:
        """Put the object in the place of the version that it names; what it is then.

        Refused (409) if that version is not the newest.
        """
        assert document["metadata"].get("resourceVersion"), "a write that compares nothing"
        return await self.call("PUT", path, document, within=within)

    async def call(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        *,
        query: Sequence[tuple[str, str]] = (),
        content_type: str = "application/json",
        within: float | None = None,
    ) -> dict[str, Any]:
        """The answer's object; Refused for an HTTP status of 400 or more, ApiError if none came."""
        limit = aiohttp.ClientTimeout(total=self._timeout if within is None else within)
        try:
            response = await self._send(method, path, document, query, content_type, limit)
            content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(f"{method} {path}: {words(error)}") from error
        try:
            answer = json.loads(content) if content else {}
        except ValueError:
            # An API server without the CRD answers in plain text, and a proxy as it likes.
            answer = " ".join(content[:200].decode(errors="replace").split())
        if response.status >= 400:
            self.forbidden += response.status == 403
            raise Refused(response.status, _said(answer) or str(response.reason))
        if not isinstance(answer, dict):
            raise ApiError(f"{method} {path}: the answer is no object")
        return answer

    async def watch(self, path: str, name: str) -> AsyncIterator[dict[str, Any]]:
        """The object of this name in the collection at this path: now, and after every change.

        Ends by ApiError, or silently when the server has had enough; the caller begins again.
        """
        selector = ("fieldSelector", f"metadata.name={name}")
        listed = await self.call("GET", path, query=[selector])
        if not isinstance(listed.get("items"), list):
            raise ApiError(f"GET {path}: the answer is no list")
        for found in listed["items"]:
            yield found
        query = [
            selector,
            ("watch", "1"),
            ("timeoutSeconds", str(WATCH_SECONDS)),
            ("resourceVersion", listed["metadata"]["resourceVersion"]),
        ]
        limit = aiohttp.ClientTimeout(total=None, sock_read=SILENCE_SECONDS)
        try:
            response = await self._send("GET", path, None, query, "application/json", limit)
            async with response:
                if response.status != 200:
                    raise Refused(response.status, f"the watch was refused: {response.reason}")
                async for line in response.content:
                    kind, found = _event(line)
                    if kind == "ERROR":
                        # 410: too old a version, as after a restart of the server. Listing mends
                        # it.
                        code = int(found.get("code") or 0)
                        if code == _GONE:
                            return
                        raise Refused(code, "the watch ended")
                    if kind in {"ADDED", "MODIFIED"}:
                        yield found
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ApiError(f"the watch broke: {words(error)}") from error

    async def _send(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None,
        query: Sequence[tuple[str, str]],
        content_type: str,
        limit: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        headers = {"Accept": "application/json"}
        if document is not None:
            headers["Content-Type"] = content_type
        request = await self._client.param_serialize(
            method=method,
            resource_path=path,
            query_params=list(query),
            header_params=headers,
            body=None if document is None else dict(document),
            # Said by the session, as in every other.
            auth_settings=[],
        )
        asked = time.monotonic()
        answer = await self._client.call_api(*request, _request_timeout=limit)
        response = answer.response
        assert isinstance(response, aiohttp.ClientResponse)
        self.clock.saw(response.headers.get("Date"), asked)
        return response


def _event(line: bytes) -> tuple[str, dict[str, Any]]:
    """What a line of a watch tells of which object; ValueError if it is no event."""
    event = json.loads(line)
    if not isinstance(event, dict) or not isinstance(event.get("object"), dict):
        raise ValueError("a line is no event")
    return str(event.get("type")), event["object"]


def _said(answer: object) -> str:
    """A refusal's own words, if it has any."""
    if isinstance(answer, dict):
        return str(answer.get("message") or "")
    return answer if isinstance(answer, str) else ""
