"""Requests to the Kubernetes API server from inside a pod, as masters need them: get, put, watch.

Used by `record.lease` and `runtime.pod`. It is the standard library's HTTP client and no more: a
standby has to be there at once, and importing a full client costs more time and memory than a
master itself. Calls block; each thread has an `Api` of its own. Leaves out everything that runs
outside of a cluster: the operator has a real client for that.
"""

import http.client
import json
import os
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ringrun.record.store import StoreError

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")

WATCH_SECONDS: Final = 20
"""The server ends a watch after this, so that a silent one is noticed within a few seconds more."""

SILENCE_SECONDS: Final = WATCH_SECONDS + 5.0

_GONE: Final = 410


class ApiError(StoreError):
    """The API server refused; `status` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status


class Api:
    """One connection, kept open; StoreError for whatever keeps an answer away."""

    def __init__(self, host: str, port: int, *, account: Path = _ACCOUNT, timeout: float = 0.9):
        self._host = host
        self._port = port
        self._account = account
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None
        self._connection: http.client.HTTPSConnection | None = None

    @classmethod
    def in_cluster(cls) -> "Api":
        """For the API server that the kubelet names; KeyError outside of a pod."""
        return cls(
            os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
        )

    def get(self, path: str) -> dict[str, Any]:
        """The object at this path."""
        return self._call("GET", path, None)

    def put(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """Replace the object at this path; what it is then. ApiError 409 if another was first."""
        return self._call("PUT", path, document)

    def watch(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        """The object of this name in the collection at this path: now, and after every change.

        Ends by StoreError, or silently when the server has had enough; the caller begins again.
        """
        selector = f"fieldSelector=metadata.name%3D{name}"
        listed = self._call("GET", f"{path}?{selector}", None)
        yield from listed["items"]
        version = listed["metadata"]["resourceVersion"]
        query = f"{selector}&watch=1&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}"
        try:
            response = self._send("GET", f"{path}?{query}", None, timeout=SILENCE_SECONDS)
            if response.status != http.client.OK:
                raise ApiError(response.status, "the watch was refused")
            while line := response.readline():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    # 410: too old a version, as after a restart of the server. Listing mends it.
                    if event["object"].get("code") == _GONE:
                        return
                    raise ApiError(event["object"].get("code", 0), "the watch ended")
                if event["type"] in {"ADDED", "MODIFIED"}:
                    yield event["object"]
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise StoreError(f"the watch broke: {error}") from error
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the connection; the next call makes another."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None

    def _call(self, method: str, path: str, document: dict[str, Any] | None) -> dict[str, Any]:
        body = None if document is None else json.dumps(document).encode()
        reused = self._connection is not None
        try:
            try:
                response = self._send(method, path, body, timeout=self._timeout)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # The server had closed what was kept open. A read is simply asked again; of a write
                # nobody knows whether it was done, and whoever asked has to read it back.
                self.close()
                if not reused or method != "GET":
                    raise
                response = self._send(method, path, body, timeout=self._timeout)
            content = response.read()
            answer = json.loads(content) if content[:1] == b"{" else {}
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise StoreError(f"no answer from the API server: {error}") from error
        if response.status >= http.client.BAD_REQUEST:
            raise ApiError(response.status, str(answer.get("message", response.reason)))
        assert isinstance(answer, dict)
        return answer

    def _send(
        self, method: str, path: str, body: bytes | None, *, timeout: float
    ) -> http.client.HTTPResponse:
        if self._connection is None:
            if self._tls is None:
                self._tls = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=timeout, context=self._tls
            )
        connection = self._connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        # Read anew each time: the kubelet replaces it before it runs out.
        token = (self._account / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body, headers)
        return connection.getresponse()
