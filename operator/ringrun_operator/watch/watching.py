"""kopf in a thread of its own, for one term of leadership, and how long ago its watches answered.

Used by `operating`. In our own loop kopf would replace our signal handlers and, at its stop, cancel
every task that was made after it (tried).
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import aiohttp
import kopf
from yarl import URL

from ringrun_operator.kinds import WATCHED, collection_in
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.listing import Listing
from ringrun_operator.watch.registry import Forgetful, registry, settings

log = logging.getLogger(__name__)

_GONE = 410
"""What was asked for is too long ago: it is asked for anew."""


class Server(Protocol):
    """The API server, as far as a watcher with a session of its own has to know it."""

    @property
    def server(self) -> str:
        """Its address."""

    async def session(self, trace: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """A new session with our credentials. Whoever asked for it closes it."""


class Watching:
    """Watches from `start` to `stop`. Namespaces: none means all of them."""

    def __init__(
        self,
        cluster: Server,
        namespaces: Sequence[str],
        feed: Feed,
        ended: Callable[[BaseException | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._feed = feed
        self._ended = ended
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self._paths = _paths(namespaces)
        self._answered: set[str] = set()
        self._refused: dict[str, int] = {}
        self._heard: dict[str, float] = dict.fromkeys(self._paths, clock())

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """End the watches, and wait for that."""
        self._stop.set()
        self._thread.join(patience)

    @property
    def fault(self) -> str:
        """Which watches are not what they should be, in words; empty if all were answered."""
        # A copy in one step: kopf's thread goes on.
        refused = self._refused.copy()
        if refused:
            told = [f"{self._paths[path]} ({status})" for path, status in refused.items()]
            return f"watching is refused: {', '.join(told)}"
        missing = [self._paths[path] for path in self._paths if path not in self._answered]
        return f"not watched yet: {', '.join(missing)}" if missing else ""

    @property
    def ready(self) -> bool:
        """Whether every watch has been answered at least once, and none is refused."""
        return not self.fault

    @property
    def silence(self) -> float:
        """Seconds since the watch that was silent the longest came to an answer, whatever it was,
        or could not be asked for: kopf lives as long as it tries."""
        return self._clock() - min(self._heard.values())

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._watch())
        except BaseException as raised:
            error = raised
        finally:
            self._ended(error)

    async def _watch(self) -> None:
        # kopf wants to know who runs it, for a peering that is off, and our user has no name.
        os.environ.setdefault("LOGNAME", "ringrun")
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._saw_answer)
        trace.on_request_exception.append(self._saw_failure)
        session = await self._cluster.session(trace)
        # kopf calls nothing of a session but what this has.
        listing: Any = Listing(session, WATCHED, self._namespaces, self._feed)
        made = registry(self._feed)
        server = self._cluster.server

        def login(**_: Any) -> kopf.AiohttpSession:
            return kopf.AiohttpSession(server=server, aiohttp_session=listing)

        kopf.on.login(registry=made)(login)
        try:
            await kopf.operator(
                registry=made,
                settings=settings(),
                memories=Forgetful(),
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                standalone=True,
                stop_flag=self._stop,
            )
        finally:
            # kopf waits for this in a thread, for which the loop would wait at its end.
            self._stop.set()
            await session.close()

    async def _saw_answer(
        self,
        session: aiohttp.ClientSession,
        context: Any,
        params: aiohttp.TraceRequestEndParams,
    ) -> None:
        del session, context
        path = self._path(params.url)
        if path is None:
            return
        self._heard[path] = self._clock()
        if params.response.status == 200:
            self._refused.pop(path, None)
            if params.url.query.get("watch"):
                self._answered.add(path)
        elif params.response.status != _GONE:
            self._refused[path] = params.response.status

    async def _saw_failure(
        self,
        session: aiohttp.ClientSession,
        context: Any,
        params: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        del session, context
        path = self._path(params.url)
        if path is not None:
            self._heard[path] = self._clock()

    def _path(self, url: URL) -> str | None:
        # The server may be behind a path of its own.
        return next((each for each in self._paths if url.path.endswith(each)), None)


def _paths(namespaces: Sequence[str]) -> dict[str, str]:
    """What is asked for, and what it is called."""
    return {
        collection_in(kind, namespace): f"{kind.plural} in {namespace}"
        if namespace
        else kind.plural
        for kind in WATCHED
        for namespace in (namespaces or ("",))
    }
