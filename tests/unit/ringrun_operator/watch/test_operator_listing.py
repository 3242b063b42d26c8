"""Lists that are taken for kopf, page by page (listing)."""

import asyncio
import json
from typing import Any

from yarl import URL

from ringrun_operator.kinds import WATCHED
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.listing import PAGE, Answer, Listing

SERVER = "https://server:6443/behind/a/path"
PODS = "/api/v1/pods"


class Response:
    """What the API server answers."""

    def __init__(self, document: dict[str, Any], status: int = 200) -> None:
        self.document = document
        self.status = status
        self.released = False

    async def read(self) -> bytes:
        return json.dumps(self.document).encode()

    def release(self) -> None:
        self.released = True


class Session:
    """An aiohttp session that gives these answers, one after the other."""

    closed = False

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.headers: dict[str, str] = {}

    async def request(self, method: str, url: str, **options: Any) -> Response:
        self.asked.append((method, url, options))
        return self.answers.pop(0)

    async def close(self) -> None:
        self.closed = True


def page(*names: str, more: str = "", version: str = "40") -> Response:
    metadata = {"resourceVersion": version, **({"continue": more} if more else {})}
    items = [{"metadata": {"name": name, "uid": f"u-{name}"}} for name in names]
    return Response({"kind": "PodList", "metadata": metadata, "items": items})


class Told:
    """What the feed was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.feed = Feed(
            page=lambda objects: self.told.extend((each.kind, each.name) for each in objects),
            changed=lambda *_: None,
            whole=lambda *told: self.told.append(told),
            complete=lambda: self.told.append(()),
        )


def ask(session: Session, *urls: str, namespaces: tuple[str, ...] = ()) -> tuple[Told, list[Any]]:
    told = Told()
    any_session: Any = session
    listing = Listing(any_session, WATCHED, namespaces, told.feed)

    async def scenario() -> list[Any]:
        return [
            await listing.request(method="get", url=url, json=None, headers=None) for url in urls
        ]

    return told, asyncio.run(scenario())


def queries(session: Session) -> list[dict[str, str]]:
    return [dict(URL(url).query) for _, url, _ in session.asked]


def test_a_list_is_read_page_by_page_and_kopf_gets_none_of_it() -> None:
    """But its version, from which on it watches; what it asked for besides is asked for."""
    session = Session(page("a", "b", more="next"), page("c"))
    told, [answer] = ask(session, f"{SERVER}{PODS}?labelSelector=a%3Db")
    assert queries(session) == [
        {"labelSelector": "a=b", "limit": str(PAGE)},
        {"labelSelector": "a=b", "limit": str(PAGE), "continue": "next"},
    ]
    assert told.told == [
        ("Pod", "a"),
        ("Pod", "b"),
        ("Pod", "c"),
        ("Pod", "", frozenset({"u-a", "u-b", "u-c"}), 40),
    ]
    assert isinstance(answer, Answer)

    async def as_kopf_reads_it() -> Any:
        assert answer.status == 200
        async with answer:
            return await answer.json()

    assert asyncio.run(as_kopf_reads_it()) == {"metadata": {"resourceVersion": "40"}, "items": []}


def test_items_bear_their_kind() -> None:
    """In a list of Kubernetes' own kinds they do without."""
    pages: list[Any] = []
    any_session: Any = Session(page("a"))
    feed = Feed(page=pages.append, changed=lambda *_: None)
    asyncio.run(Listing(any_session, WATCHED, (), feed).request("GET", f"{SERVER}{PODS}"))
    found = pages[0][0].found
    assert (found["apiVersion"], found["kind"]) == ("v1", "Pod")


def test_a_list_that_expires_half_way_begins_anew() -> None:
    """What was read until then is told again, and only what is there now is whole."""
    expired = Response({"kind": "Status", "code": 410}, status=410)
    session = Session(page("a", more="x"), expired, page("b", version="50"))
    told, _ = ask(session, f"{SERVER}{PODS}")
    assert [each.get("continue") for each in queries(session)] == [None, "x", None]
    assert told.told == [("Pod", "a"), ("Pod", "b"), ("Pod", "", frozenset({"u-b"}), 50)]
    assert expired.released


def test_a_refusal_is_kopfs_to_understand() -> None:
    """It knows which of them pass; a first page that is gone is no list that expired."""
    for refusal in (Response({}, status=403), Response({}, status=410), Response({}, status=500)):
        told, [answer] = ask(Session(refusal), f"{SERVER}{PODS}")
        assert answer is refusal
        assert told.told == []


def test_a_refusal_of_a_later_page_is_too() -> None:
    """The list is not whole then."""
    refusal = Response({}, status=429)
    told, [answer] = ask(Session(page("a", more="x"), refusal), f"{SERVER}{PODS}")
    assert answer is refusal
    assert told.told == [("Pod", "a")]


def test_watches_and_all_else_are_passed_on() -> None:
    """As they came, options and all."""
    urls = [f"{SERVER}{PODS}?watch=true&resourceVersion=40", f"{SERVER}/api", f"{SERVER}/api/v1"]
    answers = [Response({}) for _ in urls]
    session = Session(*answers)
    told, found = ask(session, *urls)
    assert found == answers
    assert session.asked == [("get", url, {"json": None, "headers": None}) for url in urls]
    assert told.told == []


def test_that_everything_is_listed_is_told_once() -> None:
    """When each kind was, in each namespace; later lists are of what was missed."""
    paths = [
        f"{SERVER}/apis/{each.group_version}/namespaces/{namespace}/{each.plural}".replace(
            "apis/v1", "api/v1"
        )
        for each in WATCHED
        for namespace in ("lab", "other")
    ]
    session = Session(*(page() for _ in range(len(paths) + 1)))
    told, _ = ask(session, paths[-1], *paths, namespaces=("lab", "other"))
    wholes = [(each.kind, namespace) for each in WATCHED for namespace in ("lab", "other")]
    assert [each[:2] for each in told.told] == [wholes[-1], *wholes[:-1], (), wholes[-1]]


def test_what_else_kopf_wants_of_a_session_is_the_sessions() -> None:
    """Its headers, and its end."""
    session = Session()
    any_session: Any = session
    listing = Listing(any_session, WATCHED, (), Told().feed)
    assert listing.headers is session.headers
    assert not listing.closed
    asyncio.run(listing.close())
    assert not listing.closed
