"""kopf's watches as the operator runs them, against an API server on loopback."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from api_over_http import HttpApi, cluster_of
from http_on_loopback import free_port, in_a_loop, until
from made_kubeconfig import kubeconfig

from ringrun_operator import health, kinds, names
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.desk import Desk
from ringrun_operator.watch import listing, registry
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.kept import Kept
from ringrun_operator.watch.watching import Watching

OURS = {"app.kubernetes.io/managed-by": "ringrun-operator", "ringrun.dev/run": "demo"}
PLURALS = ["ringruns", "pods", "configmaps", "leases"]


class Watched:
    """Watches from their start to their stop, and all that they tell. `clock` stands still."""

    def __init__(self, cluster: Cluster, *namespaces: str) -> None:
        self.told: list[tuple[str, ...]] = []
        self.ended: list[BaseException | None] = []
        self.clock = 100.0
        self.wholes: list[tuple[str, str, frozenset[str], int]] = []
        feed = Feed(
            page=self._listed,
            changed=self._changed,
            whole=lambda *told: self.wholes.append(told),
            complete=lambda: self.told.append(("complete",)),
        )
        self.watching = Watching(cluster, namespaces, feed, self.ended.append, lambda: self.clock)

    def _listed(self, objects: Sequence[Kept]) -> None:
        self.told.extend(("listed", each.kind, each.name) for each in objects)

    def _changed(self, kind: str, found: dict[str, Any], deleted: bool) -> None:
        self.told.append(("deleted" if deleted else "changed", kind, found["metadata"]["name"]))


@asynccontextmanager
async def watches(
    api: HttpApi, *namespaces: str, token: str = "", ready: bool = True
) -> AsyncIterator[Watched]:
    async with cluster_of(api, token) as cluster:
        watched = Watched(cluster, *namespaces)
        watched.watching.start()
        try:
            if ready:
                await until(lambda: watched.watching.ready)
            yield watched
        finally:
            await asyncio.to_thread(watched.watching.stop)
            # What kopf's tasks failed with is logged when they go: here rather than at the end.
            watched.ended.clear()
            gc.collect()


def put(
    api: HttpApi, plural: str, name: str, namespace: str = "lab", *, ours: bool = True
) -> dict[str, Any]:
    """An object is made or changed; whether it is ours is known by its labels."""
    metadata = {"name": name, "namespace": namespace, "labels": OURS if ours else {}}
    return api.put(plural, {"metadata": metadata})


def asked_to_watch(api: HttpApi) -> list[dict[str, str]]:
    return [each.query for each in api.requests if "watch" in each.query]


# What is handed on


@in_a_loop
async def test_everything_that_is_there_is_listed_before_the_first_change() -> None:
    """Of all kinds, or a run would be looked at before its Lease is known, and taken for lost."""
    api = HttpApi()
    for plural in PLURALS:
        for number in range(20):
            put(api, plural, f"o{number}")
    api.silent_lists = {"leases"}
    async with watches(api, ready=False) as watched:
        await until(lambda: len(watched.told) == 60)
        await until(lambda: api.watched() == 3)
        # A change of what is listed already waits for what is not.
        put(api, "pods", "new")
        await asyncio.sleep(0)
        api.answer_lists()
        await until(lambda: len(watched.told) == 82)
    told = [each[0] for each in watched.told]
    assert told == ["listed"] * 80 + ["complete", "changed"]
    assert {each[1] for each in watched.told[:80]} == {"RingRun", "Pod", "ConfigMap", "Lease"}


@pytest.mark.parametrize(("plural", "kind"), [(each[2], each[3]) for each in kinds.WATCHED])
def test_each_change_of_an_object_is_handed_on(plural: str, kind: str) -> None:
    """That it was made, that it changed, and that it is gone."""

    @in_a_loop
    async def scenario() -> None:
        api = HttpApi()
        async with watches(api) as watched:
            for told in (2, 3):
                put(api, plural, "a")
                await until(lambda told=told: len(watched.told) == told)  # type: ignore[misc]
            api.delete(plural, "lab", "a")
            await until(lambda: len(watched.told) == 4)
        changes = ["changed", "changed", "deleted"]
        assert watched.told == [("complete",), *((change, kind, "a") for change in changes)]

    scenario()


@in_a_loop
async def test_only_objects_of_our_own_are_asked_for() -> None:
    """RingRuns are the users', so all of those; and nothing is written to any object."""
    api = HttpApi()
    for plural in PLURALS:
        put(api, plural, "mine")
        put(api, plural, "theirs", ours=False)
    async with watches(api) as watched:
        await until(lambda: len(watched.told) == 6)
        put(api, "pods", "later", ours=False)
        put(api, "pods", "last")
        await until(lambda: len(watched.told) == 7)
    assert {each[1:] for each in watched.told if each[1:]} == {
        ("RingRun", "mine"),
        ("RingRun", "theirs"),
        ("Pod", "mine"),
        ("Pod", "last"),
        ("ConfigMap", "mine"),
        ("Lease", "mine"),
    }
    assert {asked.method for asked in api.requests} == {"GET"}


