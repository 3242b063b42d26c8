"""Which of several operators is the active one, over an API server in memory."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_cluster import Call, MemoryCluster, WatchedServer
from virtual_time import START, in_virtual_time, now, pass_time

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.election import LOOK_EVERY, REQUEST, TERMS, Candidate

LEASE = ("Lease", "ringrun-operator")


def world() -> tuple[WatchedServer, MemoryCluster]:
    """An API server on which nobody has stood yet, and the way to it."""
    server = WatchedServer()
    return server, MemoryCluster(server)


def lease(server: WatchedServer) -> dict[str, Any]:
    found: dict[str, Any] = server.objects[LEASE]["spec"]
    return found


def hold(server: WatchedServer, holder: str, **spec: Any) -> None:
    """Somebody writes the lease, whether or not it is there."""
    found = server.objects.get(LEASE) or {
        "kind": "Lease",
        "metadata": {"name": LEASE[1], "namespace": "ops"},
        "spec": {"leaseTransitions": 7},
    }
    server.put({**found, "spec": {**found["spec"], "holderIdentity": holder, **spec}})


def candidate(
    cluster: MemoryCluster, me: str = "a", clock: Callable[[], float] | None = None
) -> Candidate:
    loop = asyncio.get_running_loop()
    return Candidate(cluster, "ops", LEASE[1], me, clock or loop.time)


@asynccontextmanager
async def standing(*candidates: Candidate) -> AsyncIterator[None]:
    """They stand, lead and renew meanwhile."""
    tasks = [asyncio.ensure_future(each.run()) for each in candidates]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


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


async def _nothing(call: Call) -> None:
    del call


# Any schedule


class Weather:
    """What happens to one candidate's requests, by a seed: they take long, they get lost, or their
    answers do, and at times none comes through at all."""

    def __init__(self, seed: str, *, fair_after: float) -> None:
        self._random = random.Random(seed)
        self._fair_after = START + fair_after
        self._cut_until = START

    @property
    def fair(self) -> bool:
        """Whether all goes well from now on."""
        return now() >= self._fair_after

    async def before(self, call: Call) -> None:
        """On the way there."""
        del call
        await self._befall("not sent")

    async def after(self, call: Call) -> None:
        """On the way back: what was asked for is done."""
        del call
        await self._befall("no answer")

    async def _befall(self, words: str) -> None:
        if self.fair:
            return
        cut = now() < self._cut_until
        match self._random.choice(["lost", "silent"] if cut else ["well"] * 5 + ["slow", "lost"]):
            case "slow":
                await asyncio.sleep(self._random.uniform(0.0, 1.2 * REQUEST))
            case "lost":
                raise ApiError(words)
            case "silent":
                await asyncio.Event().wait()

    def pause(self) -> float:
        """Seconds until something is next done to a candidate."""
        return self._random.uniform(0.5, 15.0)

    def deed(self) -> str:
        """What is done to it."""
        deed = self._random.choice(["nothing", "edit", "cut", "cut", "end", "kill"])
        if deed == "cut":
            self._cut_until = now() + self._random.uniform(0.0, 2.0 * TERMS.lease)
        return deed

    def clock(self) -> Callable[[], float]:
        """One that began anywhere and runs a twentieth too fast or too slow, at most."""
        begun, rate = self._random.uniform(0.0, 1e6), self._random.uniform(0.95, 1.05)
        return lambda: begun + now() * rate


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_two_never_lead_at_once(seed: int) -> None:
    """Whatever is lost, late, edited, ended or killed; and when all is well again, one leads."""
    in_virtual_time(_live_through)(seed)


async def _live_through(seed: int) -> None:
    server = WatchedServer()
    living: list[Candidate] = []
    led: list[int] = []

    async def live(name: str) -> None:
        """One process after the other, each with a name of its own."""
        weather = Weather(f"{seed}{name}", fair_after=200.0)
        cluster = MemoryCluster(server)
        cluster.before, cluster.after = weather.before, weather.after
        for start in range(1000):
            one = candidate(cluster, f"{name}-{start}", weather.clock())
            living.append(one)
            async with standing(one):
                while (deed := weather.deed()) not in {"end", "kill"} or weather.fair:
                    if deed == "edit" and LEASE in server.objects:
                        server.patch(*LEASE, annotations={"at": str(now())})
                    await asyncio.sleep(weather.pause())
            if deed == "end":
                await one.release()
            living.remove(one)

    async def watch() -> None:
        while True:
            assert all(each.leading.is_set() != each.resting.is_set() for each in living)
            leaders = [each for each in living if each.leading.is_set()]
            assert len(leaders) <= 1
            if leaders:
                led.append(lease(server)["leaseTransitions"])
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(live(name)) for name in ("a", "b", "c")]
        tasks.append(group.create_task(watch()))
        await asyncio.sleep(250.0)
        assert [each.leading.is_set() for each in living].count(True) == 1
        for task in tasks:
            task.cancel()
    assert led == sorted(led)


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
