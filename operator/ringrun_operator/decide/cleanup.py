"""What is taken away after the end of a run: what still runs, its pods, the run itself.

Called by `decided` once the report is complete; nothing else is decided then.
"""

import math
from dataclasses import dataclass
from typing import Final

from ringrun.spec import Cleanup
from ringrun_operator.objects.known import Known
from ringrun_operator.objects.pod_seen import PodSeen

LINGER: Final = 15.0
"""What still runs so long after the report is complete is deleted: it had time to end by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """`pods` are to be deleted now, and the run too if it is `expired`; what still runs in those
    that are `outlived` is to be ended. `again` is when time alone changes this."""

    pods: tuple[PodSeen, ...]
    outlived: tuple[PodSeen, ...]
    expired: bool
    again: float


def leftovers(known: Known, finished: float) -> Leftovers:
    """What has outstayed its time; `finished` is when the report was first seen complete."""
    spec, now = known.spec, known.now
    # Without a record nobody can stop the slaves: they end by their own clocks.
    own_time = 0.0 if known.record is not None else spec.send + spec.grace
    linger = finished + LINGER + own_time
    over = now >= linger
    expires = math.inf if spec.ttl is None else finished + spec.ttl
    waits = not over and any(pod.living or pod.outlived for pod in known.pods)
    pods = tuple(
        pod
        for pod in known.pods
        if not pod.deleting
        and ((pod.living and over) or (spec.cleanup is Cleanup.DELETE_PODS and (pod.ended or over)))
    )
    return Leftovers(
        pods=pods,
        outlived=tuple(
            pod
            for pod in known.pods
            if pod.outlived and over and not pod.deleting and pod not in pods
        ),
        expired=now >= expires,
        again=min(linger if waits else math.inf, expires if now < expires else math.inf),
    )
