"""When the operator looks at a run, what it asks of the API server, and what it does if refused."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from api_server import IMAGE
from memory_cluster import Call, MemoryCluster, WatchedServer
from prometheus_client import REGISTRY
from virtual_time import START, in_virtual_time, now, pass_time

from ringrun.core.phase import Phase
from ringrun.record.api import ApiError, Refused
from ringrun.record.lease_object import read_record, with_record
from ringrun_operator.act.controller import (
    EVENTS_FOR,
    FIRST_RETRY,
    LONGEST_RETRY,
    REFUSED_RETRY,
    REQUESTS_AT_ONCE,
    STALE_PATIENCE,
    STATUS_EVERY,
    WORKERS,
    Controller,
)
from ringrun_operator.decide.plan import RESYNC
from ringrun_operator.objects.resources import read_orders

KEY = ("lab", "demo")
PODS = ["demo-m0-1", "demo-m1-1", "demo-s0-1", "demo-s1-1", "demo-s2-1"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Watched:
    """A controller at work, and when it looked: a look asks for a token, used or not."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self.looks: list[float] = []
        loop = asyncio.get_running_loop()
        self.controller = Controller(cluster, IMAGE, clock=loop.time, token=self._token)

    def changed(self, kind: str, found: dict[str, Any], deleted: bool = False) -> None:
        self.controller.changed(kind, found, deleted=deleted)

    def _token(self) -> bytes:
        self.looks.append(now())
        return b"t" * 32


@asynccontextmanager
async def operating(cluster: MemoryCluster, *, deaf: bool = False) -> AsyncIterator[Watched]:
    """Everything that is there is listed, and then told; a deaf one hears of no change after."""
    server = cluster.objects
    assert isinstance(server, WatchedServer)
    watched = Watched(cluster)
    for (kind, _), found in server.objects.items():
        watched.controller.listed(kind, found)
    for (kind, _), found in [*server.objects.items()]:
        watched.changed(kind, found)
    server.watcher = None if deaf else watched.changed
    working = asyncio.ensure_future(watched.controller.run())
    try:
        yield watched
    finally:
        server.watcher = None
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


def world(**spec: Any) -> tuple[WatchedServer, MemoryCluster]:
    """An API server on which there is one RingRun, just made, and the way to it."""
    server = WatchedServer(now=START, **spec)
    return server, MemoryCluster(server)


def ring_run(name: str) -> dict[str, Any]:
    """Another RingRun."""
    metadata = {
        "name": name,
        "namespace": "lab",
        "generation": 1,
        "creationTimestamp": "1970-01-01T00:16:40Z",
    }
    return {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": metadata,
        "spec": {"nodes": 2, "masters": 1},
    }


def record(server: WatchedServer, **changes: Any) -> None:
    """The leader writes the record with these changes."""
    lease = server.objects["Lease", "demo"]
    server.put(with_record(lease, read_record(lease).evolve(**changes), NOON))


async def send(server: WatchedServer) -> None:
    """The kubelet starts the pods, m0 leads, and the ring is in SEND."""
    await pass_time()
    server.runs()
    await pass_time()
    kept = read_orders(server.objects["ConfigMap", "demo-orders"])
    assert kept is not None
    roster = kept[0].roster
    nodes = tuple(member.node for member in roster)
    record(server, epoch=1, holder="m0-1", prepared=nodes)
    await pass_time()
    record(server, view=1, members=roster, phase=Phase.SEND, incarnations=nodes, starter=0, count=1)
    await pass_time()


def status(server: WatchedServer, name: str = "demo") -> dict[str, Any]:
    found: dict[str, Any] = server.objects["RingRun", name]["status"]
    return found


def gaps(times: list[float]) -> list[float]:
    """Seconds between each and the next."""
    return [round(later - earlier, 3) for earlier, later in pairwise(times)]


