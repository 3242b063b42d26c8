"""What an operator says of its election: nothing while it leads, or sees another who does."""

from candidates import candidate, hold, standing, world
from memory_cluster import Call
from virtual_time import in_virtual_time, pass_time

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.election import LOOK_EVERY, TERMS


@in_virtual_time
async def test_a_standby_is_well_while_it_sees_renewals() -> None:
    """One that is seen for the first time says nothing of whether its holder lives."""
    server, cluster = world()
    hold(server, "b")
    one = candidate(cluster)
    nobody = "waits for the election: nobody was seen to renew the lease ringrun-operator"
    assert one.fault == f"{nobody} (-n ops)"
    async with standing(one):
        await pass_time(LOOK_EVERY / 2)
        assert one.fault == f"{nobody}, held by b (-n ops)"
        for renewal in range(5):
            hold(server, "b", renewTime=str(renewal))
            await pass_time(TERMS.renew)
            assert one.fault == ""
            assert not one.leading.is_set()

        async def no_writes(call: Call) -> None:
            if call.verb == "replace":
                raise Refused(403, "leases is forbidden")

        undisturbed, cluster.before = cluster.before, no_writes
        await pass_time(TERMS.lease + LOOK_EVERY)
        # It is free to take, and this one cannot.
        assert one.fault == "the operators' lease is refused: leases is forbidden"
        cluster.before = undisturbed
        await pass_time(LOOK_EVERY)
        assert one.leading.is_set()
        assert one.fault == ""


@in_virtual_time
async def test_who_leads_is_well_until_its_renewals_fail() -> None:
    """That is told before it has to stop."""
    _, cluster = world()
    one = candidate(cluster)
    async with standing(one):
        await pass_time()
        assert one.fault == ""

        async def away(call: Call) -> None:
            raise ApiError("away")

        cluster.before = away
        await pass_time(TERMS.renew + 1.0)
        assert one.leading.is_set()
        assert one.fault == "the operators' lease is out of reach: away"
