"""What the operator does if the API server refuses, or is out of reach."""

import logging

import pytest
from controller_at_work import (
    PODS,
    counted,
    gaps,
    operating,
    ring_run,
    send,
    status,
    world,
)
from memory_cluster import Call
from virtual_time import START, in_virtual_time, pass_time

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.controller import FIRST_RETRY, LONGEST_RETRY, REFUSED_RETRY, WORKERS
from ringrun_operator.decide.plan import RESYNC


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
        server.runs()
        await pass_time(4.0 * REFUSED_RETRY)
        asked = cluster.asked("create", "Pod", "demo-s1-1")
        assert gaps(asked)[-3:] == [REFUSED_RETRY] * 3
        full = False
        await pass_time(REFUSED_RETRY)
        assert server.pod_names() == PODS
        assert status(server)["reason"] == ""
    assert len(cluster.asked("create", "Pod", "demo-s0-1")) == 1


@in_virtual_time
async def test_no_pod_is_made_before_its_incarnation_is_written() -> None:
    """Another wrote the orders meanwhile: the pass ends there, and the next begins with a look."""
    server, cluster = world()
    lost = 1

    async def conflict(call: Call) -> None:
        nonlocal lost
        if lost and (call.verb, call.name) == ("replace", server.orders_key[1]):
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
        assert watched.looks[looks] == START + 5.0
        assert START + 7.75 not in watched.looks


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
        if broken and call.name == "demo-token-feed":
            raise KeyError("ours")

    cluster.before = fail
    errors = counted("ringrun_reconcile_errors_total")
    async with operating(cluster):
        await pass_time(10.0)
        for name in ("other", "third"):
            assert status(server, name)["slaves"]["created"] == 2
        assert server.pod_names() == [name for name in server.pod_names() if name[:4] != "demo"]
        failed = len(cluster.asked("create", "Secret", "demo-token-feed"))
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
    reference = {"kind": "RingRun", "name": "demo", "uid": "u-before", "controller": True}
    metadata = {"name": "demo", "namespace": "lab", "ownerReferences": [reference]}
    server.put({"kind": "Lease", "metadata": metadata})

    async def refuse(call: Call) -> None:
        if (call.kind, call.name) == ("Lease", "other"):
            raise Refused(503, "the server is going down")

    cluster.before = refuse
    async with operating(cluster):
        await pass_time(2.0)
        assert caplog.records == []
        server.put(ring_run("other"))
        await pass_time()
        [warning] = [each.getMessage() for each in caplog.records]
        assert warning == "lab/other: the server is going down; again in 0.2 s"