def counted(name: str, **labels: str) -> float:
    """As the metrics have it, since this process began."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


# When it looks


@in_virtual_time
async def test_a_new_run_gets_all_its_objects_and_pods_each_once() -> None:
    """From a RingRun alone, with nothing to wait for but the answers."""
    server, cluster = world()
    async with operating(cluster):
        await pass_time()
    assert server.pod_names() == PODS
    assert [name for name, count in Counter(server.made).items() if count > 1] == ["demo-master"]
    assert status(server)["slaves"]["created"] == 3


@in_virtual_time
async def test_changes_during_a_look_bring_exactly_one_more() -> None:
    """However many there were: it sees them all."""
    server, cluster = world()
    answered = asyncio.Event()

    async def wait(call: Call) -> None:
        del call
        await answered.wait()

    cluster.before = wait
    async with operating(cluster, deaf=True) as watched:
        for _ in range(5):
            await pass_time(0.1)
            watched.changed("RingRun", server.run)
        assert watched.looks == [START]
        answered.set()
        await pass_time()
        assert watched.looks == [START, pytest.approx(START + 0.5)]


@in_virtual_time
async def test_many_changes_at_once_are_one_look() -> None:
    """All of them are known when it begins."""
    server, cluster = world()
    async with operating(cluster, deaf=True) as watched:
        for _ in range(100):
            watched.changed("RingRun", server.run)
        await pass_time()
        assert watched.looks == [START]


@in_virtual_time
async def test_an_object_that_is_only_listed_is_not_looked_at() -> None:
    """What is not there yet may still be listed, and would be taken for lost."""
    server, cluster = world()
    async with operating(cluster) as watched:
        await pass_time()
        looks, server.watcher = len(watched.looks), None
        other = server.put(ring_run("other"))
        watched.controller.listed("RingRun", other)
        await pass_time()
        assert len(watched.looks) == looks
        watched.changed("RingRun", other)
        await pass_time()
        assert len(watched.looks) == looks + 1


@in_virtual_time
async def test_runs_are_looked_at_side_by_side_and_each_by_one() -> None:
    """Ten runs and eight workers: two wait for their turn, and no run has two."""
    server, cluster = world()
    names = [f"r{number}" for number in range(10)]
    for name in names:
        server.put(ring_run(name))
    server.delete("RingRun", "demo")
    busy: Counter[str] = Counter()
    busiest = 0

    async def take_a_second(call: Call) -> None:
        nonlocal busiest
        run = call.name[:2] if call.kind != "Event" else ""
        if call.kind != "Pod" and run:
            busy[run] += 1
            assert busy[run] == 1
        busiest = max(busiest, len(+busy))
        await asyncio.sleep(1.0)
        busy[run] -= 1

    cluster.before = take_a_second
    async with operating(cluster):
        await pass_time(0.5)
        assert cluster.asked("create", "Secret") == [START] * WORKERS
        await pass_time(60.0)
    for name in names:
        assert status(server, name)["slaves"]["created"] == 2
    assert busiest == WORKERS


@in_virtual_time
async def test_a_run_that_waits_for_an_answer_holds_up_no_other() -> None:
    """One worker waits; the others go on."""
    server, cluster = world()
    server.put(ring_run("other"))

    async def hang(call: Call) -> None:
        if call.name.startswith("demo"):
            await asyncio.Event().wait()

    cluster.before = hang
    async with operating(cluster):
        await pass_time()
        assert status(server, "other")["slaves"]["created"] == 2
        server.patch("RingRun", "other", spec={"nodes": 2, "masters": 1, "suspend": True})
        server.patch("RingRun", "demo", spec={"nodes": 3, "suspend": True})
        await pass_time()
        assert status(server, "other")["observedGeneration"] == 2
        assert cluster.asked("create", "Secret", "demo-token") == [START]


@in_virtual_time
async def test_a_run_that_is_at_rest_is_looked_at_now_and_then() -> None:
    """A change that nobody told of is found in the end."""
    _, cluster = world()
    async with operating(cluster) as watched:
        await pass_time(3.0 * RESYNC + 1.0)
        assert gaps(watched.looks)[-3:] == [RESYNC] * 3


@in_virtual_time
async def test_pods_of_a_run_are_asked_for_many_at_a_time_and_not_all() -> None:
    """A large ring does not take a round trip for each, and does not flood the API server."""
    _, cluster = world(nodes=40)

    async def take_a_second(call: Call) -> None:
        await asyncio.sleep(1.0 if call.kind == "Pod" else 0.0)

    cluster.before = take_a_second
    async with operating(cluster):
        await pass_time(10.0)
    asked = Counter(cluster.asked("create", "Pod"))
    assert list(asked.values()) == [REQUESTS_AT_ONCE, REQUESTS_AT_ONCE, 42 - 2 * REQUESTS_AT_ONCE]
    assert cluster.busiest == REQUESTS_AT_ONCE


@in_virtual_time
async def test_what_is_ended_asks_for_nothing_more() -> None:
    """An operator whose term is over has no look left that goes on."""
    _, cluster = world()

    async def take_a_second(call: Call) -> None:
        del call
        await asyncio.sleep(1.0)

    cluster.before = take_a_second
    async with operating(cluster):
        await pass_time(2.5)
    calls = len(cluster.calls)
    await pass_time(1000.0)
    assert len(cluster.calls) == calls == 3


# What is refused


@in_virtual_time
async def test_an_object_of_a_run_that_was_just_deleted_is_waited_for() -> None:
    """It has the name, and goes; then the run's own is made."""
    server, cluster = world()
    server.put({"kind": "Secret", "metadata": {"name": "demo-token", "namespace": "lab"}})
    async with operating(cluster):
        await pass_time(STALE_PATIENCE / 2.0)
        assert server.made == []
        server.delete("Secret", "demo-token")
        await pass_time(STALE_PATIENCE / 2.0)
    secret = server.objects["Secret", "demo-token"]
    assert secret["metadata"]["ownerReferences"][0]["uid"] == server.run["metadata"]["uid"]
    assert server.pod_names() == PODS


