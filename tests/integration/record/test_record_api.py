"""Requests to an API server, against one that answers what a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from http_on_loopback import free_port, in_a_loop, serving
from kubernetes.aio.client.configuration import Configuration
from made_kubeconfig import kubeconfig

from ringrun.record.api import WATCH_SECONDS, Api, ApiError, Refused

PATH = "/api/v1/namespaces/lab/configmaps"
OBJECT = {"metadata": {"name": "a", "resourceVersion": "7"}, "data": {"key": "värde"}}
LARGE = {"metadata": {"name": "a", "resourceVersion": "7"}, "data": {"key": "x" * 900 * 1024}}


class Stream(web.StreamResponse):
    """An answer that comes in pieces; a number among them is a pause of so many seconds, and at
    None the connection breaks."""

    def __init__(self, *pieces: bytes | float | None, length: int | None = None) -> None:
        super().__init__()
        self.content_length = length
        self._pieces = pieces

    async def play(self, request: web.Request) -> None:
        """Send it."""
        for piece in self._pieces:
            if isinstance(piece, float):
                await asyncio.sleep(piece)
                continue
            await self.prepare(request)
            if piece is not None:
                await self.write(piece)
            elif request.transport is not None:
                request.transport.abort()
        await self.prepare(request)


class Server:
    """Gives one answer after the other, and keeps what it was asked."""

    def __init__(self, *answers: web.Response | Stream) -> None:
        self.asked: list[web.Request] = []
        self.bodies: list[str] = []
        self._answers = list(answers)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.text())
        answer = self._answers.pop(0)
        if isinstance(answer, Stream):
            await answer.play(request)
        return answer


def event(kind: str, **object_: Any) -> bytes:
    return json.dumps({"type": kind, "object": object_}).encode() + b"\n"


def listed(*items: dict[str, Any], version: str = "40") -> web.Response:
    return web.json_response({"metadata": {"resourceVersion": version}, "items": list(items)})


@asynccontextmanager
async def api_of(server: Server, patience: float = 10.0) -> AsyncIterator[Api]:
    async with serving(server.answer) as url, Api(Configuration(host=url), patience) as api:
        yield api


async def watch(api: Api, bring: Callable[[dict[str, Any]], None]) -> None:
    """Follow it to its end, however it ends."""
    async for each in api.watch(PATH, "a"):
        bring(each)


async def watched(api: Api) -> list[dict[str, Any]]:
    """All that a watch brings until it ends."""
    found: list[dict[str, Any]] = []
    await watch(api, found.append)
    return found


# One request


@in_a_loop
async def test_an_object_is_read_as_it_is() -> None:
    """Raw: no field of it is dropped or renamed."""
    server = Server(web.json_response(OBJECT))
    async with api_of(server) as api:
        assert await api.get(f"{PATH}/a") == OBJECT
    [asked] = server.asked
    assert (asked.method, asked.path, asked.query_string) == ("GET", f"{PATH}/a", "")
    assert asked.headers["Accept"] == "application/json"


@in_a_loop
async def test_an_object_is_put_as_it_is_and_read_as_it_then_is() -> None:
    """The version that it replaces goes with it."""
    newer = {**OBJECT, "metadata": {"name": "a", "resourceVersion": "8"}}
    server = Server(web.json_response(newer))
    async with api_of(server) as api:
        assert await api.put(f"{PATH}/a", OBJECT) == newer
    assert server.asked[0].method == "PUT"
    assert server.asked[0].content_type == "application/json"
    assert json.loads(server.bodies[0]) == OBJECT


@in_a_loop
async def test_a_write_that_compares_nothing_is_not_sent() -> None:
    """That is a fault of ours, and would undo the fencing."""
    server = Server()
    async with api_of(server) as api:
        with pytest.raises(AssertionError, match="compares nothing"):
            await api.put(f"{PATH}/a", {"metadata": {"name": "a"}})
    assert server.asked == []


@in_a_loop
async def test_a_document_of_another_type_says_so() -> None:
    """Server-side apply is told from other patches by it alone."""
    server = Server(web.json_response(OBJECT))
    async with api_of(server) as api:
        await api.call(
            "PATCH",
            f"{PATH}/a",
            OBJECT,
            query=[("fieldManager", "me & you"), ("force", "true")],
            content_type="application/apply-patch+yaml",
        )
    assert server.asked[0].content_type == "application/apply-patch+yaml"
    assert dict(server.asked[0].query) == {"fieldManager": "me & you", "force": "true"}
    assert yaml.safe_load(server.bodies[0]) == OBJECT


@in_a_loop
async def test_an_answer_without_a_body_is_an_empty_object() -> None:
    """Nothing is made up in its place."""
    async with api_of(Server(web.Response(status=204))) as api:
        assert await api.call("DELETE", f"{PATH}/a", {}) == {}


@in_a_loop
async def test_a_large_object_passes_both_ways() -> None:
    """900 KiB, near the most that etcd keeps."""
    server = Server(web.json_response(LARGE), web.json_response(LARGE))
    async with api_of(server) as api:
        assert await api.get(f"{PATH}/a") == LARGE
        assert await api.put(f"{PATH}/a", LARGE) == LARGE
    assert json.loads(server.bodies[1]) == LARGE


# Refusals


@pytest.mark.parametrize(
    ("status", "conflict", "gone"),
    [(403, False, False), (404, False, True), (409, True, False), (500, False, False)],
)
def test_a_refusal_is_in_the_servers_words(status: int, conflict: bool, gone: bool) -> None:
    """With its status, by which one tells what to do."""

    @in_a_loop
    async def scenario() -> None:
        words = {"kind": "Status", "code": status, "message": "no, and no again"}
        async with api_of(Server(web.json_response(words, status=status))) as api:
            with pytest.raises(Refused, match=r"^no, and no again$") as caught:
                await api.put(f"{PATH}/a", OBJECT)
        assert caught.value.status == status
        assert (caught.value.is_conflict, caught.value.is_gone) == (conflict, gone)

    scenario()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("404 page not found\n", "404 page not found"),
        ("", "Not Found"),
        ('{"kind":"Status"}', "Not Found"),
        ("[]", "Not Found"),
        ('"no"', "no"),
        ("<html>\n <b>no</b>\n</html>", "<html> <b>no</b> </html>"),
        ("null", "Not Found"),
        ("y" * 1000, "y" * 200),
    ],
)
def test_a_refusal_may_be_anything(text: str, words: str) -> None:
    """An API server without the CRD answers in plain text, and a proxy as it likes."""

    @in_a_loop
    async def scenario() -> None:
        async with api_of(Server(web.Response(status=404, text=text))) as api:
            with pytest.raises(Refused) as caught:
                await api.get(f"{PATH}/a")
        assert caught.value.is_gone
        assert str(caught.value) == words

    scenario()


@pytest.mark.parametrize("text", ["<html>", "[]", "null", '"ok"', '{"met'])
def test_an_answer_that_is_no_object_is_none(text: str) -> None:
    """Somebody else answers for the API server: it is out of reach."""

    @in_a_loop
    async def scenario() -> None:
        server = Server(web.Response(text=text), web.Response(text=text))
        async with api_of(server) as api:
            with pytest.raises(ApiError) as caught:
                await api.get(f"{PATH}/a")
            assert not isinstance(caught.value, Refused)
            with pytest.raises(ApiError):
                await watched(api)

    scenario()


# Out of reach


def is_one_line(error: ApiError, path: str) -> bool:
    """Words for a log: what was asked, and what came of it."""
    asked, _, words = str(error).partition(": ")
    return asked == f"GET {path}" and bool(words) and len(str(error).splitlines()) == 1


@in_a_loop
async def test_a_refused_connection_is_told_in_one_line() -> None:
    """Nobody listens there."""
    async with Api(Configuration(host=f"http://127.0.0.1:{free_port()}")) as api:
        with pytest.raises(ApiError) as caught:
            await api.get(f"{PATH}/a")
    assert not isinstance(caught.value, Refused)
    assert is_one_line(caught.value, f"{PATH}/a")


@pytest.mark.parametrize("pieces", [(60.0,), (b'{"met', 60.0)], ids=["none", "half"])
def test_an_answer_that_does_not_come_in_time_is_not_waited_for(
    pieces: tuple[bytes | float, ...],
) -> None:
    """Nor its rest, once it has begun; and the next request is none the worse for it."""

    @in_a_loop
    async def scenario() -> None:
        async with api_of(Server(Stream(*pieces), web.json_response(OBJECT))) as api:
            with pytest.raises(ApiError) as caught:
                await api.get(f"{PATH}/a", within=0.2)
            assert is_one_line(caught.value, f"{PATH}/a")
            assert await api.get(f"{PATH}/a") == OBJECT

    scenario()


@in_a_loop
async def test_how_long_requests_may_take_is_given_once_for_all() -> None:
    """A master waits for none longer than it has time before it must stop."""
    async with api_of(Server(Stream(b"{", 60.0)), patience=0.2) as api:
        with pytest.raises(ApiError):
            await api.get(f"{PATH}/a")


@in_a_loop
async def test_an_answer_that_breaks_off_is_none() -> None:
    """Half of an object is not one."""
    async with api_of(Server(Stream(b'{"metadata"', None, length=100))) as api:
        with pytest.raises(ApiError) as caught:
            await api.get(f"{PATH}/a")
    assert is_one_line(caught.value, f"{PATH}/a")


# Who asks


@in_a_loop
async def test_the_token_of_a_kubeconfig_goes_with_every_request(tmp_path: Path) -> None:
    """With single ones, with a watch's two, and with those of a session of a watcher's own."""
    server = Server(web.json_response(OBJECT), listed(), Stream(), web.json_response(OBJECT))
    async with serving(server.answer) as url:
        file = kubeconfig(tmp_path, url, token="abc")
        async with await Api.connect(file) as api:
            assert api.server == url
            await api.get(f"{PATH}/a")
            await watched(api)
            session = await api.session(aiohttp.TraceConfig())
            async with session, session.get(f"{url}{PATH}/a") as answer:
                assert await answer.json() == OBJECT
    assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer abc"] * 4


@in_a_loop
async def test_without_a_token_nothing_is_claimed(tmp_path: Path) -> None:
    """The context chooses among a file's users."""
    server = Server(web.json_response(OBJECT), web.json_response(OBJECT))
    async with serving(server.answer) as url:
        file = kubeconfig(tmp_path, url, token="abc")
        async with await Api.connect(file, "other") as api:
            await api.get(f"{PATH}/a")
            session = await api.session(aiohttp.TraceConfig())
            async with session, session.get(f"{url}{PATH}/a"):
                pass
    assert all("Authorization" not in asked.headers for asked in server.asked)


