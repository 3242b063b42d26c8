"""Observe, decide, apply: one run at a time, whenever something of it changed.

Fed by the watches (`watch.feed`), it keeps a queue of the runs to be looked at; each is looked at
by one worker at a time, asks `reconcile` what is to be done, and has it done by `applying`. It
decides nothing itself, and keeps nothing that the next operator would need.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from ringrun.record.api import ApiError, Refused
from ringrun_operator import metrics, names
from ringrun_operator.act.applying import Applying, Said
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.act.lists import Lists
from ringrun_operator.act.pod_events import PodEvents
from ringrun_operator.decide.plan import Plan
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.kinds import WATCHED_KINDS
from ringrun_operator.objects.known import World, is_final
from ringrun_operator.objects.resources import had_record
from ringrun_operator.objects.settings import Defaults
from ringrun_operator.watch.kept import Key
from ringrun_operator.watch.store import Store

log = logging.getLogger(__name__)

WORKERS: Final = 8

FIRST_RETRY: Final = 0.25
LONGEST_RETRY: Final = 30.0
"""Seconds before a run whose look failed is looked at again; they double in between."""

REFUSED_RETRY: Final = 5.0
"""Seconds before pods that were refused are asked for again: what is shown stays true for ten."""

STATUS_EVERY: Final = 1.0
"""Seconds between two writes of a status that differ in their figures alone."""

EVENTS_FOR: Final = 600.0
"""Events of a run that finished longer ago are not told again: they may have expired by now."""

FIGURES: Final = frozenset({"count", "rate"})


@dataclass(slots=True)
class _Memory:
    """What a controller remembers of a run, for convenience: losing it costs a request or two."""

    uid: str
    failures: int = 0
    said: Said = field(default_factory=Said)
    told: set[tuple[str, str]] = field(default_factory=set)
    left: dict[str, float] = field(default_factory=dict)
    status_at: float = 0.0
    over: bool = False


class Controller:
    """One term of an active operator. `run()` until it is cancelled."""

    def __init__(
        self,
        cluster: Cluster,
        defaults: Defaults,
        *,
        clock: Callable[[], float] | None = None,
        token: Callable[[], bytes] = lambda: secrets.token_bytes(32),
        mark: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self.store = Store()
        self._cluster = cluster
        self._defaults = defaults
        self._clock = clock or cluster.now
        self._token = token
        self._mark = mark
        self._pod_events = PodEvents(cluster, self._clock)
        self._applying = Applying(cluster, self._keep, self._clock)
        self._memories: dict[Key, _Memory] = {}
        self._due: dict[Key, asyncio.TimerHandle] = {}
        self._queue: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._busy: set[Key] = set()
        self._again: set[Key] = set()
        self.lists = Lists(self.store, self.look, self._later)

    # Fed by the watches, in the controller's own thread

    def listed(self, kind: str, found: dict[str, Any]) -> None:
        """An object was there when kopf listed it. It is looked at when that is told as a change,
        which kopf does once everything that was there is listed."""
        self.store.put(kind, found)

    def changed(self, kind: str, found: dict[str, Any], deleted: bool) -> None:
        """An object was made, changed or deleted."""
        key = self.store.drop(kind, found) if deleted else self.store.put(kind, found)
        if key is not None:
            self.look(key)

    def look(self, key: Key) -> None:
        """Look at this run soon: once, however often it is asked for until then."""
        if key in self._busy:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._queue.put_nowait(key)

    # Workers

    async def run(self) -> None:
        """Look at runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            self._waiting.discard(key)
            self._busy.add(key)
            try:
                again = await self._attempt(key)
            finally:
                self._busy.discard(key)
            if key not in self._memories or self._memories[key].over:
                self.store.rest(key)
            if key in self._again:
                self._again.discard(key)
                self.look(key)
            else:
                self._later(key, again)

    def _later(self, key: Key, wait: float | None) -> None:
        timer = self._due.pop(key, None)
        if timer is not None:
            timer.cancel()
        if wait is not None:
            loop = asyncio.get_running_loop()
            self._due[key] = loop.call_later(max(0.0, wait), self.look, key)

    async def _attempt(self, key: Key) -> float | None:
        """One look; seconds until the next is due by itself."""
        memory = self._memory(key)
        started = time.perf_counter()
        try:
            again = await self._once(key, memory)
        except ApiError as error:
            return self._failed(key, memory, str(error), expected=_is_race(error))
        except Exception as error:
            # Our own bug: the other runs go on, and this one says so in the log until it is mended.
            log.exception("looking at %s/%s failed", *key, extra=_fields(key))
            return self._failed(key, memory, repr(error), expected=True)
        finally:
            metrics.RECONCILE_SECONDS.observe(time.perf_counter() - started)
        memory.failures = 0
        return again

    def _memory(self, key: Key) -> _Memory:
        """A run that was made anew under its name is another: nothing is remembered of it."""
        run = self.store.run(key)
        uid = run["metadata"]["uid"] if run is not None else ""
        memory = self._memories.get(key)
        if memory is None or memory.uid != uid:
            memory = self._memories[key] = _Memory(uid)
        return memory

    def _failed(self, key: Key, memory: _Memory, words: str, *, expected: bool) -> float:
        metrics.RECONCILE_ERRORS.inc()
        memory.failures += 1
        wait = min(FIRST_RETRY * 2.0 ** (memory.failures - 1), LONGEST_RETRY)
        if not expected or memory.failures > 5:
            log.warning("%s/%s: %s; again in %.1f s", *key, words, wait, extra=_fields(key))
        return wait

    async def _once(self, key: Key, memory: _Memory) -> float | None:
        run = self.store.run(key)
        if run is None:
            self._memories.pop(key, None)
            return None
        world = await self._observe(key, run, memory)
        plan = self._decide(world)
        memory.over = plan.finished is not None
        said = await self._applying.carry_out(key, plan.actions, memory.uid, memory.left)
        # What a run ends with stands, though nothing was asked for any more.
        if said != memory.said and plan.finished is None:
            memory.said = said
            # Nothing is done again: only what is shown of it changes.
            plan = self._decide(await self._observe(key, run, memory))
        wait = plan.again - self._clock()
        if said:
            wait = min(wait, REFUSED_RETRY)
        wait = min(wait, await self._show(key, run, plan, memory))
        await self._tell(run, plan, memory)
        return wait

    async def _observe(self, key: Key, run: Any, memory: _Memory) -> World:
        namespace, name = key
        uid, final = run["metadata"]["uid"], is_final(run)
        orders = self.store.object(key, "ConfigMap", names.orders_name(name, uid), uid)
        if orders is None:
            orders = self.store.object(key, "ConfigMap", names.plain_orders_name(name), uid)
        lease = self.store.object(key, "Lease", names.lease_name(name), uid)
        if lease is None and had_record(orders) and not final:
            # To be lost is the end of a run, so it is asked for rather than concluded from a watch.
            try:
                found = await self._cluster.get("Lease", namespace, names.lease_name(name))
            except Refused as refusal:
                if not refusal.is_gone:
                    raise
            else:
                self.store.put("Lease", found, key)
                lease = self.store.object(key, "Lease", names.lease_name(name), uid)
        pods = self.store.pods(key, uid)
        return World(
            run=run,
            pods=pods,
            lease=lease,
            orders=orders,
            result=self.store.object(key, "ConfigMap", names.result_name(name), uid),
            refusals=memory.said.refusals,
            taken=memory.said.taken,
            refused=memory.said.refused,
            pod_events={} if final else await self._pod_events.about(namespace, pods),
            token=self._token(),
            mark=self._mark(),
        )

    def _decide(self, world: World) -> Plan:
        return reconcile(world, self._defaults, self._clock())

    # Apply

    def _keep(self, kind: str, found: dict[str, Any], key: Key) -> None:
        if kind in WATCHED_KINDS:
            self.store.put(kind, found, key)

    async def _show(self, key: Key, run: Any, plan: Plan, memory: _Memory) -> float:
        """Apply the status if it says something new; seconds until it may be applied again."""
        wanted, shown = plan.status, run.get("status") or {}
        if wanted is None or wanted == shown:
            return inf
        differing = {each for each in {*wanted, *shown} if wanted.get(each) != shown.get(each)}
        wait = memory.status_at + STATUS_EVERY - self._clock()
        if differing <= FIGURES and wait > 0.0:
            return wait
        try:
            self.store.put(names.KIND, await self._cluster.apply_status(*key, wanted))
        except Refused as refusal:
            if refusal.is_gone:
                return inf
            raise
        memory.status_at = self._clock()
        if "completionTime" in wanted and "completionTime" not in shown:
            metrics.VERDICTS.labels(verdict=wanted.get("verdict") or "none").inc()
        return inf

    async def _tell(self, run: Any, plan: Plan, memory: _Memory) -> None:
        finished = plan.finished
        if finished is not None and self._clock() > finished + EVENTS_FOR:
            return
        for event in plan.events:
            if (event.reason, event.key) not in memory.told:
                await self._cluster.tell(run, event, self._clock())
                memory.told.add((event.reason, event.key))


def _fields(key: Key) -> dict[str, str]:
    """What a log line is about, for those that are read by machines."""
    return {"namespace": key[0], "run": key[1]}


def _is_race(error: ApiError) -> bool:
    """Whether this is what happens when two look at the same thing, and mends itself."""
    return isinstance(error, Refused) and (error.is_conflict or error.is_gone)