@in_virtual_time
async def test_an_object_that_stays_is_taken_for_ours() -> None:
    """The operator that made it died before it could say so. It is left as it is."""
    server, cluster = world()
    server.put({"kind": "Secret", "metadata": {"name": "demo-token", "namespace": "lab"}})
    kept = server.objects["Secret", "demo-token"]
    async with operating(cluster):
        await pass_time(STALE_PATIENCE)
        assert server.made == []
        await pass_time(STALE_PATIENCE)
        asked = cluster.asked("create", "Secret")
        assert asked[-2] < START + STALE_PATIENCE <= asked[-1]
    assert server.objects["Secret", "demo-token"] == kept
    assert server.pod_names() == PODS


@in_virtual_time
async def test_a_refused_pod_is_shown_and_asked_for_again_and_the_others_are_made() -> None:
    """In the API server's words, for as long as they are true."""
    server, cluster = world()
    words = 'pods "demo-s1-1" is forbidden: exceeded quota: none'
    full = True

    async def refuse(call: Call) -> None:
        if full and call.name == "demo-s1-1":
            raise Refused(403, words)

    cluster.before = refuse
    async with operating(cluster):
        await pass_time()
        assert server.pod_names() == [name for name in PODS if name != "demo-s1-1"]
        assert status(server)["reason"] == "QuotaExceeded"
        assert words in str(status(server)["conditions"])
        await pass_time(3.0 * REFUSED_RETRY)
        asked = cluster.asked("create", "Pod", "demo-s1-1")
        assert gaps(asked)[-3:] == [REFUSED_RETRY] * 3
        full = False
        await pass_time(REFUSED_RETRY)
        assert server.pod_names() == PODS
        assert status(server)["reason"] == ""
    assert len(cluster.asked("create", "Pod", "demo-s0-1")) == 1


@in_virtual_time
async def test_a_pod_whose_name_is_taken_is_not_a_refusal() -> None:
    """It was made before, or belongs to a run of the same name that goes."""
    server, cluster = world()
    server.put({"kind": "Pod", "metadata": {"name": "demo-s1-1", "namespace": "lab"}})
    async with operating(cluster):
        await pass_time(RESYNC)
        assert cluster.asked("create", "Pod", "demo-s1-1")
        assert status(server)["reason"] == ""
        server.delete("Pod", "demo-s1-1")
        await pass_time(RESYNC)
    assert "labels" in server.objects["Pod", "demo-s1-1"]["metadata"]


