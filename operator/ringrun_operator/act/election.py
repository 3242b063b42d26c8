"""Which operator is the active one: a Lease of its own, and the election of the ring's core.

Used by `operating`. The class that decides is the one that the masters of a run use, by a monotonic
clock; this brings it what it reads and writes what it asks for.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from ringrun.core.master.election import Election, Terms
from ringrun.record.api import ApiError, Refused
from ringrun.record.lease_object import micro_time
from ringrun_operator.act.cluster import Cluster

log = logging.getLogger(__name__)

TERMS: Final = Terms(lease=8.0, renew=2.0, stop_after=6.0)

REQUEST: Final = 1.5
"""Seconds that a request may take: less than between two renewals."""

LOOK_EVERY: Final = 1.0
"""Seconds between two looks of an operator that stands by."""


class Candidate:
    """One operator. `leading` is set while it may act."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        lease: str,
        me: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.leading = asyncio.Event()
        self.resting = asyncio.Event()
        self.resting.set()
        self._cluster = cluster
        self._namespace = namespace
        self._name = lease
        self._clock = clock
        self._election = Election(me, now=clock(), terms=TERMS)
        self._lease: dict[str, Any] = {}
        self._complained = ""
        self._spec: dict[str, Any] | None = None
        self._renewals = 0
        self._kept_at: float | None = None

    @property
    def fault(self) -> str:
        """Why this operator neither leads nor stands by for one that does; empty if it does."""
        if self._complained or self._election.leads:
            return self._complained
        if self._kept_at is not None and self._clock() - self._kept_at < TERMS.lease:
            return ""
        held = f", held by {self._holder}" if self._holder else ""
        return (
            f"waits for the election: nobody was seen to renew the lease {self._name}{held} "
            f"(-n {self._namespace})"
        )

    async def run(self) -> None:
        """Stand, lead and renew until cancelled."""
        while True:
            await self._step()
            await asyncio.sleep(LOOK_EVERY if not self._election.leads else TERMS.renew / 4)

    async def release(self) -> None:
        """Free the lease, so that a standby need not wait for it to expire."""
        if self._election.leads:
            self._stop("it ends")
            try:
                await self._write(holder="", epoch=self._epoch)
            except ApiError as error:
                log.warning("the lease could not be freed: %s", error)

    @property
    def _holder(self) -> str:
        return str((self._lease.get("spec") or {}).get("holderIdentity") or "")

    @property
    def _epoch(self) -> int:
        return int((self._lease.get("spec") or {}).get("leaseTransitions") or 0)

    async def _step(self) -> None:
        try:
            # A leader that must stop waits for no answer, however many it has asked for.
            async with asyncio.timeout(self._left()):
                if self._election.leads:
                    await self._renew()
                else:
                    await self._stand()
            self._complain("")
        except Refused as refusal:
            if not refusal.is_conflict:
                self._complain(f"the operators' lease is refused: {refusal}")
        except ApiError as error:
            self._complain(f"the operators' lease is out of reach: {error}")
        except TimeoutError:
            self._complain("the operators' lease is out of reach: no answer in time")
        if self._election.too_late(self._clock()):
            self._stop("it could not renew its lease in time")

    def _complain(self, words: str) -> None:
        """Once, until it is something else, or all is well again."""
        if words and words != self._complained:
            log.warning("%s", words)
        self._complained = words

    def _left(self) -> float | None:
        """Seconds for which a leader may go on; None for one that does not lead."""
        election = self._election
        return max(0.0, election.gives_up_at() - self._clock()) if election.leads else None

    async def _stand(self) -> None:
        election = self._election
        try:
            await self._read()
        except Refused as refusal:
            if not refusal.is_gone:
                raise
            await self._make()
        if election.may_stand(self._clock()):
            sent, epoch = self._clock(), self._epoch + 1
            await self._write(holder=election.me, epoch=epoch)
            election.won(epoch, sent)
            log.info("%s is the active operator (epoch %d)", election.me, epoch)
            self.resting.clear()
            self.leading.set()

    async def _renew(self) -> None:
        election = self._election
        if not election.renewal_due(self._clock()):
            return
        sent = self._clock()
        try:
            await self._write_or_read(sent)
        except Refused as refusal:
            if not refusal.is_gone:
                raise
            self._stop("its lease is gone")

    async def _write_or_read(self, sent: float) -> None:
        """Renew. After a conflict, for which somebody else wrote, whoever holds it now leads."""
        election = self._election
        try:
            await self._write(holder=election.me, epoch=election.epoch)
            election.renewed(sent)
        except Refused as refusal:
            if not refusal.is_conflict:
                raise
            await self._read()
            if self._holder != election.me or self._epoch != election.epoch:
                self._stop(f"{self._holder or 'nobody'} holds the lease")

    def _stop(self, why: str) -> None:
        if self._election.leads:
            log.warning("%s is no longer the active operator: %s", self._election.me, why)
            self._election.stop()
            self.leading.clear()
            self.resting.set()

    async def _read(self) -> None:
        self._lease = await self._cluster.get("Lease", self._namespace, self._name, within=REQUEST)
        self._saw(self._clock())

    async def _make(self) -> None:
        if self._holder not in ("", self._election.me):
            # It was taken from under a leader, who may not know it yet.
            self._election.stand_aside(self._clock() + TERMS.lease)
        self._lease = await self._cluster.create(
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._name, "namespace": self._namespace},
                "spec": {},
            }
        )
        self._saw(self._clock())

    async def _write(self, *, holder: str, epoch: int) -> None:
        now = micro_time(datetime.now(UTC))
        before = self._lease.get("spec") or {}
        spec = {
            **before,
            "holderIdentity": holder,
            "leaseDurationSeconds": round(TERMS.lease),
            "leaseTransitions": epoch,
            "renewTime": now,
        }
        if before.get("holderIdentity") != holder:
            spec["acquireTime"] = now
        self._lease = await self._cluster.replace({**self._lease, "spec": spec}, within=REQUEST)
        self._saw(self._clock())

    def _saw(self, now: float) -> None:
        """The lease as it is now. Whoever edits something else of it renews nothing."""
        spec = dict(self._lease.get("spec") or {})
        if spec != self._spec:
            first, self._spec = self._spec is None, spec
            self._renewals += 1
            if not first and self._holder not in ("", self._election.me):
                self._kept_at = now
        self._election.saw(self._renewals, self._holder, now)
