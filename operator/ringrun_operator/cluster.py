"""Every call that the operator makes to the API server, as raw objects.

Used by the controller, the election and the self-test. The typed client is not for us: it drops
fields that it does not know, and writes times that a Lease refuses (tried). Leaves out the
watching, which is kopf's.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from ringrun_operator import names
from ringrun_operator.actions import Event
from ringrun_operator.pods import Object
from ringrun_operator.status import timestamp

TIMEOUT: Final = 10.0
"""Seconds that an ordinary request may take."""

FIELD_MANAGER: Final = "ringrun-operator"

_RESOURCES: Final = {
    "Pod": ("api/v1", "pods"),
    "ConfigMap": ("api/v1", "configmaps"),
    "Secret": ("api/v1", "secrets"),
    "ServiceAccount": ("api/v1", "serviceaccounts"),
    "Event": ("api/v1", "events"),
    "Lease": ("apis/coordination.k8s.io/v1", "leases"),
    "Role": ("apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "RingRun": (f"apis/{names.API_VERSION}", names.PLURAL),
}


# The client has no types for these.
_load_kube_config: Callable[..., Awaitable[None]] = config.load_kube_config
_load_incluster_config: Callable[..., None] = config.load_incluster_config


class ClusterError(Exception):
    """The API server is out of reach, or its answer is not one."""


class Refused(ClusterError):  # noqa: N818 - it is what happened, not a fault of ours
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


class Cluster:
    """The API server that a kubeconfig, or the pod, names. Used as an async context."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._client = ApiClient(configuration)

    @classmethod
    async def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> Self:
        """By the file given, else by the pod's own account, else by the user's kubeconfig."""
        configuration = Configuration()
        if kubeconfig is None and context is None:
            try:
                _load_incluster_config(client_configuration=configuration)
            except config.ConfigException:
                await _load_kube_config(client_configuration=configuration)
        else:
            await _load_kube_config(
                config_file=kubeconfig, context=context, client_configuration=configuration
            )
        return cls(configuration)

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
        return str(self._configuration.host)

    async def session(self, trace: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """A new session with the same credentials. Whoever asked for it closes it."""
        # The client's own knows how to trust and how to authenticate; a token is asked for at
        # every request, since the kubelet replaces it.
        inner = self._client.rest_client
        configuration = self._configuration

        async def authorize(
            session: aiohttp.ClientSession,
            context: Any,
            params: aiohttp.TraceRequestStartParams,
        ) -> None:
            del session, context
            token = await configuration.get_api_key_with_prefix("BearerToken", "authorization")
            if token:
                params.headers["Authorization"] = token

        trace.on_request_start.append(authorize)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=inner.ssl_context),
            trace_configs=[trace],
        )

    async def get(
        self, kind: str, namespace: str, name: str, within: float = TIMEOUT
    ) -> dict[str, Any]:
        """The object; Refused (404) if it is not there."""
        return await self._call("GET", _path(kind, namespace, name), within=within)

    async def create(self, document: Object) -> dict[str, Any]:
        """Make the object; Refused (409) if the name is taken."""
        metadata = document["metadata"]
        return await self._call("POST", _path(document["kind"], metadata["namespace"]), document)

    async def replace(self, document: Object, within: float = TIMEOUT) -> dict[str, Any]:
        """Put the object in the place of the version that it names; Refused (409) if that is
        old."""
        metadata = document["metadata"]
        assert metadata.get("resourceVersion"), "a write that compares nothing"
        path = _path(document["kind"], metadata["namespace"], metadata["name"])
        return await self._call("PUT", path, document, within=within)

    async def delete(
        self, kind: str, namespace: str, name: str, uid: str, grace: int | None = None
    ) -> None:
        """Delete this very object; one that is gone, or another of its name, is left alone."""
        options: Object = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            await self._call("DELETE", _path(kind, namespace, name), options)
        except Refused as refusal:
            if not (refusal.is_gone or refusal.is_conflict):
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
        return await self._call(
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
            "reason": event.reason,
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

    async def has_ring_runs(self) -> bool:
        """Whether the API server knows RingRuns: a watcher that starts before is deaf."""
        try:
            await self._call("GET", f"/apis/{names.API_VERSION}/{names.PLURAL}?limit=1")
        except Refused as refusal:
            # A namespaced account may not list them everywhere, but then they are there.
            return refusal.status == 403 and await self._is_discovered()
        return True

    async def _is_discovered(self) -> bool:
        try:
            found = await self._call("GET", f"/apis/{names.API_VERSION}")
        except Refused:
            return False
        return any(each.get("name") == names.PLURAL for each in found.get("resources", ()))

    async def _call(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        *,
        query: list[tuple[str, str]] | None = None,
        content_type: str = "application/json",
        within: float = TIMEOUT,
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if document is not None:
            headers["Content-Type"] = content_type
        try:
            request = await self._client.param_serialize(
                method=method,
                resource_path=path,
                query_params=query or [],
                header_params=headers,
                body=None if document is None else dict(document),
                auth_settings=["BearerToken"],
            )
            response = await self._client.call_api(
                *request, _request_timeout=aiohttp.ClientTimeout(total=within)
            )
            read: Callable[[], Awaitable[bytes]] = response.read
            content = await read()
            status = int(response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            words = str(error) or type(error).__name__
            raise ClusterError(f"{method} {path}: {words}") from error
        try:
            answer = json.loads(content) if content else {}
        except ValueError:
            # An API server without the CRD answers in plain text.
            answer = {"message": content[:200].decode(errors="replace").strip()}
        if status >= 400:
            raise Refused(status, str(answer.get("message") or f"HTTP {status}"))
        assert isinstance(answer, dict)
        return answer


def _path(kind: str, namespace: str, name: str | None = None) -> str:
    group, plural = _RESOURCES[kind]
    path = f"/{group}/namespaces/{namespace}/{plural}"
    return path if name is None else f"{path}/{name}"