@in_virtual_time
async def test_no_pod_is_made_before_its_incarnation_is_written() -> None:
    """Another wrote the orders meanwhile: the pass ends there, and the next begins with a look."""
    server, cluster = world()
    lost = 1

    async def conflict(call: Call) -> None:
        nonlocal lost
        if lost and (call.verb, call.name) == ("replace", "demo-orders"):
            lost -= 1
            raise Refused(409, "the object has been modified")

    async with operating(cluster):
        await send(server)
        cluster.before = conflict
        server.ends("demo-s1-1")
        await pass_time()
        assert lost == 0
        assert "demo-s1-2" not in server.pod_names()
        await pass_time(FIRST_RETRY)
        assert "demo-s1-2" in server.pod_names()


@in_virtual_time
async def test_a_look_that_fails_is_repeated_ever_more_seldom() -> None:
    """From a quarter of a second on, doubled each time, and never beyond half a minute."""
    server, cluster = world()
    broken = True

    async def refuse(call: Call) -> None:
        del call
        if broken:
            raise ApiError("out of reach")

    cluster.before = refuse
    async with operating(cluster, deaf=True) as watched:
        await pass_time(200.0)
        doubled = [FIRST_RETRY * 2.0**failures for failures in range(7)]
        assert doubled[-1] < LONGEST_RETRY < 2.0 * doubled[-1]
        capped = [*doubled, LONGEST_RETRY, LONGEST_RETRY]
        assert gaps(cluster.asked("create"))[: len(capped)] == capped
        # One that succeeds ends that.
        broken = False
        await pass_time(LONGEST_RETRY)
        broken = True
        looks = len(watched.looks)
        watched.changed("RingRun", server.run)
        await pass_time(1.0)
        assert gaps(watched.looks[looks:]) == [FIRST_RETRY, 2.0 * FIRST_RETRY]


@in_virtual_time
async def test_a_newer_look_takes_the_place_of_a_retry() -> None:
    """The retry that was due is not made besides."""
    server, cluster = world()
    broken = True

    async def refuse(call: Call) -> None:
        del call
        if broken:
            raise ApiError("out of reach")

    cluster.before = refuse
    async with operating(cluster, deaf=True) as watched:
        # The fifth attempt was after 3.75 s, and the sixth is due 4 s later.
        await pass_time(5.0)
        broken = False
        looks = len(watched.looks)
        watched.changed("RingRun", server.run)
        await pass_time(RESYNC - 1.0)
        assert watched.looks[looks:] == [START + 5.0]


@in_virtual_time
async def test_a_fault_of_our_own_in_one_run_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged as one, and that run is tried again."""
    server, cluster = world()
    for name in ("other", "third"):
        server.put(ring_run(name))
    broken = True

    async def fail(call: Call) -> None:
        if broken and call.name == "demo-token":
            raise KeyError("ours")

    cluster.before = fail
    errors = counted("ringrun_reconcile_errors_total")
    async with operating(cluster):
        await pass_time(10.0)
        for name in ("other", "third"):
            assert status(server, name)["slaves"]["created"] == 2
        assert server.pod_names() == [name for name in server.pod_names() if name[:4] != "demo"]
        failed = len(cluster.asked("create", "Secret", "demo-token"))
        assert failed > WORKERS / 2
        assert counted("ringrun_reconcile_errors_total") - errors == failed
        faults = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert [each.getMessage() for each in faults] == ["looking at lab/demo failed"] * failed
        broken = False
        await pass_time(LONGEST_RETRY)
        assert status(server)["slaves"]["created"] == 3


@in_virtual_time
async def test_a_race_is_nothing_to_warn_of_and_an_outage_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first mends itself, unless it happens again and again."""
    server, cluster = world()
    server.put({"kind": "Secret", "metadata": {"name": "demo-token", "namespace": "lab"}})

    async def refuse(call: Call) -> None:
        if call.name == "other-token":
            raise Refused(503, "the server is going down")

    cluster.before = refuse
    async with operating(cluster):
        await pass_time(2.0)
        assert caplog.records == []
        server.put(ring_run("other"))
        await pass_time()
        [warning] = [each.getMessage() for each in caplog.records]
        assert warning == "lab/other: the server is going down; again in 0.2 s"


