"""A session for kopf that lists by itself, page by page, and hands kopf empty lists.

Used by `watching`. kopf makes a task of every object that it lists, and lets all of them wait until
everything is listed; of 28,000 objects that took minutes and half a gigabyte (docs/operations.md).
It also keeps no account of what is there, so it does not notice what was deleted while it could not
watch. So every list is taken here: each page goes to the feed, packed, and when the list is whole
the feed is told what it held. kopf then watches from that list's version on.

A session is what kopf lets its users give it (`kopf.AiohttpSession`); of it, kopf calls `request`.
"""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import msgspec
from yarl import URL

from ringrun_operator.kinds import Kind, collection_in
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.kept import Kept, version_of

PAGE: Final = 500
"""Objects in a page, as kubectl has it."""

_GONE: Final = 410


class _ListMetadata(msgspec.Struct, rename={"more": "continue", "version": "resourceVersion"}):
    version: str = ""
    more: str = ""


class _Page(msgspec.Struct):
    """Items are read one by one: all at once they take ten times the room of the text."""

    metadata: _ListMetadata
    items: list[msgspec.Raw] | None = None


class Answer:
    """A list without items, as kopf reads an answer."""

    status: Final = 200

    def __init__(self, version: str) -> None:
        self._version = version

    async def json(self) -> dict[str, Any]:
        """The list."""
        return {"metadata": {"resourceVersion": self._version}, "items": []}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class Listing:
    """The session. Namespaces: none means all of them."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        kinds: Iterable[Kind],
        namespaces: Sequence[str],
        feed: Feed,
    ) -> None:
        self._session = session
        self._feed = feed
        self._lists = {
            collection_in(kind, namespace): (kind, namespace)
            for kind in kinds
            for namespace in (namespaces or ("",))
        }
        self._missing = set(self._lists)
        self._complete = False

    @property
    def headers(self) -> Any:
        """Those of all requests; kopf adds its name."""
        return self._session.headers

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._session.closed

    async def close(self) -> None:
        """Left to whoever made the session: kopf closes it while its watches still go on, and they
        wait for another one for ever (tried)."""

    async def request(
        self, method: str, url: str, **options: Any
    ) -> aiohttp.ClientResponse | Answer:
        """As kopf calls a session's own; errors are its own, too."""
        asked = URL(url)
        # The server may be behind a path of its own.
        path = next((each for each in self._lists if asked.path.endswith(each)), None)
        if path is None or method.upper() != "GET" or "watch" in asked.query:
            return await self._session.request(method=method, url=url, **options)
        return await self._list(path, asked, options)

    async def _list(
        self, path: str, asked: URL, options: dict[str, Any]
    ) -> aiohttp.ClientResponse | Answer:
        kind, namespace = self._lists[path]
        uids: set[str] = set()
        more = ""
        while True:
            query = {"limit": str(PAGE), **({"continue": more} if more else {})}
            url = str(asked.update_query(query))
            response = await self._session.request(method="GET", url=url, **options)
            if response.status == _GONE and more:
                # It took longer than the server remembers: what was read stays true, but the rest
                # would be of another time.
                response.release()
                uids, more = set(), ""
                continue
            if response.status != 200:
                return response
            page = msgspec.json.decode(await response.read(), type=_Page)
            objects = [_kept(kind, raw) for raw in page.items or ()]
            uids.update(each.uid for each in objects)
            self._feed.page(objects)
            more = page.metadata.more
            if not more:
                break
        version = page.metadata.version
        at = version_of({"resourceVersion": version})
        self._feed.whole(kind.kind, namespace, frozenset(uids), at)
        self._missing.discard(path)
        if not self._missing and not self._complete:
            self._complete = True
            self._feed.complete()
        return Answer(version)


def _kept(kind: Kind, raw: msgspec.Raw) -> Kept:
    found: dict[str, Any] = msgspec.json.decode(raw)
    # Items of a list do without.
    found.setdefault("kind", kind.kind)
    found.setdefault("apiVersion", kind.group_version)
    return Kept(kind.kind, found)
