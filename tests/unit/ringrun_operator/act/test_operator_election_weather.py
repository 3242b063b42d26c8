"""That two never lead at once, whatever happens to their requests, by a seed."""

import asyncio
import random
from collections.abc import Callable

from candidates import LEASE, candidate, lease, standing
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_cluster import Call, MemoryCluster, WatchedServer
from virtual_time import START, in_virtual_time, now

from ringrun.record.api import ApiError
from ringrun_operator.act.election import REQUEST, TERMS, Candidate


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