# What is shown


@in_virtual_time
async def test_figures_alone_are_written_once_a_second_at_most() -> None:
    """The leader renews its lease far more often; the last figure is shown all the same."""
    server, cluster = world()
    async with operating(cluster):
        await send(server)
        await pass_time(STATUS_EVERY)
        begun = now()
        for count in range(2, 43):
            record(server, count=count)
            await pass_time(0.1)
        await pass_time(STATUS_EVERY)
        written = [at for at in cluster.asked("apply status") if at >= begun]
        assert 4 <= len(written) <= 6
        assert min(gaps(written)) >= STATUS_EVERY
        assert status(server)["count"] == 42


@in_virtual_time
async def test_all_else_is_written_at_once() -> None:
    """Together with the figures, that would have had to wait alone."""
    server, cluster = world()
    async with operating(cluster):
        await send(server)
        await pass_time(STATUS_EVERY)
        record(server, count=100)
        await pass_time()
        record(server, count=200)
        await pass_time()
        assert status(server)["count"] == 100
        record(server, epoch=2, holder="m1-1", count=300)
        await pass_time()
        assert status(server)["master"]["epoch"] == 2
        assert status(server)["count"] == 300


@in_virtual_time
async def test_a_status_that_says_nothing_new_is_not_written() -> None:
    """It would come back by the watch and be looked at, for ever."""
    _, cluster = world()
    async with operating(cluster) as watched:
        await pass_time()
        written = len(cluster.asked("apply status"))
        looks = len(watched.looks)
        for _ in range(10):
            watched.controller.look(KEY)
            await pass_time(10.0)
        assert len(watched.looks) >= looks + 10
        assert len(cluster.asked("apply status")) == written


@in_virtual_time
async def test_a_status_of_a_run_that_is_gone_is_the_end_of_it() -> None:
    """The watch will say so too; until then nothing is tried again."""
    server, cluster = world()
    gone = False

    async def refuse(call: Call) -> None:
        if gone and call.verb == "apply status":
            raise Refused(404, "not found")

    cluster.before = refuse
    async with operating(cluster, deaf=True) as watched:
        await pass_time()
        gone = True
        errors = counted("ringrun_reconcile_errors_total")
        written = len(cluster.asked("apply status"))
        watched.changed("RingRun", server.run)
        await pass_time(RESYNC - 1.0)
        assert len(cluster.asked("apply status")) == written + 1
        assert counted("ringrun_reconcile_errors_total") == errors


@in_virtual_time
async def test_a_status_that_is_refused_otherwise_is_tried_again() -> None:
    """Nothing else would bring it."""
    server, cluster = world()
    tries = 3

    async def refuse(call: Call) -> None:
        nonlocal tries
        if call.verb == "apply status" and tries:
            tries -= 1
            raise Refused(500, "etcd is not well")

    cluster.before = refuse
    async with operating(cluster):
        await pass_time(2.0)
    assert tries == 0
    assert status(server)["slaves"]["created"] == 3


# What is told


async def finish(server: WatchedServer) -> None:
    """It is aborted, and reported without a leader."""
    spec = server.objects["RingRun", "demo"]["spec"]
    server.patch("RingRun", "demo", spec={**spec, "abort": True})
    await pass_time(20.0)
    assert status(server)["verdict"] == "Failed"


@in_virtual_time
async def test_each_event_of_a_run_is_told_once_and_in_order() -> None:
    """Every look has them all; the API server is asked to keep each but once."""
    server, cluster = world()
    async with operating(cluster) as watched:
        await send(server)
        server.ends("demo-s1-1")
        await pass_time()
        await finish(server)
        for _ in range(3):
            watched.controller.look(KEY)
            await pass_time()
    told = [(event.reason, event.key) for event in cluster.told]
    assert len(told) == len(set(told))
    assert [reason for reason, _ in told] == [
        "SlavesCreated",
        "LeaderElected",
        "SlaveLost",
        "Failed",
    ]


