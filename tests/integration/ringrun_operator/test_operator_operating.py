"""The operator as one process: when it leads, what it watches and does then, and how it says so."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from api_over_http import HttpApi, cluster_of
from http_on_loopback import LONGEST, free_port, in_a_loop, serving, until
from kubernetes.aio.client.configuration import Configuration

from ringrun.record.api import Api, ApiError, Refused
from ringrun_operator.act import rights
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.objects.settings import Defaults
from ringrun_operator.operating import Operator, Options
from ringrun_operator.show.events import Event, EventType

LEASE = ("leases", "ops", "ringrun-operator")
WATCHES = 4


@dataclass(kw_only=True)
class Process:
    """An operator that runs, and what it says over HTTP."""

    running: asyncio.Future[None]
    session: aiohttp.ClientSession
    server: str

    async def says(self, path: str) -> tuple[int, str]:
        async with self.session.get(path) as answer:
            return answer.status, await answer.text()

    async def metric(self, name: str) -> float | None:
        _, text = await self.says("/metrics")
        found = [line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(found[0]) if found else None

    async def until_says(self, path: str, status: int, text: str) -> None:
        async with asyncio.timeout(LONGEST):
            while await self.says(path) != (status, text):  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(0.01)

    async def until_begins(self, path: str, status: int, text: str) -> None:
        async with asyncio.timeout(LONGEST):
            while True:
                said, words = await self.says(path)
                if said == status and words.startswith(text):
                    return
                await asyncio.sleep(0.01)


@asynccontextmanager
async def operator(api: HttpApi, *, lease: str = LEASE[2]) -> AsyncIterator[Process]:
    """One from its start to its end."""
    port = free_port()
    options = Options(
        namespaces=(),
        defaults=Defaults(image="ringrun:1"),
        own_namespace=LEASE[1],
        lease=lease,
        name="me",
        port=port,
    )
    async with (
        cluster_of(api) as cluster,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        running = asyncio.ensure_future(Operator(cluster, options).run())
        process = Process(running=running, session=session, server=cluster.server)
        try:
            while not running.done():
                with suppress(aiohttp.ClientConnectionError):
                    await process.says("/healthz")
                    break
                await asyncio.sleep(0.01)
            yield process
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            # What kopf's tasks failed with is logged when they go: here rather than at the end.
            gc.collect()


def ring_run(name: str = "demo", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": {"name": name, "namespace": "lab", "generation": 1},
        "spec": {"nodes": 2, "masters": 1, **spec},
    }


def hold(api: HttpApi, holder: str) -> None:
    """Somebody takes, or renews, the operators' lease."""
    found = api.objects.get(LEASE) or {"metadata": {"name": LEASE[2], "namespace": LEASE[1]}}
    version = found["metadata"].get("resourceVersion", "0")
    spec = {**found.get("spec", {}), "holderIdentity": holder, "renewTime": version}
    api.put("leases", {**found, "spec": spec})


def waits_for(holder: str) -> str:
    return (
        "waits for the election: nobody was seen to renew the lease ringrun-operator, "
        f"held by {holder} (-n ops)"
    )


def cannot(things: str) -> str:
    return f"the operator may not {things} (in all namespaces): see deploy/rbac.yaml"


ANY_RIGHT = rights.Right("get", "", "pods", "")


def holder(api: HttpApi) -> str:
    found: str = api.objects[LEASE]["spec"]["holderIdentity"] if LEASE in api.objects else ""
    return found


def written(api: HttpApi) -> list[str]:
    """What was asked for beside reading and the lease."""
    return [
        each.plural
        for each in api.requests
        if each.method != "GET" and each.name != LEASE[2] and each.namespace != LEASE[1]
    ]


# Terms


@in_a_loop
async def test_an_operator_that_leads_carries_runs_out() -> None:
    """Everything of a run is made, its status is applied, and what happened is told."""
    api = HttpApi()
    api.put("ringruns", ring_run())
    async with operator(api) as process:
        await until(lambda: len(api.asked("POST", "events")) == 1)
        assert holder(api) == "me"
        assert await process.says("/readyz") == (200, "ok")
        assert await process.says("/healthz") == (200, "ok")
        assert await process.metric("ringrun_operator_active") == 1.0
        assert await process.metric('ringrun_runs{phase="START"}') == 1.0
    pods = sorted(name for plural, _, name in api.objects if plural == "pods")
    assert pods == ["demo-m0-1", "demo-s0-1", "demo-s1-1"]
    assert api.objects["ringruns", "lab", "demo"]["status"]["slaves"]["created"] == 2
    [event] = [found for (plural, _, _), found in api.objects.items() if plural == "events"]
    assert (event["reason"], event["type"]) == ("SlavesCreated", "Normal")
    assert (
        event["involvedObject"]["uid"] == api.objects["ringruns", "lab", "demo"]["metadata"]["uid"]
    )
    applied = api.asked("PATCH", "ringruns")
    assert {each.part for each in applied} == {"status"}
    assert {each.content_type for each in applied} == {"application/apply-patch+yaml"}
    assert applied[0].query == {"fieldManager": "ringrun-operator", "force": "true"}


