"""Observe, decide, apply: one run at a time, whenever something of it changed.

Fed by the watches (`watch.feed`), it keeps a queue of the runs to be looked at; each is looked at
by one worker at a time, asks `reconcile` what is to be done, and does it through `cluster`. It
decides nothing itself, and keeps nothing that the next operator would need.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from typing import Any, Final

from ringrun.record.api import ApiError, Refused
from ringrun_operator import metrics, names
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.decide.actions import (
    Action,
    Create,
    CreatePod,
    DeletePod,
    DeleteRun,
    Replace,
)
from ringrun_operator.decide.plan import Plan
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.kinds import WATCHED_KINDS
from ringrun_operator.objects.known import World
from ringrun_operator.objects.settings import Defaults
from ringrun_operator.watch.store import Key, Store

log = logging.getLogger(__name__)

WORKERS: Final = 8

REQUESTS_AT_ONCE: Final = 16
"""Pods of one run that are being made at the same time."""

FIRST_RETRY: Final = 0.25
LONGEST_RETRY: Final = 30.0
"""Seconds before a run whose look failed is looked at again; they double in between."""

REFUSED_RETRY: Final = 5.0
"""Seconds before pods that were refused are asked for again: what is shown stays true for ten."""

STALE_PATIENCE: Final = 10.0
"""An object of ours that is there already is of a run of the same name that was just deleted, or
was made by an operator that then died. The first is gone soon; after this it is taken for ours."""

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
    refusals: dict[str, str] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)
    stale_since: float | None = None
    status_at: float = 0.0


class Controller:
    """One term of an active operator. `run()` until it is cancelled."""

    def __init__(
        self,
        cluster: Cluster,
        defaults: Defaults,
        *,
        clock: Callable[[], float] = time.time,
        token: Callable[[], bytes] = lambda: secrets.token_bytes(32),
    ) -> None:
        self.store = Store()
        self._cluster = cluster
        self._defaults = defaults
        self._clock = clock
        self._token = token
        self._memories: dict[Key, _Memory] = {}
        self._due: dict[Key, asyncio.TimerHandle] = {}
        self._queue: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._busy: set[Key] = set()
        self._again: set[Key] = set()

    # Fed by the watches, in the controller's own thread

    def listed(self, kind: str, found: dict[str, Any]) -> None:
        """An object was there when the watch began. It is looked at when that is told as a change,
        which the watches do once everything that was there is listed."""
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
            log.exception("looking at %s/%s failed", *key)
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
            log.warning("%s/%s: %s; again in %.1f s", *key, words, wait)
        return wait

    async def _once(self, key: Key, memory: _Memory) -> float | None:
        run = self.store.run(key)
        if run is None:
            self._memories.pop(key, None)
            return None
        world = await self._observe(key, run, memory)
        plan = self._decide(world)
        refusals: dict[str, str] = {}
        for together, actions in groupby(plan.actions, lambda each: isinstance(each, CreatePod)):
            if together:
                await self._do_at_once(key, list(actions), memory, refusals)
            else:
                for action in actions:
                    await self._do(key, action, memory, refusals)
        if refusals != memory.refusals:
            memory.refusals = refusals
            # Nothing is done again: only what is shown of it changes.
            plan = self._decide(await self._observe(key, run, memory))
        wait = plan.again - self._clock()
        if refusals:
            wait = min(wait, REFUSED_RETRY)
        wait = min(wait, await self._show(key, run, plan, memory))
        await self._tell(run, plan, memory)
        return wait

    async def _observe(self, key: Key, run: Any, memory: _Memory) -> World:
        namespace, name = key
        uid = run["metadata"]["uid"]
        orders = self.store.object(key, "ConfigMap", names.orders_name(name), uid)
        lease = self.store.object(key, "Lease", names.lease_name(name), uid)
        if lease is None and orders is not None:
            # To be lost is the end of a run, so it is asked for rather than concluded from a watch.
            try:
                found = await self._cluster.get("Lease", namespace, names.lease_name(name))
            except Refused as refusal:
                if not refusal.is_gone:
                    raise
            else:
                self.store.put("Lease", found)
                lease = self.store.object(key, "Lease", names.lease_name(name), uid)
        return World(
            run=run,
            pods=self.store.pods(key, uid),
            lease=lease,
            orders=orders,
            result=self.store.object(key, "ConfigMap", names.result_name(name), uid),
            refusals=memory.refusals,
            token=self._token(),
        )

    def _decide(self, world: World) -> Plan:
        return reconcile(world, self._defaults, self._clock())

    # Apply

    async def _do_at_once(
        self, key: Key, actions: list[Action], memory: _Memory, refusals: dict[str, str]
    ) -> None:
        """Pods do not wait for each other: a large ring would be a long time in the making."""
        room = asyncio.Semaphore(REQUESTS_AT_ONCE)

        async def one(action: Action) -> None:
            async with room:
                await self._do(key, action, memory, refusals)

        failed = [
            error
            for error in await asyncio.gather(
                *(one(action) for action in actions), return_exceptions=True
            )
            if isinstance(error, BaseException)
        ]
        if failed:
            raise failed[0]

    async def _do(
        self, key: Key, action: Action, memory: _Memory, refusals: dict[str, str]
    ) -> None:
        match action:
            case Create(object=document):
                await self._create(document, memory)
            case CreatePod(object=document):
                try:
                    self._keep(document["kind"], await self._cluster.create(document))
                    metrics.PODS_CREATED.inc()
                except Refused as refusal:
                    if not refusal.is_conflict:
                        refusals[document["metadata"]["name"]] = str(refusal)
            case Replace(object=document):
                self._keep(document["kind"], await self._cluster.replace(document))
            case DeletePod(name=name, uid=uid):
                await self._cluster.delete("Pod", key[0], name, uid)
            case DeleteRun(name=name, uid=uid):
                await self._cluster.delete(names.KIND, key[0], name, uid)

    async def _create(self, document: dict[str, Any], memory: _Memory) -> None:
        try:
            self._keep(document["kind"], await self._cluster.create(document))
        except Refused as refusal:
            if not refusal.is_conflict:
                raise
            if memory.stale_since is None:
                memory.stale_since = self._clock()
            if self._clock() < memory.stale_since + STALE_PATIENCE:
                raise
        else:
            memory.stale_since = None

    def _keep(self, kind: str, found: dict[str, Any]) -> None:
        if kind in WATCHED_KINDS:
            self.store.put(kind, found)

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


def _is_race(error: ApiError) -> bool:
    """Whether this is what happens when two look at the same thing, and mends itself."""
    return isinstance(error, Refused) and (error.is_conflict or error.is_gone)
