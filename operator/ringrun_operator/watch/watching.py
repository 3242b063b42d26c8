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

from ringrun_operator.kinds import WATCHED
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.listing import Listing
from ringrun_operator.watch.registry import Forgetful, registry, settings

log = logging.getLogger(__name__)


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
        self._answered: dict[str, float] = {}
        self._started = clock()

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """End the watches, and wait for that."""
        self._stop.set()
        self._thread.join(patience)

    @property
    def ready(self) -> bool:
        """Whether every watch has been answered at least once."""
        return len(self._answered) >= len(WATCHED) * max(1, len(self._namespaces))

    @property
    def silence(self) -> float:
        """Seconds since the watch that was silent the longest was answered."""
        oldest = min(self._answered.values(), default=self._started)
        if not self.ready:
            oldest = self._started
        return self._clock() - oldest

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
        path, query = params.url.path, params.url.query
        if params.response.status != 200:
            return
        if query.get("watch") or path in self._answered:
            self._answered[path] = self._clock()
        elif "limit" in query:
            # A page of a list: a long one must not be taken for silence.
            self._started = self._clock()