@in_a_loop
async def test_a_standby_is_ready_while_it_sees_the_lease_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lease that somebody holds may be a dead one's. It watches nothing, until it leads."""
    monkeypatch.setattr("ringrun_operator.operating.PATIENCE", 0.0)
    monkeypatch.setattr("ringrun_operator.act.election.LOOK_EVERY", 0.1)
    monkeypatch.setattr("ringrun_operator.act.reach.EVERY", 0.1)
    api = HttpApi()
    api.put("ringruns", ring_run())
    hold(api, "other")
    async with operator(api) as process:
        await until(lambda: len(api.asked("GET", "leases")) == 2)
        await process.until_says("/readyz", 503, waits_for("other"))
        assert await process.says("/healthz") == (200, "ok")
        hold(api, "other")
        await process.until_says("/readyz", 200, "ok")
        assert await process.metric("ringrun_operator_active") == 0.0
        assert await process.metric('ringrun_runs{phase="none"}') is None
        assert {each.plural for each in api.requests} == {"leases"}
        api.denied = {("update", "leases")}
        # It could not win.
        await process.until_says("/readyz", 503, cannot("update leases.coordination.k8s.io"))
        api.denied = set()
        hold(api, "")
        await until(lambda: len(api.asked("POST", "pods")) == 3)
        await process.until_says("/readyz", 200, "ok")
        assert await process.metric("ringrun_operator_active") == 1.0


@in_a_loop
async def test_a_lease_that_is_refused_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it is answered with, where the rights themselves seem to be there."""
    api = HttpApi()
    monkeypatch.setattr("ringrun_operator.operating.needed", lambda *_, **__: [ANY_RIGHT])
    api.denied = {("get", "leases")}
    async with operator(api) as process:
        await process.until_says(
            "/readyz",
            503,
            'the operators\' lease is refused: leases is forbidden: User "me" cannot get it',
        )
        assert await process.says("/healthz") == (200, "ok")


@in_a_loop
async def test_a_term_ends_with_the_leadership() -> None:
    """Another leads: nothing is watched or written any more, until it is this one's turn again."""
    api = HttpApi()
    api.put("ringruns", ring_run("first", suspend=True))
    async with operator(api) as process:
        await until(lambda: api.asked("POST", "events"))
        assert await process.metric('ringrun_runs{phase="none"}') == 1.0
        hold(api, "other")
        await until(lambda: api.watched() == 0)
        assert await process.metric("ringrun_operator_active") == 0.0
        assert await process.metric('ringrun_runs{phase="none"}') is None
        api.put("ringruns", ring_run())
        before = len(written(api))
        looks = len(api.asked("GET", "leases"))
        await until(lambda: len(api.asked("GET", "leases")) > looks + 1)
        assert len(written(api)) == before
        assert api.watched() == 0
        hold(api, "")
        await until(lambda: len(api.asked("POST", "pods")) == 3)
        assert await process.metric("ringrun_operator_active") == 1.0


@in_a_loop
async def test_leadership_that_is_lost_before_the_resource_is_there_is_lost() -> None:
    """What is waited for does not come to one that no longer leads."""
    api = HttpApi()
    api.knows_ring_runs = False
    async with operator(api) as process:
        await process.until_says("/readyz", 503, "waits for the RingRun resource (deploy/crd.yaml)")
        hold(api, "other")
        await process.until_says("/readyz", 200, "ok")
        api.knows_ring_runs = True
        api.put("ringruns", ring_run())
        looks = len(api.asked("GET", "leases"))
        await until(lambda: len(api.asked("GET", "leases")) > looks + 3)
        assert api.watched() == 0
        assert written(api) == []