# Watching


@in_a_loop
async def test_a_watch_brings_what_is_there_and_then_each_change() -> None:
    """What was deleted is not brought, nor a bookmark; the server's end of it is no error."""
    server = Server(
        listed({"n": 0}),
        Stream(
            event("ADDED", n=1),
            event("MODIFIED", n=2),
            event("DELETED", n=3),
            event("BOOKMARK", n=4),
            event("MODIFIED", n=5),
        ),
    )
    async with api_of(server) as api:
        assert await watched(api) == [{"n": number} for number in (0, 1, 2, 5)]


@in_a_loop
async def test_a_watch_goes_on_where_the_list_ended_and_asks_for_one_name() -> None:
    """No change falls between the two; and a server that lives ends it in time."""
    server = Server(listed(version="41"), Stream())
    async with api_of(server) as api:
        assert await watched(api) == []
    first, second = (dict(asked.query) for asked in server.asked)
    assert first == {"fieldSelector": "metadata.name=a"}
    assert second == {
        "fieldSelector": "metadata.name=a",
        "watch": "1",
        "timeoutSeconds": str(WATCH_SECONDS),
        "resourceVersion": "41",
    }


@in_a_loop
async def test_changes_are_brought_as_they_come() -> None:
    """In whatever pieces, and without waiting for the end of the watch."""
    both = event("MODIFIED", n=1) + event("MODIFIED", n=2)
    server = Server(listed(), Stream(both[:20], both[20:], 60.0))
    async with api_of(server) as api:
        following = api.watch(PATH, "a")
        assert [await anext(following), await anext(following)] == [{"n": 1}, {"n": 2}]


