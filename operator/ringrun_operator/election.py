"""Which operator is the active one: a Lease of its own, and the election of the ring's core.

Used by `operating`. The class that decides is the one that the masters of a run use, by a monotonic
clock; this brings it what it reads and writes what it asks for.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any, Final

from ringrun.core.election import Election, Terms
from ringrun.record.api import ApiError, Refused
from ringrun.record.lease_object import micro_time
from ringrun_operator.cluster import Cluster

log = logging.getLogger(__name__)

TERMS: Final = Terms(lease=8.0, renew=2.0, stop_after=6.0)

REQUEST: Final = 1.5
"""Seconds that a request may take: less than between two renewals."""

LOOK_EVERY: Final = 1.0
"""Seconds between two looks of an operator that stands by."""


class Candidate:
    """One operator. `leading` is set while it may act."""

    def __init__(self, cluster: Cluster, namespace: str, lease: str, me: str) -> None:
        self.leading = asyncio.Event()
        self.resting = asyncio.Event()
        self.resting.set()
        self._cluster = cluster
        self._namespace = namespace
        self._name = lease
        self._election = Election(me, now=time.monotonic(), terms=TERMS)
        self._lease: dict[str, Any] = {}

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
    def _epoch(self) -> int:
        return int((self._lease.get("spec") or {}).get("leaseTransitions") or 0)

    async def _step(self) -> None:
        election = self._election
        try:
            if election.leads:
                if election.renewal_due(time.monotonic()):
                    sent = time.monotonic()
                    await self._write(holder=election.me, epoch=election.epoch)
                    election.renewed(sent)
            else:
                await self._read()
                if election.may_stand(time.monotonic()):
                    sent, epoch = time.monotonic(), self._epoch + 1
                    await self._write(holder=election.me, epoch=epoch)
                    election.won(epoch, sent)
                    log.info("%s is the active operator (epoch %d)", election.me, epoch)
                    self.resting.clear()
                    self.leading.set()
        except Refused as refusal:
            if refusal.is_conflict and election.leads:
                await self._lost_or_moved()
            elif not refusal.is_conflict:
                log.warning("the operators' lease: %s", refusal)
        except ApiError as error:
            log.warning("the operators' lease is out of reach: %s", error)
        if election.too_late(time.monotonic()):
            self._stop("it could not renew its lease in time")

    async def _lost_or_moved(self) -> None:
        """A conflict: somebody else wrote. Whoever holds it now leads."""
        await self._read()
        holder = (self._lease.get("spec") or {}).get("holderIdentity")
        if holder != self._election.me or self._epoch != self._election.epoch:
            self._stop(f"{holder or 'nobody'} holds the lease")

    def _stop(self, why: str) -> None:
        if self._election.leads:
            log.warning("%s is no longer the active operator: %s", self._election.me, why)
            self._election.stop()
            self.leading.clear()
            self.resting.set()

    async def _read(self) -> None:
        try:
            self._lease = await self._cluster.get(
                "Lease", self._namespace, self._name, within=REQUEST
            )
        except Refused as refusal:
            if not refusal.is_gone:
                raise
            self._lease = await self._cluster.create(
                {
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": self._name, "namespace": self._namespace},
                    "spec": {},
                }
            )
        self._saw(time.monotonic())

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
        self._saw(time.monotonic())

    def _saw(self, now: float) -> None:
        version = int(self._lease["metadata"]["resourceVersion"])
        holder = (self._lease.get("spec") or {}).get("holderIdentity") or ""
        self._election.saw(version, holder, now)
