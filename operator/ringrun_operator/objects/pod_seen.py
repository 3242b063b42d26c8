"""What a pod says of the node in it: the kubelet's and the scheduler's words, as values.

Called by `known` for every pod of a run. The node's container is found by its name, among however
many others. Its end is read from its state, for the pod's phase comes a second later (tried), and
with another container that runs on, never; from the phase only where no kubelet would run the pod,
which then has no container. A pod that is gone says nothing about its process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import msgspec

from ringrun.core.messages import Result
from ringrun.core.node import NodeId
from ringrun.core.supervisor.observed import SlaveSeen
from ringrun_operator import names
from ringrun_operator.names import Role, number_of, role_of
from ringrun_operator.objects.hanging import (
    Said,
    cause_of_init,
    condition,
    container_status,
    find,
    last_words,
    next_look,
)
from ringrun_operator.objects.pods import SLAVE_PORT
from ringrun_operator.objects.trouble import Trouble
from ringrun_operator.times import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSeen:
    """One pod of a run.

    `trouble` is why it does not start, in one word, and `words` are the kubelet's or scheduler's
    own; `next_look` is when time alone may say more of that. `image_id` is the image as the kubelet
    found it. One that is `outlived` has ended, and other containers of its pod still run. Times are
    seconds since 1970: `lifetime` and `ended_at` by the kubelet's clock, and comparable with each
    other alone.
    """

    node: NodeId
    name: str
    uid: str
    image: str = ""
    image_id: str = ""
    host: str = ""
    running: bool = False
    ready: bool = False
    ended: bool = False
    ended_by_kubelet: bool = False
    outlived: bool = False
    deleting: bool = False
    gated: bool = False
    disrupted: bool = False
    cause: str = ""
    trouble: Trouble | None = None
    words: str = ""
    result: Result | None = None
    lifetime: float = 0.0
    next_look: float = inf
    ended_at: float = 0.0

    @property
    def role(self) -> Role:
        """Slave or master."""
        return role_of(self.node)

    @property
    def number(self) -> int:
        """A slave's ordinal, or a master's place."""
        return number_of(self.node)

    @property
    def living(self) -> bool:
        """Neither ended nor told to end."""
        return not self.ended and not self.deleting

    def as_slave(self) -> SlaveSeen:
        """As `core.supervisor.roster` wants to see it. It is dialled as soon as its process runs:
        the leader tries again until it listens."""
        return SlaveSeen(
            ordinal=self.number,
            incarnation=self.node.incarnation,
            host=self.host if self.running else "",
            port=SLAVE_PORT if self.running and self.host else 0,
            ended=self.ended,
            deleting=self.deleting,
            disrupted=self.disrupted,
            cause=self.cause,
            result=self.result,
        )


def see_pod(
    run: str, pod: Mapping[str, Any], now: float = 0.0, event: Said | None = None
) -> PodSeen | None:
    """What there is to see of a pod; None if it is no node of this run.

    The container that is called as the node's role decides, whatever others there are. `now` is by
    the API server's clock; `event` is the last about a pod that is stalled.
    """
    metadata = pod["metadata"]
    node = names.pod_node(run, metadata["name"])
    if node is None:
        return None
    role = role_of(node)
    status = pod.get("status") or {}
    container = container_status(status, role.value)
    state = container.get("state") or {}
    terminated = state.get("terminated")
    phase = status.get("phase", "Pending")
    over = phase in {"Failed", "Succeeded"}
    ended = terminated is not None or over
    deleting = "deletionTimestamp" in metadata
    hanging = None if ended else find(pod, role.value, event, now)
    # One that the kubelet would not run has no container that could tell.
    made = seconds(metadata.get("creationTimestamp"))
    started, finished = _span(terminated) if terminated else (made, made)
    return PodSeen(
        node=node,
        name=metadata["name"],
        uid=metadata["uid"],
        image=str(container.get("image") or _image(pod, role)),
        image_id=str(container.get("imageID") or ""),
        host=status.get("podIP", ""),
        running="running" in state,
        ready=bool(container.get("ready")),
        ended=ended,
        ended_by_kubelet=terminated is not None,
        outlived=terminated is not None and not over and _others_run(pod, role),
        deleting=deleting,
        gated=condition(status, "PodScheduled").get("reason") == "SchedulingGated",
        disrupted=condition(status, "DisruptionTarget").get("status") == "True",
        cause=_cause(status, terminated) if ended else ("pod deleted" if deleting else ""),
        trouble=None if hanging is None else hanging.trouble,
        words="" if hanging is None else hanging.words,
        result=_result(terminated) if role is Role.SLAVE else None,
        lifetime=max(0.0, finished - started),
        ended_at=finished,
        next_look=inf if ended else next_look(pod, role.value, now),
    )


def _others_run(pod: Mapping[str, Any], role: Role) -> bool:
    """Whether a container runs beside the node's, and was not told to end yet."""
    status = pod["status"]
    others = (
        *(status.get("containerStatuses") or ()),
        *(status.get("initContainerStatuses") or ()),
    )
    told = (pod.get("spec") or {}).get("activeDeadlineSeconds") == 1
    return not told and any("running" in (each.get("state") or {}) for each in others)


def _image(pod: Mapping[str, Any], role: Role) -> str:
    containers = (pod.get("spec") or {}).get("containers") or ()
    return next((str(each.get("image", "")) for each in containers if each.get("name") == role), "")


def _cause(status: Mapping[str, Any], terminated: Mapping[str, Any] | None) -> str:
    """How it ended, in one line."""
    if terminated is None:
        if words := cause_of_init(status):
            return words
        # The kubelet never started it, or the cluster node is lost: eviction, shutdown, admission.
        said = (status.get("reason", "Failed"), status.get("message", ""))
        return ": ".join(" ".join(word.split()) for word in said if word)
    code, reason = terminated.get("exitCode"), terminated.get("reason", "")
    cause = f"exit code {code}"
    if reason not in {"", "Error", "Completed"}:
        cause += f" ({reason})"
    message = terminated.get("message", "")
    if code and not _result(terminated):
        # What it said last is why it ended.
        words = last_words(message)
        cause += f": {words}" if words else ""
    return cause


def _result(terminated: Mapping[str, Any] | None) -> Result | None:
    """The result that a slave left as its termination message."""
    message = (terminated or {}).get("message", "")
    if not message.startswith("{"):
        return None
    try:
        return msgspec.json.decode(message, type=Result)
    except msgspec.DecodeError:
        return None


def _span(terminated: Mapping[str, Any]) -> tuple[float, float]:
    return seconds(terminated.get("startedAt")), seconds(terminated.get("finishedAt"))
