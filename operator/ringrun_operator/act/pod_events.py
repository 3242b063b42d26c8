"""The last event about each pod that does not start, and whose status does not say why.

Asked for by the controller before a look. A few pods of a run are enough to tell what keeps it, and
each is asked for seldom: a cluster on which nothing starts has other worries.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from ringrun.record.api import ApiError
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.names import ROLE_LABEL
from ringrun_operator.objects.hanging import ASK_EVERY, Said, is_stalled

PODS_ASKED_FOR: Final = 3

# Policy scanners and the like tell of pods, too, and of nothing that keeps them from starting.
_STARTERS: Final = {"kubelet", "attachdetach-controller", "node-controller"}


class PodEvents:
    """What was last said of pods, by uid, for as long as they are stalled."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._told: dict[str, tuple[float, Said | None]] = {}

    async def about(self, namespace: str, pods: Iterable[Mapping[str, Any]]) -> dict[str, Said]:
        """By pod name; of pods that start there is nothing. Never fails: it explains, no more."""
        found: dict[str, Said] = {}
        asked = 0
        # Slaves first, as what is shown of them: masters most often hang for the same.
        for pod in sorted(pods, key=_role, reverse=True):
            metadata = pod["metadata"]
            if not is_stalled(pod, _role(pod), self._clock()):
                self._told.pop(metadata["uid"], None)
                continue
            if asked < PODS_ASKED_FOR:
                asked += 1
                said = await self._last(namespace, metadata["uid"])
                if said is not None:
                    found[metadata["name"]] = said
        return found

    async def _last(self, namespace: str, uid: str) -> Said | None:
        at, said = self._told.get(uid, (-ASK_EVERY, None))
        if self._clock() >= at + ASK_EVERY:
            # As where the right to list events is not given: then nothing is known of them.
            with suppress(ApiError):
                said = _newest(await self._cluster.events_about(namespace, uid)) or said
            self._forget()
            self._told[uid] = (self._clock(), said)
        return said

    def _forget(self) -> None:
        """What was told of pods that nobody asks about any more: most were deleted meanwhile."""
        oldest = self._clock() - 10.0 * ASK_EVERY
        self._told = {uid: each for uid, each in self._told.items() if each[0] > oldest}


def _newest(events: Iterable[Mapping[str, Any]]) -> Said | None:
    """The last of these by those who start pods, or else the last; of one second, the later in the
    list, which is in the order of their making."""
    ordered = sorted(events, key=_when)
    last = next((each for each in reversed(ordered) if _by(each) in _STARTERS), None)
    last = last or (ordered[-1] if ordered else None)
    if last is None:
        return None
    return Said(str(last.get("reason", "")), " ".join(str(last.get("message", "")).split()))


def _role(pod: Mapping[str, Any]) -> str:
    role: str = (pod["metadata"].get("labels") or {}).get(ROLE_LABEL, "")
    return role


def _by(event: Mapping[str, Any]) -> str:
    component = (event.get("source") or {}).get("component") or event.get("reportingComponent")
    return str(component or "")


def _when(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return max((str(each) for each in times if each), default="")