@in_virtual_time
async def test_an_event_that_could_not_be_told_is_told_later() -> None:
    """And those before it are not told again."""
    server, cluster = world()

    async def refuse(call: Call) -> None:
        if call.name == "LeaderElected" and now() < START + 5.0:
            raise ApiError("out of reach")

    cluster.before = refuse
    async with operating(cluster):
        await send(server)
        await pass_time(10.0)
    assert [event.reason for event in cluster.told] == ["SlavesCreated", "LeaderElected"]
    assert len(cluster.asked("tell", "Event", "SlavesCreated")) == 1
    assert len(cluster.asked("tell", "Event", "LeaderElected")) > 2


@pytest.mark.parametrize(("ago", "tells"), [(EVENTS_FOR - 30.0, True), (EVENTS_FOR, False)])
def test_events_of_a_run_that_is_long_over_are_not_told_again(ago: float, tells: bool) -> None:
    """The next operator remembers nothing, and theirs may have expired, so they would come back."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()
        async with operating(cluster):
            await send(server)
            await finish(server)
        told = len(cluster.told)
        assert told
        await pass_time(ago)
        async with operating(cluster):
            await pass_time()
        assert len(cluster.told) == (2 * told if tells else told)

    scenario()


@in_virtual_time
async def test_a_verdict_is_counted_once() -> None:
    """By the operator that wrote it down, not by the next."""
    server, cluster = world()
    before = counted("ringrun_verdicts_total", verdict="Failed")
    for _ in range(2):
        async with operating(cluster):
            if "status" not in server.objects["RingRun", "demo"]:
                await send(server)
                await finish(server)
            await pass_time(RESYNC)
    assert counted("ringrun_verdicts_total", verdict="Failed") == before + 1


# What is lost


@in_virtual_time
async def test_a_lease_that_the_watch_took_away_is_asked_for_before_it_counts_as_lost() -> None:
    """It may have lost a label, or the watch be wrong: that does not end a run."""
    server, cluster = world()
    async with operating(cluster) as watched:
        await send(server)
        assert cluster.asked("get") == []
        watched.changed("Lease", server.objects["Lease", "demo"], deleted=True)
        await pass_time(RESYNC)
        assert len(cluster.asked("get", "Lease", "demo")) == 1
        assert status(server)["verdict"] == ""
        assert status(server)["master"]["epoch"] == 1


@pytest.mark.parametrize(
    "answer", [ApiError("out of reach"), Refused(403, "forbidden"), Refused(500, "etcd")]
)
def test_a_lease_that_cannot_be_asked_for_is_not_lost(answer: ApiError) -> None:
    """Only that it is not there says so."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()

        async def refuse(call: Call) -> None:
            if call.verb == "get" and now() < START + 100.0:
                raise answer

        cluster.before = refuse
        async with operating(cluster):
            await send(server)
            server.delete("Lease", "demo")
            await pass_time(90.0)
            assert status(server)["verdict"] == ""
            await pass_time(60.0)
            assert status(server)["reason"] == "RecordLost"

    scenario()


@in_virtual_time
async def test_a_run_that_is_gone_is_not_looked_at_again() -> None:
    """Whatever was due of it."""
    server, cluster = world()
    async with operating(cluster) as watched:
        await pass_time()
        server.delete("RingRun", "demo")
        await pass_time()
        looks, calls = len(watched.looks), len(cluster.calls)
        await pass_time(100.0 * RESYNC)
        assert (len(watched.looks), len(cluster.calls)) == (looks, calls)
        # Nor is anything kept of it: an operator lives longer than its runs.
        assert not watched.controller._memories
        assert not watched.controller._due


@pytest.mark.parametrize("seen", [True, False])
def test_a_run_that_is_made_anew_is_another(seen: bool) -> None:
    """Its name alone is the same, whether or not there was a look in between."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()
        async with operating(cluster):
            await pass_time()
            assert [event.reason for event in cluster.told] == ["SlavesCreated"]
            again = ring_run("demo")
            for kind, name in list(server.objects):
                server.delete(kind, name)
            if seen:
                await pass_time()
            server.put(again)
            await pass_time()
            assert status(server)["slaves"]["created"] == 2
            assert [event.reason for event in cluster.told] == ["SlavesCreated"] * 2

    scenario()