@in_a_loop
async def test_what_vanished_unseen_is_missed() -> None:
    """After a gap everything is listed again, and what is not in the list is not there."""
    api = HttpApi()
    api.put("ringruns", ring_run())
    api.put("ringruns", ring_run("other", suspend=True))
    async with operator(api) as process:
        await until(lambda: len(api.asked("POST", "pods")) == 3)
        await until(lambda: api.asked("POST", "events"))
        api.delete("ringruns", "lab", "other", silently=True)
        api.delete("pods", "lab", "demo-s0-1", silently=True)
        api.break_watches(410)
        await until(lambda: len(api.asked("POST", "pods")) == 4)
        assert await process.metric('ringrun_runs{phase="none"}') is None
        assert await process.says("/readyz") == (200, "ok")


@in_a_loop
async def test_watches_that_ended_are_begun_anew(caplog: pytest.LogCaptureFixture) -> None:
    """In the same leadership, with a new list, so that nothing in between is missed."""
    api = HttpApi()
    async with operator(api):
        await until(lambda: api.watched() == WATCHES)
        api.break_watches()
        await until(lambda: api.watched() == 0)
        api.put("ringruns", ring_run())
        await until(lambda: len(api.asked("POST", "pods")) == 3)
        assert api.watched() == WATCHES
        assert holder(api) == "me"
        assert api.objects[LEASE]["spec"]["leaseTransitions"] == 1
    assert any(each.startswith("the watches ended: ") for each in caplog.messages)


@in_a_loop
async def test_without_an_election_no_lease_is_asked_for() -> None:
    """It leads from its start to its end."""
    api = HttpApi()
    api.put("ringruns", ring_run())
    async with operator(api, lease=""):
        await until(lambda: len(api.asked("POST", "pods")) == 3)
    assert all(each.namespace != LEASE[1] for each in api.requests)


@in_a_loop
async def test_an_operator_waits_for_the_resource_and_says_so() -> None:
    """A watch of what the API server does not know is deaf for ever; but it is not ill."""
    api = HttpApi()
    api.knows_ring_runs = False
    async with operator(api) as process:
        await process.until_says("/readyz", 503, "waits for the RingRun resource (deploy/crd.yaml)")
        assert await process.says("/healthz") == (200, "ok")
        assert api.asked("GET", "pods") == []
        api.knows_ring_runs = True
        api.put("ringruns", ring_run())
        await process.until_says("/readyz", 200, "ok")
        await until(lambda: len(api.asked("POST", "pods")) == 3)


@in_a_loop
async def test_watches_that_are_not_answered_make_it_unready_and_then_ill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first at once; the second when they have been silent for long, and nothing else is."""
    api = HttpApi()
    api.silent = {"leases"}
    async with operator(api) as process:
        await until(lambda: api.watched() == WATCHES - 1)
        assert await process.says("/readyz") == (503, "not watched yet: leases")
        assert await process.says("/healthz") == (200, "ok")
        monkeypatch.setattr("ringrun_operator.operating.LONGEST_SILENCE", 0.0)
        status, words = await process.says("/healthz")
        assert status == 503
        assert words.startswith("no answer to a watch for ")


@in_a_loop
async def test_watches_that_are_silent_are_begun_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the API server answers everything else: that is a fault of theirs."""
    monkeypatch.setattr("ringrun_operator.operating.LONGEST_GAP", 1.0)
    monkeypatch.setattr("ringrun_operator.act.reach.EVERY", 0.1)
    api = HttpApi()
    api.silent = {"pods"}
    async with operator(api) as process:
        await until(lambda: len(api.asked("GET", "pods")) == 2)
        assert "the watches are silent; beginning anew" in caplog.messages
        api.silent = set()
        monkeypatch.undo()
        await process.until_says("/readyz", 200, "ok")


# Ready means that it works


@pytest.mark.parametrize("lease", ["", LEASE[2]])
def test_a_right_that_is_missing_is_named(lease: str) -> None:
    """Though nothing is carried out that needs it yet; a restart would not give it."""

    @in_a_loop
    async def scenario() -> None:
        api = HttpApi()
        api.denied = {("create", "pods"), ("patch", "ringruns/status")}
        async with operator(api, lease=lease) as process:
            await until(lambda: api.watched() == WATCHES)
            words = cannot("patch ringruns.ringrun.dev/status, create pods")
            await process.until_says("/readyz", 503, words)
            assert await process.says("/healthz") == (200, "ok")
            api.denied = set()
            await process.until_says("/readyz", 200, "ok")

    scenario()


