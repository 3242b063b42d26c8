"""When the operator looks at a run, and how many it looks at."""

import asyncio
from collections import Counter

import pytest
from controller_at_work import (
    PODS,
    gaps,
    operating,
    ring_run,
    status,
    world,
)
from memory_cluster import Call
from virtual_time import START, in_virtual_time, pass_time

from ringrun_operator.act.applying import REQUESTS_AT_ONCE
from ringrun_operator.act.controller import WORKERS
from ringrun_operator.decide.plan import RESYNC


@in_virtual_time
async def test_a_new_run_gets_all_its_objects_and_pods_each_once() -> None:
    """From a RingRun alone, with nothing to wait for but the answers."""
    server, cluster = world()
    async with operating(cluster):
        await pass_time()
    assert server.pod_names() == PODS
    assert [name for name, count in Counter(server.made).items() if count > 1] == [
        "demo-master-feed"
    ]
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
        assert cluster.asked("create", "ConfigMap") == [START] * WORKERS
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
        assert cluster.asked("create", "ConfigMap", server.orders_key[1]) == [START]


@in_virtual_time
async def test_a_run_that_is_at_rest_is_looked_at_now_and_then() -> None:
    """A change that nobody told of is found in the end."""
    server, cluster = world()
    async with operating(cluster) as watched:
        await pass_time()
        server.runs()
        await pass_time(4.0 * RESYNC + 1.0)
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
