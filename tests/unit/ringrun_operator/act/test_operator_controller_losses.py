"""What the operator makes of what is gone: a lease, a run, a run whose name is used again."""

import pytest
from controller_at_work import operating, ring_run, send, status, world
from memory_cluster import Call
from virtual_time import START, in_virtual_time, now, pass_time

from ringrun.record.api import ApiError, Refused
from ringrun_operator.decide.plan import RESYNC


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