@in_a_loop
async def test_an_account_without_rights_is_not_ready() -> None:
    """The first few are named, and how many there are."""
    api = HttpApi()
    api.denied = {(right.verb, right.resource) for right in rights.needed((), LEASE[1])}
    async with operator(api) as process:
        await process.until_says(
            "/readyz",
            503,
            "the operator may not get ringruns.ringrun.dev, list ringruns.ringrun.dev, "
            "watch ringruns.ringrun.dev, delete ringruns.ringrun.dev (in all namespaces), "
            "and 24 more: see deploy/rbac.yaml",
        )
        assert await process.says("/healthz") == (200, "ok")


@in_a_loop
async def test_a_right_that_is_taken_away_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the question whose turn it is, or soon after something was refused."""
    monkeypatch.setattr("ringrun_operator.operating.PATIENCE", 0.0)
    monkeypatch.setattr("ringrun_operator.act.reach.EVERY", 0.02)
    api = HttpApi()
    async with operator(api) as process:
        await process.until_says("/readyz", 200, "ok")
        for denied, words in (
            ("pods", cannot("create pods")),
            ("events", cannot("create events")),
        ):
            api.denied = {("create", denied)}
            await process.until_says("/readyz", 503, words)
            api.denied = set()
            await process.until_says("/readyz", 200, "ok")
    # One after the other, and all of them only where there was reason to.
    assert len(api.reviews) < 8 * len(rights.needed((), LEASE[1]))


@in_a_loop
async def test_what_is_over_in_a_moment_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restart of the API server, whose accounts have no rights for a while."""
    monkeypatch.setattr("ringrun_operator.act.reach.EVERY", 0.02)
    api = HttpApi()
    async with operator(api) as process:
        await process.until_says("/readyz", 200, "ok")
        asked = len(api.reviews)
        api.denied = {(right.verb, right.resource) for right in rights.needed((), LEASE[1])}
        await until(lambda: len(api.reviews) > asked + 40)
        assert await process.says("/readyz") == (200, "ok")
        api.away, api.denied = True, set()
        api.break_watches()
        await until(lambda: api.watched() == 0)
        assert await process.says("/readyz") == (200, "ok")
        api.away = False
        await until(lambda: api.watched() == WATCHES)
        assert await process.says("/readyz") == (200, "ok")


