"""The way to an API server: the Kubernetes library's configuration, and credentials kept fresh.

Used by `record.api` alone. Every session is made here, for our own requests and for kopf's, so that
certificates, a proxy and a server's name count for all of them. What the library reads once is
read again here when it is due, as kubectl does: a plugin's token before it runs out, a token's file
every minute, and either of them when the server no longer takes what it was shown.
"""

import asyncio
import copy
import ipaddress
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakSet

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from ringrun import __version__
from ringrun.wording import system_words

log = logging.getLogger(__name__)

FILES_EVERY: Final = 60.0
"""Seconds before a token that has no end of its own, as one in a file, is read again."""

AHEAD: Final = 30.0
"""Seconds before its end in which a token is replaced; of a short life, its last fifth."""

RETRY: Final = 5.0
"""Seconds before a plugin that failed is asked again."""

# The client has no types for these.
_load_kube_config: Callable[..., Awaitable[Any]] = config.load_kube_config
_load_incluster_config: Callable[..., None] = config.load_incluster_config

AGENT: Final = f"ringrun/{__version__}"


class NoAccessError(Exception):
    """There is no configuration of a cluster, or it is not one; the text says of which file."""


class _Rest(RESTClientObject):
    def session(self) -> aiohttp.ClientSession:
        """As the library makes its own, which it keeps to itself."""
        return self._create_pool_manager()