@in_a_loop
async def test_namespaces_that_are_given_are_the_only_ones() -> None:
    """Each has watches of its own, so rights in them are enough."""
    api = HttpApi()
    for namespace in ("lab", "other", "third"):
        put(api, "ringruns", f"in-{namespace}", namespace)
    async with watches(api, "lab", "third") as watched:
        await until(lambda: len(watched.told) == 3)
        assert api.watched() == 2 * len(PLURALS)
    assert {each[2] for each in watched.told if each[2:]} == {"in-lab", "in-third"}
    wholes = {each[:2] for each in watched.wholes}
    assert wholes == {(each[3], name) for each in kinds.WATCHED for name in ("lab", "third")}
    assert {asked.namespace for asked in api.requests if asked.plural} == {"lab", "third"}


@in_a_loop
async def test_a_watch_goes_on_after_the_server_ended_it() -> None:
    """From where it was: what is not changed is not told again."""
    api = HttpApi()
    put(api, "pods", "a")
    async with watches(api) as watched:
        for name in ("b", "c"):
            api.end_watches()
            put(api, "pods", name)
            await until(lambda name=name: ("changed", "Pod", name) in watched.told)  # type: ignore[misc]
    assert [each[2] for each in watched.told if each[0] == "changed"] == ["b", "c"]


@in_a_loop
async def test_a_version_that_is_too_old_is_made_good_by_a_new_list() -> None:
    """As after a restart of the server: it ends no watch."""
    api = HttpApi()
    put(api, "pods", "a")
    async with watches(api) as watched:
        lists = len(api.asked("GET", "pods"))
        api.break_watches(410)
        await until(lambda: len(api.asked("GET", "pods")) == lists + 1)
        await until(lambda: api.watched("pods") == 1)
        put(api, "pods", "b")
        await until(lambda: ("changed", "Pod", "b") in watched.told)
        assert watched.ended == []


@in_a_loop
async def test_what_was_deleted_while_nobody_watched_is_missing_from_the_next_whole_list() -> None:
    """No watch tells of it any more; a list names all that is there, and its version."""
    api = HttpApi()
    kept = put(api, "pods", "kept")
    gone = put(api, "pods", "gone")
    async with watches(api) as watched:
        uids = frozenset(each["metadata"]["uid"] for each in (kept, gone))
        assert ("Pod", "", uids, 102) in watched.wholes
        api.delete("pods", "lab", "gone", silently=True)
        api.break_watches(410)
        await until(lambda: len(watched.wholes) == 8)
        assert ("Pod", "", uids - {gone["metadata"]["uid"]}, 103) in watched.wholes
        assert watched.told.count(("complete",)) == 1