@in_a_loop
async def test_a_large_object_passes_a_watch() -> None:
    """As one line, which is longer than what is read at a time."""
    server = Server(listed(LARGE), Stream(event("MODIFIED", **LARGE)))
    async with api_of(server) as api:
        assert await watched(api) == [LARGE, LARGE]


@in_a_loop
async def test_a_version_that_is_too_old_ends_a_watch_without_a_word() -> None:
    """As after a restart of the server: to list again mends it."""
    server = Server(
        listed(), Stream(event("MODIFIED", n=1), event("ERROR", code=410), event("ADDED", n=2))
    )
    async with api_of(server) as api:
        assert await watched(api) == [{"n": 1}]


@pytest.mark.parametrize("code", [403, 500])
def test_another_error_ends_a_watch_as_a_refusal(code: int) -> None:
    """With its code; what came before it was brought."""

    @in_a_loop
    async def scenario() -> None:
        found: list[dict[str, Any]] = []
        server = Server(listed({"n": 0}), Stream(event("ERROR", code=code)))
        async with api_of(server) as api:
            with pytest.raises(Refused) as caught:
                await watch(api, found.append)
        assert caught.value.status == code
        assert found == [{"n": 0}]

    scenario()


@pytest.mark.parametrize("when", ["listing", "watching"])
def test_a_watch_that_may_not_begin_is_refused(when: str) -> None:
    """Be it the list or the watch that the rights do not reach to."""

    @in_a_loop
    async def scenario() -> None:
        no = web.json_response({"message": "forbidden"}, status=403)
        server = Server(*([no] if when == "listing" else [listed(), no]))
        async with api_of(server) as api:
            with pytest.raises(Refused) as caught:
                await watched(api)
        assert caught.value.status == 403

    scenario()


