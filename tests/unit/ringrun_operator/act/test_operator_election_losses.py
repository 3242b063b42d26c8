"""What a leader makes of answers that are lost, and of a lease that is another's, or gone."""

import asyncio

import pytest
from candidates import LEASE, candidate, hold, lease, standing, world
from memory_cluster import Call, MemoryCluster, WatchedServer
from virtual_time import START, in_virtual_time, now, pass_time

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.election import LOOK_EVERY, REQUEST, TERMS


@in_virtual_time
async def test_a_leader_that_another_replaced_steps_down() -> None:
    """It learns of it by the conflict, does not write again, and does not stand against it."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        hold(server, "b", leaseTransitions=2)
        await pass_time(TERMS.renew + 0.5)
        assert not one.leading.is_set()
        assert one.resting.is_set()
        await pass_time(TERMS.lease - TERMS.renew - LOOK_EVERY)
        assert not one.leading.is_set()
    assert lease(server)["holderIdentity"] == "b"


@in_virtual_time
async def test_a_leader_that_somebody_freed_steps_down_and_stands_anew() -> None:
    """A lease without a holder is nobody's, so another may be about to take it."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        hold(server, "")
        await one.resting.wait()
        assert now() <= START + TERMS.renew + 0.51
        await one.leading.wait()
    assert lease(server)["leaseTransitions"] == 2


@in_virtual_time
async def test_a_lease_in_another_epoch_is_not_ones_own() -> None:
    """Its holder has the name and is not this leader: two of one name, say."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        hold(server, "a", leaseTransitions=2)
        await one.resting.wait()


@in_virtual_time
async def test_an_answer_that_was_lost_ends_no_leadership() -> None:
    """The renewal was written, so the next conflicts with it, and that is no other's."""
    server, cluster = world()
    one = candidate(cluster)
    written = 0

    async def lose_some(call: Call) -> None:
        nonlocal written
        if call.verb == "replace":
            written += 1
            if written % 2 == 0:
                raise ApiError("no answer")

    cluster.after = lose_some
    async with standing(one):
        await pass_time()
        for _ in range(60):
            await pass_time(1.0)
            assert one.leading.is_set()
    assert lease(server)["leaseTransitions"] == 1


@in_virtual_time
async def test_a_take_over_whose_answer_was_lost_is_made_again() -> None:
    """In a new epoch: nobody knows who saw the first."""
    server, cluster = world()
    one = candidate(cluster)

    async def lose(call: Call) -> None:
        if call.verb == "replace" and now() < START + 0.5:
            raise ApiError("no answer")

    cluster.after = lose
    async with standing(one):
        await pass_time()
        assert lease(server)["holderIdentity"] == "a"
        assert not one.leading.is_set()
        await pass_time(LOOK_EVERY)
        assert one.leading.is_set()
    assert lease(server)["leaseTransitions"] == 2


@pytest.mark.parametrize("how", ["refused", "server error", "silent", "slow to conflict"])
@pytest.mark.parametrize("offset", [0.0, 0.3, 0.7, 1.1, 1.6])
def test_a_leader_that_cannot_renew_stops_before_another_may_lead(how: str, offset: float) -> None:
    """In time by its own clock, however the requests fail, and whenever that begins."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()
        one = candidate(cluster)
        async with standing(one):
            await pass_time(10.0 + offset)
            renewed = max(cluster.asked("replace"))

            async def fail(call: Call) -> None:
                if how == "refused":
                    raise ApiError("refused")
                if how == "server error":
                    raise Refused(500, "etcd is not well")
                if how == "slow to conflict" and call.verb == "replace":
                    await asyncio.sleep(REQUEST - 0.01)
                    raise Refused(409, "the object has been modified")
                await asyncio.Event().wait()

            cluster.before = fail
            await one.resting.wait()
            assert not one.leading.is_set()
            stopped = now() - renewed
            assert TERMS.stop_after <= stopped + 1e-6
            assert stopped <= TERMS.stop_after + TERMS.renew / 4.0 + 1e-6
            assert stopped < TERMS.lease
            # The lease is still in its name, which hinders nobody but others for a while.
            cluster.before = _nothing
            await pass_time(2.0 * LOOK_EVERY)
            assert one.leading.is_set()
            assert lease(server)["leaseTransitions"] == 2

    scenario()


@pytest.mark.parametrize("status", [404, 409])
def test_a_leader_whose_lease_is_gone_steps_down_and_makes_another(status: int) -> None:
    """A write of what is not there is refused by either word, as it has a uid or not."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()
        one = candidate(cluster)

        async def refuse(call: Call) -> None:
            if call.verb == "replace" and LEASE not in server.objects:
                raise Refused(status, "not found")

        cluster.before = refuse
        async with standing(one):
            await pass_time()
            server.delete(*LEASE)
            await one.resting.wait()
            assert now() <= START + TERMS.renew + 0.51
            assert LEASE not in server.objects
            await one.leading.wait()
            assert lease(server)["holderIdentity"] == "a"
            assert now() <= START + TERMS.renew + LOOK_EVERY + 0.51

    scenario()


@in_virtual_time
async def test_a_lease_that_was_taken_from_under_a_leader_is_not_taken_at_once() -> None:
    """It may be cut off, and not know it yet: whoever saw it held waits as for one that is held."""
    server = WatchedServer()
    clusters = MemoryCluster(server), MemoryCluster(server)
    one, two = (candidate(each, name) for each, name in zip(clusters, "ab", strict=True))
    async with standing(one):
        await pass_time()
        async with standing(two):
            await pass_time(3.0)

            async def cut(call: Call) -> None:
                del call
                await asyncio.Event().wait()

            clusters[0].before = cut
            server.delete(*LEASE)
            while not two.leading.is_set():
                assert now() < START + 15.0
                await pass_time(0.1)
            assert one.resting.is_set()


def test_an_outage_is_said_once_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """A standby that looks every second would fill its log."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()
        hold(server, "b")
        down = [True]

        async def unreachable(call: Call) -> None:
            if down[0]:
                raise ApiError("no route to host")

        cluster.before = unreachable
        async with standing(candidate(cluster)):
            await pass_time(5 * LOOK_EVERY)
            assert len(caplog.messages) == 1
            down[0] = False
            await pass_time(2 * LOOK_EVERY)
            down[0] = True
            await pass_time(3 * LOOK_EVERY)

    scenario()
    assert caplog.messages == ["the operators' lease is out of reach: no route to host"] * 2


async def _nothing(call: Call) -> None:
    del call
