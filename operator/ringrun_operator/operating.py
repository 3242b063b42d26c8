"""The operator from its start to its end: election, and, while it leads, watches and controller.

Called by `__main__`. Each term of leadership has a controller and watches of its own, so nothing
of an earlier one is left over.
"""

import asyncio
import logging
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringrun.record.api import ApiError
from ringrun_operator import health, metrics
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.act.controller import Controller
from ringrun_operator.act.election import Candidate
from ringrun_operator.objects.settings import Defaults
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.watching import Watching

log = logging.getLogger(__name__)

LONGEST_SILENCE: Final = 45.0
"""Seconds without an answer to a watch, each of which is answered every ten, that make us ill."""

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


class Awaited(StrEnum):
    """What has to come before the watches begin, as the probes tell it."""

    ELECTION = "the election"
    RESOURCE = "the RingRun resource (deploy/crd.yaml)"


class Operator:
    """One process. `run()` until SIGTERM or SIGINT."""

    def __init__(self, cluster: Cluster, options: Options) -> None:
        self._cluster = cluster
        self._options = options
        self._watching: Watching | None = None
        self._controller: Controller | None = None
        self._waits_for = Awaited.ELECTION

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
        candidate = (
            Candidate(
                self._cluster, self._options.own_namespace, self._options.lease, self._options.name
            )
            if self._options.lease
            else None
        )
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._terms(candidate))]
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

    async def _terms(self, candidate: Candidate | None) -> None:
        """One term of leadership after the other."""
        while True:
            self._waits_for = Awaited.ELECTION
            if candidate is not None:
                await candidate.leading.wait()
            await self._until_ring_runs_are_there()
            term = asyncio.ensure_future(self._term())
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

    async def _until_ring_runs_are_there(self) -> None:
        """A watch of what the API server does not know is deaf for ever."""
        self._waits_for = Awaited.RESOURCE
        told = False
        while True:
            try:
                if await self._cluster.has_ring_runs():
                    return
            except ApiError as error:
                log.warning("the API server is out of reach: %s", error)
            else:
                if not told:
                    log.warning("the API server knows no RingRuns yet: apply deploy/crd.yaml")
                    told = True
            await asyncio.sleep(POLL)

    async def _term(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        controller = Controller(self._cluster, self._options.defaults)

        def watch_ended(error: BaseException | None) -> None:
            # The loop may be gone already, when the whole operator ends.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)
            if error is not None:
                log.warning("the watches ended: %r", error)

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
            await ended.wait()
            log.warning("the watches have ended; beginning anew")
            await asyncio.sleep(POLL)
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            self._controller = self._watching = None
            metrics.ACTIVE.set(0)
            await asyncio.to_thread(watching.stop)

    # How it is

    def _unhealthy(self) -> str:
        watching = self._watching
        if watching is not None and watching.silence > LONGEST_SILENCE:
            return f"no answer to a watch for {watching.silence:.0f} s"
        return ""

    def _unready(self) -> str:
        watching = self._watching
        if watching is not None:
            return "" if watching.ready else "the watches have not been answered yet"
        # A standby is as ready as it can be; one that waits for the CRD is not.
        return "" if self._waits_for is Awaited.ELECTION else f"waits for {self._waits_for}"

    def _count(self) -> None:
        metrics.RUNS.clear()
        if self._controller is None:
            return
        phases = Counter(
            (run.get("status") or {}).get("phase", "") for _, run in self._controller.store.runs()
        )
        for phase, count in sorted(phases.items()):
            metrics.RUNS.labels(phase=phase or "none").set(count)
