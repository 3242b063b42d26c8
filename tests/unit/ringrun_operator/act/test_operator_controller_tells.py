"""What the operator writes into a status, and which events it tells, and how often."""

import pytest
from controller_at_work import KEY, counted, finish, gaps, operating, record, send, status, world
from memory_cluster import Call
from virtual_time import START, in_virtual_time, now, pass_time

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.controller import (
    EVENTS_FOR,
    STATUS_EVERY,
)
from ringrun_operator.decide.plan import RESYNC


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
        # Its outcome, that is: the rest was told before the status said so.
        again = [event.reason for event in cluster.told[told:]]
        assert again == (["Failed"] if tells else [])

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
