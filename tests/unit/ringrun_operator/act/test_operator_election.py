"""Who of several operators takes the lease, keeps it and frees it."""

import asyncio
from itertools import pairwise

import pytest
from candidates import LEASE, candidate, hold, lease, standing, world
from memory_cluster import Call
from virtual_time import in_virtual_time, pass_time

from ringrun_operator.act.election import LOOK_EVERY, TERMS


@in_virtual_time
async def test_a_lease_that_is_not_there_is_made_and_held() -> None:
    """The first operator of a cluster waits for nobody."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        assert one.leading.is_set()
        assert not one.resting.is_set()
    spec = lease(server)
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("a", 1)
    assert spec["acquireTime"] == spec["renewTime"]


@in_virtual_time
async def test_a_free_lease_is_taken_in_the_next_epoch() -> None:
    """Whoever held it before."""
    server, cluster = world()
    hold(server, "")
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        assert one.leading.is_set()
    assert lease(server)["leaseTransitions"] == 8


@in_virtual_time
async def test_a_candidate_stands_by_behind_a_holder_that_lives() -> None:
    """It looks every second, and writes nothing."""
    server, cluster = world()
    hold(server, "b")
    one = candidate(cluster)
    async with standing(one):
        for renewal in range(60):
            await pass_time(TERMS.renew)
            hold(server, "b", renewTime=str(renewal))
            assert not one.leading.is_set()
            assert one.resting.is_set()
    assert len(cluster.asked("get")) == pytest.approx(60.0 * TERMS.renew / LOOK_EVERY, abs=2)
    assert len(cluster.calls) == len(cluster.asked("get"))


@pytest.mark.parametrize("said", ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"])
def test_a_lease_expires_by_ones_own_clock_alone(said: str) -> None:
    """What its holder says of the time is of another clock, and may be anything."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()
        hold(server, "b", renewTime=said)
        one = candidate(cluster)
        async with standing(one):
            await pass_time(TERMS.lease - 0.01)
            assert not one.leading.is_set()
            await pass_time(LOOK_EVERY)
            assert one.leading.is_set()

    scenario()


@in_virtual_time
async def test_any_change_of_the_lease_puts_its_expiry_off() -> None:
    """It counts from when it was last seen to change."""
    server, cluster = world()
    hold(server, "b")
    one = candidate(cluster)
    async with standing(one):
        await pass_time(TERMS.lease / 2.0 + 0.5)
        hold(server, "b", renewTime="now")
        await pass_time(TERMS.lease - 0.01)
        assert not one.leading.is_set()
        await pass_time(2.0 * LOOK_EVERY)
        assert one.leading.is_set()


@in_virtual_time
async def test_a_leader_renews_in_time_and_keeps_its_epoch() -> None:
    """No other who looks now and then would take it for dead."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time(100.0)
        assert one.leading.is_set()
    renewals = cluster.asked("replace")
    assert max(b - a for a, b in pairwise(renewals)) <= TERMS.renew + 0.5
    assert len(renewals) <= 100.0 / TERMS.renew + 1
    assert lease(server)["leaseTransitions"] == 1


@in_virtual_time
async def test_a_renewal_keeps_when_it_was_acquired() -> None:
    """And whatever else is in the lease."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        hold(server, "a", strategy="theirs", acquireTime="then")
        await pass_time(3.0 * TERMS.renew)
    assert lease(server)["acquireTime"] == "then"
    assert lease(server)["strategy"] == "theirs"


@in_virtual_time
async def test_a_harmless_edit_ends_no_leadership() -> None:
    """Somebody else's label is a conflict too."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        for number in range(20):
            server.patch(*LEASE, annotations={"note": str(number)})
            await pass_time(TERMS.renew)
            assert one.leading.is_set()
    assert lease(server)["leaseTransitions"] == 1
    assert server.objects[LEASE]["metadata"]["annotations"] == {"note": "19"}


@in_virtual_time
async def test_a_lease_that_is_freed_is_taken_at_the_next_look() -> None:
    """An operator that ends in order keeps nobody waiting."""
    server, cluster = world()
    one, two = candidate(cluster, "a"), candidate(cluster, "b")
    async with standing(two):
        async with standing(one):
            hold(server, "a", leaseTransitions=1)
            await pass_time(20.0)
            assert not two.leading.is_set()
        await one.release()
        assert one.resting.is_set()
        assert lease(server)["holderIdentity"] == ""
        assert lease(server)["leaseTransitions"] == 2
        await pass_time(LOOK_EVERY)
        assert two.leading.is_set()
    assert lease(server)["leaseTransitions"] == 3


@in_virtual_time
async def test_only_the_leader_frees_the_lease() -> None:
    """A standby that ends takes it from nobody."""
    server, cluster = world()
    hold(server, "b")
    one = candidate(cluster)
    async with standing(one):
        await pass_time(2.0)
    await one.release()
    assert lease(server)["holderIdentity"] == "b"
    assert cluster.asked("replace") == []


@in_virtual_time
async def test_a_lease_that_another_took_is_not_freed_from_it() -> None:
    """The write compares; and it is over for the one that ends, whatever the answer."""
    server, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        assert one.leading.is_set()
    hold(server, "b", leaseTransitions=2)
    await one.release()
    assert one.resting.is_set()
    assert lease(server)["holderIdentity"] == "b"


@in_virtual_time
async def test_two_that_begin_at_once_make_one_lease_and_one_leader() -> None:
    """The one that comes second finds it made, and held."""
    server, cluster = world()

    async def take_a_while(call: Call) -> None:
        del call
        await asyncio.sleep(0.1)

    cluster.before = take_a_while
    cluster.after = take_a_while
    one, two = candidate(cluster, "a"), candidate(cluster, "b")
    async with standing(one, two):
        await pass_time(5.0)
        assert one.leading.is_set() != two.leading.is_set()
    assert lease(server)["leaseTransitions"] == 1
