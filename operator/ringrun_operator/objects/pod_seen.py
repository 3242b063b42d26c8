"""What a pod says of the node in it: the kubelet's and the scheduler's words, as values.

Called by `known` for every pod of a run. A container's end is read from its state, for the pod's
phase comes a second later (tried); from the phase only where no kubelet would run the pod, which
then has no container. A pod that is gone says nothing about its process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ringrun.core.messages import Result
from ringrun.core.node import NodeId
from ringrun.core.supervisor.observed import SlaveSeen
from ringrun_operator import names
from ringrun_operator.names import Role, number_of, role_of
from ringrun_operator.objects.pods import SLAVE_PORT
from ringrun_operator.objects.trouble import Trouble
from ringrun_operator.times import seconds

# The kubelet's own reasons for a container that waits, and what they come down to.
_WAITING: Final = {
    "ErrImagePull": Trouble.IMAGE_PULL_FAILED,
    "ImagePullBackOff": Trouble.IMAGE_PULL_FAILED,
    "ErrImageNeverPull": Trouble.IMAGE_PULL_FAILED,
    "InvalidImageName": Trouble.IMAGE_PULL_FAILED,
    "ImageInspectError": Trouble.IMAGE_PULL_FAILED,
    "RegistryUnavailable": Trouble.IMAGE_PULL_FAILED,
    "CreateContainerConfigError": Trouble.CONTAINER_FAILED,
    "CreateContainerError": Trouble.CONTAINER_FAILED,
    "RunContainerError": Trouble.CONTAINER_FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSeen:
    """One pod of a run. `trouble` is why it does not start, in one word, and `words` are the
    kubelet's or scheduler's own; `image_id` is the image as the kubelet found it. Times are seconds
    since 1970 by the kubelet's clock, and comparable with each other alone."""

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
    deleting: bool = False
    gated: bool = False
    disrupted: bool = False
    cause: str = ""
    trouble: Trouble | None = None
    words: str = ""
    result: Result | None = None
    lifetime: float = 0.0
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


def see_pod(run: str, pod: Mapping[str, Any]) -> PodSeen | None:
    """What there is to see of a pod; None if it is no node of this run."""
    metadata = pod["metadata"]
    node = names.pod_node(run, metadata["name"])
    if node is None:
        return None
    status = pod.get("status") or {}
    container: Mapping[str, Any] = next(iter(status.get("containerStatuses") or ()), {})
    state = container.get("state") or {}
    terminated = state.get("terminated")
    phase = status.get("phase", "Pending")
    ended = terminated is not None or phase in {"Failed", "Succeeded"}
    deleting = "deletionTimestamp" in metadata
    trouble, words = _trouble(status, state)
    # One that the kubelet would not run has no container that could tell.
    made = seconds(metadata.get("creationTimestamp"))
    started, finished = _span(terminated) if terminated else (made, made)
    return PodSeen(
        node=node,
        name=metadata["name"],
        uid=metadata["uid"],
        image=str(container.get("image") or _image(pod)),
        image_id=str(container.get("imageID") or ""),
        host=status.get("podIP", ""),
        running="running" in state,
        ready=_condition(status, "Ready").get("status") == "True",
        ended=ended,
        ended_by_kubelet=terminated is not None,
        deleting=deleting,
        gated=_condition(status, "PodScheduled").get("reason") == "SchedulingGated",
        disrupted=_condition(status, "DisruptionTarget").get("status") == "True",
        cause=_cause(status, terminated) if ended else ("pod deleted" if deleting else ""),
        trouble=trouble,
        words=words,
        result=_result(terminated) if role_of(node) is Role.SLAVE else None,
        lifetime=max(0.0, finished - started),
        ended_at=finished,
    )


def _image(pod: Mapping[str, Any]) -> str:
    containers: list[Mapping[str, Any]] = pod.get("spec", {}).get("containers") or [{}]
    return str(containers[0].get("image", ""))


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found = (each for each in status.get("conditions") or () if each.get("type") == kind)
    return next(found, {})


def _trouble(status: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Trouble | None, str]:
    waiting = state.get("waiting") or {}
    if (reason := waiting.get("reason", "")) in _WAITING:
        return _WAITING[reason], waiting.get("message") or reason
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return Trouble.UNSCHEDULABLE, scheduled.get("message") or Trouble.UNSCHEDULABLE.value
    return None, ""


def _cause(status: Mapping[str, Any], terminated: Mapping[str, Any] | None) -> str:
    """How it ended, in one line."""
    if terminated is None:
        # The kubelet never started it, or the cluster node is lost: eviction, shutdown, admission.
        words = (status.get("reason", "Failed"), status.get("message", ""))
        return ": ".join(" ".join(word.split()) for word in words if word)
    code, reason = terminated.get("exitCode"), terminated.get("reason", "")
    cause = f"exit code {code}"
    if reason not in {"", "Error", "Completed"}:
        cause += f" ({reason})"
    message = terminated.get("message", "")
    if code and not _result(terminated):
        # What it said last is why it ended.
        last = next((line for line in reversed(message.splitlines()) if line.strip()), "")
        cause += f": {last.strip()[:200]}" if last else ""
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