@pytest.mark.parametrize("lease", ["", LEASE[2]])
def test_an_api_server_that_is_away_makes_it_unready_and_not_ill(
    lease: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was away from the start or went later: a restart would not bring it back."""
    monkeypatch.setattr("ringrun_operator.operating.PATIENCE", 0.0)
    monkeypatch.setattr("ringrun_operator.act.reach.EVERY", 0.02)

    @in_a_loop
    async def scenario() -> None:
        api = HttpApi()
        api.away = True
        async with operator(api, lease=lease) as process:
            for _ in range(2):
                api.away = True
                api.end_watches()
                await process.until_begins("/readyz", 503, f"the API server {process.server} is ")
                monkeypatch.setattr("ringrun_operator.operating.LONGEST_SILENCE", 0.0)
                assert await process.says("/healthz") == (200, "ok")
                monkeypatch.undo()
                monkeypatch.setattr("ringrun_operator.operating.PATIENCE", 0.0)
                monkeypatch.setattr("ringrun_operator.act.reach.EVERY", 0.02)
                api.away = False
                await process.until_says("/readyz", 200, "ok")

    scenario()


@in_a_loop
async def test_watches_that_are_refused_are_told_in_the_servers_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the rights seem to be there, as with an authorizer that only decides at the request."""
    monkeypatch.setattr("ringrun_operator.operating.needed", lambda *_, **__: [ANY_RIGHT])
    monkeypatch.setattr("ringrun_operator.watch.registry.BACKOFFS", (0.01,))
    api = HttpApi()
    api.denied = {("list", "configmaps")}
    async with operator(api) as process:
        await process.until_says(
            "/readyz",
            503,
            'the watches ended: configmaps is forbidden: User "me" cannot list it',
        )
        assert await process.says("/healthz") == (200, "ok")
        api.denied = set()
        await process.until_says("/readyz", 200, "ok")


@in_a_loop
async def test_a_signal_ends_it_in_order() -> None:
    """The watches are closed, then the lease is freed, and the port is given back."""
    api = HttpApi()
    async with operator(api) as process:
        await until(lambda: api.watched() == WATCHES)
        os.kill(os.getpid(), signal.SIGTERM)
        await process.running
        assert holder(api) == ""
        await until(lambda: api.watched() == 0)
        with pytest.raises(aiohttp.ClientConnectionError):
            await process.says("/healthz")


@in_a_loop
async def test_a_standby_ends_as_well() -> None:
    """And takes nothing from who leads."""
    api = HttpApi()
    hold(api, "other")
    async with operator(api) as process:
        await until(lambda: len(api.asked("GET", "leases")) == 1)
        os.kill(os.getpid(), signal.SIGINT)
        await process.running
    assert holder(api) == "other"


# What it asks of the API server


RUN = {"metadata": {"name": "demo", "namespace": "lab", "uid": "u-1"}}


def happened(reason: str = "LeaderElected", key: str = "1") -> Event:
    return Event(type=EventType.WARNING, reason=reason, message="m0 leads", key=key)


@in_a_loop
async def test_an_event_is_kept_once_whoever_tells_it() -> None:
    """Its name is made of the run, its reason and its key; the next operator tells it in vain."""
    api = HttpApi()
    async with cluster_of(api) as cluster:
        for event in (happened(), happened(), happened(key="2"), happened("SlaveLost")):
            await cluster.tell(RUN, event, 1000.0)
        again = {"metadata": {**RUN["metadata"], "uid": "u-2"}}
        await cluster.tell(again, happened(), 1000.0)
    assert len(api.asked("POST", "events")) == 5
    kept = [found for (plural, _, _), found in api.objects.items() if plural == "events"]
    assert len(kept) == 4
    assert {found["firstTimestamp"] for found in kept} == {"1970-01-01T00:16:40Z"}


@in_a_loop
async def test_what_is_deleted_is_the_very_object() -> None:
    """Another of its name is left alone, and one that is gone is no error."""
    api = HttpApi()
    pod = api.put("pods", {"metadata": {"name": "a", "namespace": "lab"}})
    async with cluster_of(api) as cluster:
        await cluster.delete("Pod", "lab", "a", "another")
        assert ("pods", "lab", "a") in api.objects
        await cluster.delete("Pod", "lab", "a", pod["metadata"]["uid"])
        assert ("pods", "lab", "a") not in api.objects
        await cluster.delete("Pod", "lab", "a", pod["metadata"]["uid"])


@in_a_loop
async def test_an_old_version_replaces_nothing() -> None:
    """The API server compares, and says no."""
    api = HttpApi()
    old = api.put("configmaps", {"metadata": {"name": "a", "namespace": "lab"}})
    api.put("configmaps", {"metadata": {"name": "a", "namespace": "lab"}, "data": {"k": "v"}})
    async with cluster_of(api) as cluster:
        with pytest.raises(Refused) as caught:
            await cluster.replace(old)
        assert caught.value.is_conflict
        with pytest.raises(Refused) as caught:
            await cluster.create(old)
        assert caught.value.is_conflict
        with pytest.raises(Refused) as caught:
            await cluster.get("ConfigMap", "lab", "b")
        assert caught.value.is_gone


@pytest.mark.parametrize(
    ("listing", "resources", "known"),
    [
        (200, [], True),
        (404, ["ringruns"], False),
        (403, ["ringruns", "ringruns/status"], True),
        (403, ["others"], False),
        (403, None, False),
    ],
)
def test_whether_ring_runs_are_known_is_found_out_with_any_rights(
    listing: int, resources: list[str] | None, known: bool
) -> None:
    """Who may not list them everywhere is told by the API server what there is."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/ringruns"):
            return web.json_response({"items": []}, status=listing)
        if resources is None:
            return web.Response(status=404)
        return web.json_response({"resources": [{"name": each} for each in resources]})

    @in_a_loop
    async def scenario() -> None:
        async with serving(answer) as url, Api(Configuration(host=url)) as way:
            cluster = Cluster(way)
            assert await cluster.has_ring_runs() is known

    scenario()


@in_a_loop
async def test_a_server_that_has_a_fault_does_not_say_what_it_knows() -> None:
    """Its fault is told, rather than that something is to be installed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"message": "etcd is away"}, status=500)

    async with serving(answer) as url, Api(Configuration(host=url)) as way:
        with pytest.raises(Refused, match="etcd is away"):
            await Cluster(way).has_ring_runs()


@in_a_loop
async def test_a_server_that_is_out_of_reach_does_not_say_what_it_knows() -> None:
    """That is told apart from one that knows no RingRuns."""
    host = f"http://127.0.0.1:{free_port()}"
    async with Api(Configuration(host=host)) as way:
        cluster = Cluster(way)
        with pytest.raises(ApiError):
            await cluster.has_ring_runs()