@in_a_loop
async def test_lists_are_asked_for_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many objects there are: an answer has so many, and the next goes on from there."""
    monkeypatch.setattr(listing, "PAGE", 3)
    api = HttpApi()
    for number in range(7):
        put(api, "pods", f"o{number}")
    async with watches(api) as watched:
        listed = [each for each in watched.told if each[0] == "listed"]
        assert listed == [("listed", "Pod", f"o{number}") for number in range(7)]
        asked = [each.query for each in api.asked("GET", "pods")]
        assert [each["limit"] for each in asked] == ["3"] * 3
        assert [each.get("continue", "")[:1] for each in asked] == ["", "3", "6"]
        assert {each["labelSelector"] for each in asked} == {names.SELECTOR}
        assert [len(each[2]) for each in watched.wholes if each[0] == "Pod"] == [7]
        put(api, "pods", "later")
        await until(lambda: ("changed", "Pod", "later") in watched.told)


@in_a_loop
async def test_a_list_that_expires_half_way_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of it would be of another time than what was read."""
    monkeypatch.setattr(listing, "PAGE", 3)
    api = HttpApi()
    api.forgets_pages = 1
    for number in range(4):
        put(api, "pods", f"o{number}")
    async with watches(api) as watched:
        asked = [each.query for each in api.asked("GET", "pods")]
        assert [each.get("continue", "")[:1] for each in asked] == ["", "3", "", "3"]
        assert [len(each[2]) for each in watched.wholes if each[0] == "Pod"] == [4]
        assert watched.ended == []


@in_a_loop
async def test_an_error_in_a_watch_ends_them_all_and_is_told() -> None:
    """Whoever began them begins anew."""
    api = HttpApi()
    async with watches(api) as watched:
        api.break_watches(500)
        await until(lambda: watched.ended)
        assert isinstance(watched.ended[0], Exception)
        await until(lambda: api.watched() == 0)


@in_a_loop
async def test_watches_that_are_stopped_end_without_an_error() -> None:
    """On the server too, and nothing is told any more."""
    api = HttpApi()
    async with watches(api) as watched:
        await asyncio.to_thread(watched.watching.stop)
        assert watched.ended == [None]
        await until(lambda: api.watched() == 0)
        put(api, "pods", "a")
    assert watched.told == [("complete",)]


@in_a_loop
async def test_watches_show_the_same_token_as_other_requests() -> None:
    """kopf has a session of its own, with our credentials."""
    api = HttpApi()
    async with watches(api, token="abc"):
        pass
    assert {asked.token for asked in api.requests} == {"Bearer abc"}


# How it is


@in_a_loop
async def test_it_is_ready_when_every_watch_was_answered() -> None:
    """Until then it has been silent since it began, whatever answers there were."""
    api = HttpApi()
    api.silent = {"leases"}
    async with watches(api, ready=False) as watched:
        watching = watched.watching
        await until(lambda: api.watched() == len(PLURALS) - 1)
        watched.clock += 5.0
        api.end_watches()
        await until(lambda: len(asked_to_watch(api)) == 7)
        await until(lambda: api.watched() == len(PLURALS) - 1)
        assert not watching.ready
        assert watching.fault == "not watched yet: leases"
        assert watching.silence == 5.0
    api.silent = set()
    async with watches(api) as watched:
        assert watched.watching.ready
        assert watched.watching.silence == 0.0


@in_a_loop
async def test_a_watch_that_is_refused_is_named_and_kopf_is_not_silent() -> None:
    """What is refused is answered: kopf lives, and begun anew it would be refused again."""
    api = HttpApi()
    api.denied = {("list", "leases")}
    async with watches(api, ready=False) as watched:
        await until(lambda: api.watched() == len(PLURALS) - 1)
        await until(lambda: watched.watching.fault == "watching is refused: leases (403)")
        watched.clock += 60.0
        api.end_watches()
        await until(lambda: watched.watching.silence == 0.0)
        api.denied = set()
        await until(lambda: watched.watching.ready)
        api.denied = {("watch", "pods")}
        api.end_watches()
        await until(lambda: watched.watching.fault == "watching is refused: pods (403)")


@in_a_loop
async def test_kopf_is_not_silent_while_it_tries_in_vain() -> None:
    """An API server that is away makes nobody ill."""
    api = HttpApi()
    async with watches(api) as watched:
        api.away = True
        watched.clock += 60.0
        api.end_watches()
        await until(lambda: watched.watching.silence == 0.0)
        assert watched.ended == []