@in_a_loop
async def test_an_object_that_is_no_list_is_not_watched() -> None:
    """Of it one cannot go on."""
    async with api_of(Server(web.json_response({"status": "ok"}))) as api:
        with pytest.raises(ApiError, match="is no list"):
            await watched(api)


@pytest.mark.parametrize(
    "line",
    [
        b"<html>\n",
        b'{"type":"MODI\n',
        b"{}\n",
        b"[]\n",
        b"null\n",
        b'{"type":"MODIFIED"}\n',
        b'{"type":"ERROR","object":null}\n',
        b'{"type":"MODIFIED","object":{"n":2}',
    ],
)
def test_a_line_that_is_no_event_breaks_the_watch(line: bytes) -> None:
    """It is begun again; an error of any other kind would end its master."""

    @in_a_loop
    async def scenario() -> None:
        server = Server(listed(), Stream(event("MODIFIED", n=1), line))
        async with api_of(server) as api:
            with pytest.raises(ApiError, match="the watch broke: ") as caught:
                await watched(api)
        assert not isinstance(caught.value, Refused)
        assert len(str(caught.value).splitlines()) == 1

    scenario()


@in_a_loop
async def test_a_connection_that_breaks_breaks_the_watch() -> None:
    """What came whole before was brought."""
    found: list[dict[str, Any]] = []
    async with api_of(Server(listed({"n": 0}), Stream(event("MODIFIED", n=1), 0.1, None))) as api:
        with pytest.raises(ApiError, match="the watch broke: "):
            await watch(api, found.append)
    assert found == [{"n": 0}, {"n": 1}]


@in_a_loop
async def test_a_watch_that_is_silent_for_too_long_breaks() -> None:
    """A server that was frozen never closes it; one that lives ends it in time."""
    found: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringrun.record.api.SILENCE_SECONDS", 0.2)
        async with api_of(Server(listed(), Stream(event("MODIFIED", n=1), 60.0))) as api:
            with pytest.raises(ApiError, match="the watch broke: "):
                await watch(api, found.append)
    assert found == [{"n": 1}]