class Access:
    """How one API server is reached. Its credentials are renewed in the loop that first used them.

    `loader` is the library's, for a kubeconfig; without one the configuration stands as it is.
    """

    def __init__(
        self,
        configuration: Configuration,
        loader: Any = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.configuration = configuration
        self._loader = loader
        self._clock = clock
        self._wall = wall
        self._home: asyncio.AbstractEventLoop | None = None
        self._renewing = asyncio.Lock()
        self._read_at = clock()
        self._failed_at: float | None = None
        self._due = self._due_at()
        self._made: WeakSet[_Rest] = WeakSet()
        configuration.client_session_kwargs = {
            "middlewares": (self._authorize,),
            "headers": {"User-Agent": AGENT},
            "proxy": configuration.proxy,
            "trust_env": not _is_spared(str(configuration.host)),
        }

    @classmethod
    def in_cluster(cls) -> "Access":
        """By the pod's own account, whose token is read anew every minute. NoAccessError outside
        of a pod."""
        configuration = Configuration()
        try:
            _load_incluster_config(client_configuration=configuration)
        except config.ConfigException as error:
            raise NoAccessError(str(error)) from error
        return cls(configuration)

    @classmethod
    async def by_kubeconfig(cls, kubeconfig: str | None, context: str | None) -> "Access":
        """By the file given, or where kubectl looks for one. NoAccessError if it is none."""
        named = _kubeconfig(kubeconfig)
        configuration = Configuration()
        said = _Said()
        logger = logging.getLogger(_load_kube_config.__module__)
        logger.addFilter(said)
        try:
            loader = await _load_kube_config(
                config_file=named,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
            _check_proxy(configuration)
            _check_plugin(loader, configuration, said.words)
            return cls(configuration, loader)
        except Exception as error:
            # A file of the user's: it may hold anything, and the loader fails in as many ways.
            raise NoAccessError(f"kubeconfig {named}: {words(error)}") from error
        finally:
            logger.removeFilter(said)

    def rest(self, traces: Sequence[aiohttp.TraceConfig] = ()) -> _Rest:
        """What a session is made of, with these traces."""
        settings = copy.copy(self.configuration)
        settings.trace_configs = [*traces]
        # The server ends what is too much for it; a watch that waits for its turn is deaf.
        settings.connection_pool_maxsize = 0
        made = _Rest(settings)
        self._made.add(made)
        return made

    def session(self, trace: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """A new session in the running loop, which may be another than the one of our requests.
        Whoever asked for it closes it."""
        return self.rest([trace]).session()

    async def _authorize(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """What the library says with each of its own requests, said with those of others too."""
        if self.configuration.tls_server_name:
            request.server_hostname = self.configuration.tls_server_name
        if self.configuration.proxy_headers and request.proxy_headers is None:
            request.proxy_headers = self.configuration.proxy_headers
        shown = await self._at_home(self._token)
        if shown:
            request.headers["Authorization"] = shown
        response = await send(request)
        if response.status == 401 and self._loader is not None:
            other = await self._at_home(lambda: self._token(refused=shown))
            if other != shown:
                response.release()
                request.headers["Authorization"] = other
                response = await send(request)
        return response

    async def _at_home(self, ask: Callable[[], Awaitable[str]]) -> str:
        """Asked in the loop that asked first: a lock and a plugin's process belong to one."""
        here = asyncio.get_running_loop()
        if self._home is None or self._home.is_closed():
            self._home = here
            self._renewing = asyncio.Lock()
        if self._home is here:
            return await ask()

        async def asked() -> str:
            return await ask()

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked(), self._home))

    async def _token(self, refused: str | None = None) -> str:
        """What the Authorization header is to say; `refused` is what the server did not take."""
        if self._loader is not None:
            async with self._renewing:
                current = str(self.configuration.api_key.get("BearerToken") or "")
                if self._clock() >= self._due or (refused is not None and refused == current):
                    await self._renew()
        return str(
            await self.configuration.get_api_key_with_prefix("BearerToken", "authorization") or ""
        )

    async def _renew(self) -> None:
        """Read all credentials again. The old ones stay where that fails: they may be good yet."""
        now = self._clock()
        if self._failed_at is not None and now < self._failed_at + RETRY:
            return
        said = _Said()
        logger = logging.getLogger(_load_kube_config.__module__)
        logger.addFilter(said)
        try:
            await self._loader.load_and_set(self.configuration)
        except Exception as error:
            said.words = words(error)
        finally:
            logger.removeFilter(said)
        self._read_at = self._clock()
        self._due = self._due_at()
        if said.words:
            self._failed_at = self._read_at
            self._due = self._read_at + RETRY
            log.warning("the credentials could not be renewed: %s", said.words)
            return
        self._failed_at = None
        if self.configuration.cert_file:
            for made in self._made:
                made.ssl_context.load_cert_chain(
                    self.configuration.cert_file, keyfile=self.configuration.key_file
                )

    def _due_at(self) -> float:
        """When the credentials are to be read again, on the monotonic clock."""
        if self._loader is None:
            return float("inf")
        end = getattr(self._loader, "exec_plugin_expiry", None)
        if end is not None:
            life = float(end.timestamp()) - self._wall()
            return self._read_at + life - min(AHEAD, max(life, 0.0) / 5.0)
        if _plugin(self._loader) and self.configuration.api_key.get("BearerToken"):
            # It tells no end of its token: it is asked when the server refuses that.
            return float("inf")
        # Of a plugin's certificates the library keeps no end.
        return self._read_at + FILES_EVERY


class _Said(logging.Filter):
    """The loader logs what a plugin failed with, and goes on without: kept here, and not logged."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            self.words = " ".join(record.getMessage().split())
            return False
        return True


def _plugin(loader: Any) -> str:
    """The command of the user's plugin, if there is one."""
    user = loader._user
    return str(user["exec"].safe_get("command") or "?") if user and "exec" in user else ""


def _check_plugin(loader: Any, configuration: Configuration, said: str) -> None:
    """ValueError for a plugin that gave nothing: every request would be refused, unexplained."""
    command = _plugin(loader)
    if command and not (configuration.api_key.get("BearerToken") or configuration.cert_file):
        said = said.removeprefix("exec: ") or "it gave no credentials"
        raise ValueError(f"the plugin {command} failed: {said}")


def _check_proxy(configuration: Configuration) -> None:
    """ValueError for a proxy that cannot be used."""
    proxy = configuration.proxy
    if proxy and urlsplit(str(proxy)).scheme not in {"http", "https"}:
        raise ValueError(f"proxy-url must begin with http:// or https://, got {proxy}")


def _is_spared(url: str) -> bool:
    """Whether NO_PROXY holds the server's address by a network (10.96.0.0/12), which Python does
    not look for and kubectl does."""
    try:
        address = ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    for each in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(","):
        with suppress(ValueError):
            if "/" in each and address in ipaddress.ip_network(each.strip(), strict=False):
                return True
    return False


def _kubeconfig(given: str | None) -> str:
    """The file, or the list of files, that is to be read; NoAccessError if none is there."""
    named = given or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube/config")
    if not any(Path(each).is_file() for each in named.split(os.pathsep) if each):
        raise NoAccessError(f"kubeconfig: no such file: {named}")
    return named


def words(error: BaseException) -> str:
    """aiohttp tells the system's error with its number, and the connection around it."""
    cause = getattr(error, "os_error", error)
    return system_words(cause)