@in_a_loop
async def test_pages_of_a_list_are_answers_too() -> None:
    """A list of many thousands of objects may take longer than a watch may be silent."""
    api = HttpApi()
    api.silent = api.silent_lists = {"leases"}
    async with watches(api, ready=False) as watched:
        watching = watched.watching
        await until(lambda: api.watched() == len(PLURALS) - 1)
        watched.clock += 5.0
        assert watching.silence == 5.0
        api.answer_lists()
        await until(lambda: watching.silence == 0.0)
        assert not watching.ready
    api = HttpApi()
    async with watches(api) as watched:
        watched.clock += 5.0
        api.end_watches("pods")
        api.end_watches("configmaps")
        api.end_watches("ringruns")
        api.silent = {"leases"}
        lists = len(api.asked("GET", "leases"))
        api.break_watches(410)
        await until(lambda: len(api.asked("GET", "leases")) == lists + 1)
        await until(lambda: watched.watching.silence == 0.0)


@in_a_loop
async def test_it_is_as_silent_as_its_most_silent_watch() -> None:
    """One that is deaf is enough to make it ill."""
    api = HttpApi()
    async with watches(api) as watched:
        watching = watched.watching
        watched.clock += 7.0
        assert watching.silence == 7.0
        for plural in PLURALS[1:]:
            api.end_watches(plural)
        api.silent = {"ringruns"}
        await until(lambda: len(asked_to_watch(api)) == 7)
        await until(lambda: api.watched() == len(PLURALS))
        assert watching.silence == 7.0
        api.silent = set()
        api.end_watches("ringruns")
        await until(lambda: watching.silence == 0.0)


@in_a_loop
async def test_a_watch_is_asked_to_be_answered_often() -> None:
    """The server is to end it soon, so that one that lives says so."""
    api = HttpApi()
    async with watches(api):
        asked = asked_to_watch(api)
    assert [each["timeoutSeconds"] for each in asked] == [str(registry.SERVER_TIMEOUT)] * 4


# Health


@pytest.mark.parametrize("fault", ["", "no answer to a watch for 46 s"])
def test_health_is_told_by_status_and_words(fault: str) -> None:
    """200 and ok, or 503 and what is not."""

    @in_a_loop
    async def scenario() -> None:
        port = free_port()
        counted: list[str] = []
        no: Callable[[], str] = str
        runner = await health.serve(port, lambda: fault, no, lambda: counted.append("now"))
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                async with session.get("/healthz") as answer:
                    assert answer.status == (503 if fault else 200)
                    assert await answer.text() == (fault or "ok")
                async with session.get("/readyz") as answer:
                    assert (answer.status, await answer.text()) == (200, "ok")
                assert counted == []
                async with session.get("/metrics") as answer:
                    assert answer.headers["Content-Type"].startswith("text/plain; version=")
                    assert "# TYPE ringrun_reconcile_seconds histogram" in await answer.text()
                assert counted == ["now"]
                async with session.get("/other") as answer:
                    assert answer.status == 404
        finally:
            await runner.cleanup()

    scenario()


# At a desk


@in_a_loop
async def test_at_a_desk_a_run_that_kopf_tells_of_is_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a controller in a thread of its own, on the cluster that the user's kubeconfig names."""
    api = HttpApi()
    found = api.put(
        "ringruns",
        {
            "apiVersion": "ringrun.dev/v1alpha1",
            "kind": "RingRun",
            "metadata": {"name": "demo", "namespace": "lab"},
            "spec": {"nodes": 2, "masters": 1},
        },
    )
    async with cluster_of(api) as cluster:
        monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path, cluster.server))
        monkeypatch.setenv("RINGRUN_IMAGE", "ringrun:desk")
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        desk = Desk()
        await asyncio.to_thread(desk.start)
        try:
            desk.listed("RingRun", found)
            desk.changed("RingRun", found, False)
            await until(lambda: api.asked("POST", "leases"))
            desk.changed("RingRun", api.put("ringruns", found), False)
            await until(lambda: len(api.asked("POST", "pods")) == 3)
        finally:
            await asyncio.to_thread(desk.stop)
    pod = api.objects["pods", "lab", "demo-s0-1"]
    assert pod["spec"]["containers"][0]["image"] == "ringrun:desk"
