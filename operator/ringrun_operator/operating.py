"""The operator from its start to its end: election, and, while it leads, watches and controller.

Called by `__main__`. Each term of leadership has a controller and watches of its own, so nothing
of an earlier one is left over.
"""

import asyncio
import logging
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Final

from ringrun.record.api import ApiError
from ringrun.wording import system_words
from ringrun_operator import health, metrics
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.act.controller import Controller
from ringrun_operator.act.election import Candidate
from ringrun_operator.act.reach import Reach
from ringrun_operator.act.rights import needed
from ringrun_operator.objects.settings import Defaults
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.watching import Watching

log = logging.getLogger(__name__)

LONGEST_SILENCE: Final = 45.0
"""Seconds without an answer to a watch, each of which is answered every ten, that make us ill while
the API server answers everything else. What a restart cannot mend makes us unready instead."""

LONGEST_GAP: Final = 30.0
"""The same, for the watches to be begun anew."""

PATIENCE: Final = 10.0
"""Seconds that something has to be wrong before an operator that was ready is not: a new term, or a
restart of the API server with its refusals, is over by then."""

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at how we are."""

POLL: Final = 2.0
"""Seconds between two looks for the RingRun resource while it is not there, and before watches that
ended are begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How this operator was started. No namespaces: all of them; no lease: no election."""

    namespaces: tuple[str, ...]
    defaults: Defaults
    own_namespace: str
    lease: str
    name: str
    port: int


class Operator:
    """One process. `run()` until SIGTERM or SIGINT."""

    def __init__(self, cluster: Cluster, options: Options) -> None:
        self._cluster = cluster
        self._options = options
        self._candidate = (
            Candidate(cluster, options.own_namespace, options.lease, options.name)
            if options.lease
            else None
        )
        lease_namespace = options.own_namespace if options.lease else ""
        rights = needed(
            options.namespaces,
            lease_namespace,
            network_policies=bool(options.defaults.network_ports),
        )
        self._reach = Reach(cluster, rights)
        self._watching: Watching | None = None
        self._controller: Controller | None = None
        self._waits_for_resource = False
        self._broke = ""
        self._well_at = -inf
        self._began_at = time.monotonic()
        self._complained = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        runner = (
            await health.serve(self._options.port, self._unhealthy, self._unready, self._count)
            if self._options.port
            else None
        )
        candidate = self._candidate
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(each)
                    for each in (self._terms(), self._reach.run(), self._look_after_itself())
                ]
                if candidate is not None:
                    tasks.append(group.create_task(candidate.run()))
                await stop.wait()
                for task in tasks:
                    task.cancel()
        finally:
            if candidate is not None:
                await candidate.release()
            if runner is not None:
                await runner.cleanup()

    async def _terms(self) -> None:
        """One term of leadership after the other."""
        candidate = self._candidate
        while True:
            if candidate is not None:
                await candidate.leading.wait()
            term = asyncio.ensure_future(self._lead())
            over = asyncio.ensure_future(
                candidate.resting.wait() if candidate is not None else asyncio.Event().wait()
            )
            try:
                await asyncio.wait({term, over}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (term, over):
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    async def _lead(self) -> None:
        """Watches after watches, for as long as the term lasts."""
        self._broke = ""
        while True:
            await self._until_ring_runs_are_there()
            await self._term()

    async def _until_ring_runs_are_there(self) -> None:
        """A watch of what the API server does not know is deaf for ever."""
        told = False
        try:
            while True:
                try:
                    if await self._cluster.has_ring_runs():
                        return
                except ApiError as error:
                    # In the log it is said by whoever looks after us.
                    self._broke = f"looking for RingRuns failed: {error}"
                else:
                    self._waits_for_resource = True
                    if not told:
                        log.warning("the API server knows no RingRuns yet: apply deploy/crd.yaml")
                        told = True
                await asyncio.sleep(POLL)
        finally:
            self._waits_for_resource = False

    async def _term(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        ends: list[BaseException] = []
        controller = Controller(self._cluster, self._options.defaults)

        def watch_ended(error: BaseException | None) -> None:
            if error is not None:
                ends.append(error)
            # The loop may be gone already, when the whole operator ends.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        watching = Watching(
            self._cluster,
            self._options.namespaces,
            Feed(
                page=controller.lists.page,
                changed=controller.changed,
                whole=controller.lists.whole,
                complete=controller.lists.complete,
            ).into(loop),
            watch_ended,
        )
        self._controller, self._watching = controller, watching
        metrics.ACTIVE.set(1)
        watching.start()
        work = asyncio.ensure_future(controller.run())
        try:
            while not ended.is_set() and not self._silent(LONGEST_GAP):
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await ended.wait()
            if ended.is_set():
                self._broke = f"the watches ended: {_words(ends[0] if ends else None)}"
            else:
                self._broke = "the watches are silent"
            log.warning("%s; beginning anew", self._broke)
            await asyncio.sleep(POLL)
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            self._controller = self._watching = None
            metrics.ACTIVE.set(0)
            await asyncio.to_thread(watching.stop)

    # How it is

    async def _look_after_itself(self) -> None:
        while True:
            self._unready()
            await asyncio.sleep(LOOK_EVERY)

    def _unhealthy(self) -> str:
        """What a restart may mend, once to begin the watches anew has not."""
        watching = self._watching
        if watching is None or not self._silent(LONGEST_SILENCE):
            return ""
        return f"no answer to a watch for {watching.silence:.0f} s"

    def _silent(self, longest: float) -> bool:
        """Whether kopf hears nothing, while the API server answers everything else."""
        watching = self._watching
        return watching is not None and min(watching.silence, self._reach.answering) > longest

    def _unready(self) -> str:
        """What is wrong, unless it has been for a moment only; said in the log when that changes.

        An operator that has just begun is not ready yet, and has nothing to complain of."""
        fault, now = self._fault(), time.monotonic()
        if not fault:
            self._well_at = now
        lasting = fault and now - max(self._well_at, self._began_at) >= PATIENCE
        if lasting and not self._complained:
            log.warning("not ready: %s", fault)
        elif self._complained and not fault:
            log.info("ready again")
        self._complained = bool(lasting)
        return fault if now - self._well_at >= PATIENCE else ""

    def _fault(self) -> str:
        if self._reach.fault:
            return self._reach.fault
        candidate = self._candidate
        if candidate is not None and (candidate.fault or not candidate.leading.is_set()):
            return candidate.fault
        if self._waits_for_resource:
            return "waits for the RingRun resource (deploy/crd.yaml)"
        watching = self._watching
        fault = "nothing is watched yet" if watching is None else watching.fault
        if not fault:
            self._broke = ""
        return self._broke or fault

    def _count(self) -> None:
        metrics.RUNS.clear()
        if self._controller is None:
            return
        phases = Counter(
            (run.get("status") or {}).get("phase", "") for _, run in self._controller.store.runs()
        )
        for phase, count in sorted(phases.items()):
            metrics.RUNS.labels(phase=phase or "none").set(count)


def _words(error: BaseException | None) -> str:
    """A refusal's own words, where kopf tells one."""
    if error is None:
        return "nobody said why"
    return str(getattr(error, "message", None) or "") or system_words(error)
