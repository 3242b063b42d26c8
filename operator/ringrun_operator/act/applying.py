"""Carries out what a plan asks for, and tells what the API server said of what was to be made.

Called by the controller, for one run at a time. An object that is there already under the name of
one that is to be made is looked at: it is used if this very run controls it, and never else.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from ringrun.record.api import Refused
from ringrun.record.owned import is_owned
from ringrun_operator import metrics, names
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.decide.actions import (
    Action,
    Create,
    CreatePod,
    DeletePod,
    DeleteRun,
    EndPod,
    Replace,
)
from ringrun_operator.kinds import WATCHED_KINDS
from ringrun_operator.objects.owner import Object, is_left_by_another, whose
from ringrun_operator.watch.kept import Key

REQUESTS_AT_ONCE: Final = 16
"""Pods of one run that are being made at the same time."""

_NO: Final = (400, 403, 422)
"""HTTP statuses by which rights, quotas and admission say no, to be told and tried again."""

STALE_PATIENCE: Final = 10.0
"""What a run of the same name left is gone within seconds; it is told of if it is there longer."""

Keep = Callable[[str, dict[str, Any], Key], None]


@dataclass(slots=True)
class Said:
    """What was refused, and whose the names are that are taken: `World` has the same."""

    refusals: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.refusals or self.taken or self.refused)


class _Stopped(Exception):  # noqa: N818 - it is what happened, not a fault of ours
    """What has to be there before anything else is made is not to be had now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One call of `carry_out`."""

    key: Key
    uid: str
    left: dict[str, float]
    said: Said


class Applying:
    """Does what it is asked for through `cluster`; `keep` is told of every object, as it is then,
    and of its run."""

    def __init__(self, cluster: Cluster, keep: Keep, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._keep = keep
        self._clock = clock

    async def carry_out(
        self, key: Key, actions: Sequence[Action], uid: str, left: dict[str, float]
    ) -> Said:
        """Do these in order, for the run with this uid; ApiError from the first that fails.

        `left` is since when another run's objects have been seen under this one's names; it is
        kept by whoever calls.
        """
        said = Said()
        work = _Work(key=key, uid=uid, left=left, said=said)
        try:
            for together, some in groupby(actions, lambda each: isinstance(each, CreatePod)):
                if together:
                    await self._at_once(work, list(some))
                else:
                    for action in some:
                        await self._do(work, action)
        except _Stopped:
            # What follows would be done in another's name.
            return said
        return said

    async def _at_once(self, work: _Work, actions: list[Action]) -> None:
        """Pods do not wait for each other: a large ring would be a long time in the making."""
        room = asyncio.Semaphore(REQUESTS_AT_ONCE)

        async def one(action: Action) -> None:
            async with room:
                await self._do(work, action)

        failed = [
            error
            for error in await asyncio.gather(
                *(one(action) for action in actions), return_exceptions=True
            )
            if isinstance(error, BaseException)
        ]
        if failed:
            raise failed[0]

    async def _do(self, work: _Work, action: Action) -> None:
        match action:
            case Create(object=document):
                await self._create(work, document)
            case CreatePod(object=document):
                await self._create_pod(work, document)
            case Replace(object=document):
                self._keep(document["kind"], await self._cluster.replace(document), work.key)
            case DeletePod(name=name, uid=uid):
                await self._cluster.delete("Pod", work.key[0], name, uid)
            case EndPod(name=name, uid=uid):
                await self._cluster.end_pod(work.key[0], name, uid)
            case DeleteRun(name=name, uid=uid):
                await self._cluster.delete(names.KIND, work.key[0], name, uid)

    async def _create(self, work: _Work, document: Object) -> None:
        try:
            self._keep(document["kind"], await self._cluster.create(document), work.key)
        except Refused as refusal:
            if refusal.status in _NO:
                work.said.refused[f"{document['kind']} {document['metadata']['name']}"] = str(
                    refusal
                )
                raise _Stopped from refusal
            # Of what is never looked at the next look makes another, under another mark.
            if not refusal.is_conflict or document["kind"] not in WATCHED_KINDS:
                raise
            if await self._look_at_the_other(work, document):
                return
            # What is only left of another run is waited for, as any race is.
            raise (_Stopped() if work.said.taken else refusal) from refusal

    async def _create_pod(self, work: _Work, document: Object) -> None:
        try:
            self._keep("Pod", await self._cluster.create(document), work.key)
            metrics.PODS_CREATED.inc()
        except Refused as refusal:
            if refusal.is_conflict:
                await self._look_at_the_other(work, document)
            else:
                work.said.refusals[document["metadata"]["name"]] = str(refusal)

    async def _look_at_the_other(self, work: _Work, document: Object) -> bool:
        """Whose the object is that has this name: kept if it is this run's, told if not."""
        kind, wanted = document["kind"], document["metadata"]
        found = await self._cluster.get(kind, work.key[0], wanted["name"])
        if is_owned(found, work.uid):
            self._keep(kind, found, work.key)
            return True
        what, now = f"{kind} {wanted['name']}", self._clock()
        since = work.left.setdefault(what, now)
        run = work.key[1]
        if not is_left_by_another(found, run) or now >= since + STALE_PATIENCE:
            work.said.taken[what] = whose(found, run)
        return False
