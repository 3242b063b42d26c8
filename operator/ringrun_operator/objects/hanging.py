"""Why a pod does not start: the words of kubelet, scheduler or gate, and one of ours.

Called by `pod_seen`. What keeps a volume from being mounted, or a sandbox from being made, stands
in no pod's status but in events about it alone; `act.pod_events` asks for those of pods that are
`stalled`, and hands over the last.
"""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, Final, NamedTuple

import msgspec

from ringrun_operator.objects.trouble import Trouble
from ringrun_operator.times import seconds

STALLED_AFTER: Final = 4.0
"""Seconds from a pod's creation in which it usually starts; then its events are asked for."""

ASK_EVERY: Final = 5.0
"""Seconds for which what was said of a stalled pod counts."""

SILENT_AFTER: Final = 8.0
"""Seconds from a pod's creation after which one that does not start has to have a reason."""

# The kubelet's own reasons for a container that waits, and what they come down to.
_WAITING: Final = {
    "ErrImagePull": Trouble.IMAGE_PULL_FAILED,
    "ImagePullBackOff": Trouble.IMAGE_PULL_FAILED,
    "ErrImageNeverPull": Trouble.IMAGE_PULL_FAILED,
    "InvalidImageName": Trouble.IMAGE_PULL_FAILED,
    "ImageInspectError": Trouble.IMAGE_PULL_FAILED,
    "RegistryUnavailable": Trouble.IMAGE_PULL_FAILED,
    "SignatureValidationFailed": Trouble.IMAGE_PULL_FAILED,
    "CreateContainerConfigError": Trouble.CONTAINER_FAILED,
    "CreateContainerError": Trouble.CONTAINER_FAILED,
    "RunContainerError": Trouble.CONTAINER_FAILED,
    "PreStartHookError": Trouble.CONTAINER_FAILED,
    "PostStartHookError": Trouble.CONTAINER_FAILED,
    "CrashLoopBackOff": Trouble.CONTAINER_FAILED,
    "CreatePodSandboxError": Trouble.SANDBOX_FAILED,
    "ConfigPodSandboxError": Trouble.SANDBOX_FAILED,
    "KillPodSandboxError": Trouble.SANDBOX_FAILED,
}

# Of events about a pod that has no container yet, those that say why.
_EVENTS: Final = {
    "FailedMount": Trouble.VOLUME_NOT_MOUNTED,
    "FailedAttachVolume": Trouble.VOLUME_NOT_MOUNTED,
    "FailedMapVolume": Trouble.VOLUME_NOT_MOUNTED,
    "FailedCreatePodSandBox": Trouble.SANDBOX_FAILED,
    "FailedPodSandBoxStatus": Trouble.SANDBOX_FAILED,
    "NetworkNotReady": Trouble.SANDBOX_FAILED,
    "FailedCreatePodContainer": Trouble.CONTAINER_FAILED,
    "FailedPrepareDynamicResources": Trouble.CONTAINER_FAILED,
    "NodeNotReady": Trouble.NODE_SILENT,
    "Pulling": Trouble.IMAGE_PULLING,
}


class Said(NamedTuple):
    """An event about a pod: its reason and its message."""

    reason: str
    message: str


class Hanging(NamedTuple):
    """Why a pod does not start."""

    trouble: Trouble
    words: str


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The pod's condition of this type; empty if there is none."""
    found = (each for each in status.get("conditions") or () if each.get("type") == kind)
    return next(found, {})


def container_status(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The status of the container with this name; empty before a kubelet has told of it."""
    found = (each for each in status.get("containerStatuses") or () if each.get("name") == name)
    return next(found, {})


def is_stalled(pod: Mapping[str, Any], role: str, now: float) -> bool:
    """Whether the pod has a cluster node for longer than usual, and its container does nothing yet,
    nor says why."""
    has_node = bool((pod.get("spec") or {}).get("nodeName"))
    return has_node and _waits(pod, role) and now >= _made(pod) + STALLED_AFTER


def next_look(pod: Mapping[str, Any], role: str, now: float) -> float:
    """When time alone may say more of this pod; infinity if it runs or says why it does not."""
    if not _waits(pod, role):
        return inf
    made = _made(pod)
    later = (made + STALLED_AFTER, made + SILENT_AFTER)
    return min((time for time in later if time > now), default=now + ASK_EVERY)


def _waits(pod: Mapping[str, Any], role: str) -> bool:
    """Whether nothing that is watched says what this pod waits for."""
    status = pod.get("status") or {}
    state = container_status(status, role).get("state") or {}
    return (
        (not state or ("waiting" in state and _trouble(state) is None))
        and "deletionTimestamp" not in pod["metadata"]
        and status.get("phase", "Pending") == "Pending"
        and condition(status, "PodScheduled").get("status") != "False"
    )


def _trouble(state: Mapping[str, Any]) -> Trouble | None:
    """Of a container that waits, and not for its turn; a reason that is new to us is one."""
    reason = (state.get("waiting") or {}).get("reason")
    if not reason or reason in _ON_ITS_WAY:
        return None
    return _WAITING.get(reason, Trouble.CONTAINER_FAILED)


def _made(pod: Mapping[str, Any]) -> float:
    return seconds(pod["metadata"].get("creationTimestamp")) or inf


def find(pod: Mapping[str, Any], role: str, event: Said | None, now: float) -> Hanging | None:
    """Why this pod does not start; None if it did, or if nothing is wrong yet. `event` is the last
    about it, if it is stalled."""
    status = pod.get("status") or {}
    container = container_status(status, role)
    for each in (container, *_initial(status)):
        waiting = (each.get("state") or {}).get("waiting") or {}
        trouble = _trouble(each.get("state") or {})
        if trouble is not None:
            words = waiting.get("message") or waiting["reason"]
            if each is container:
                return Hanging(trouble, words)
            if trouble is Trouble.CONTAINER_FAILED:
                trouble = Trouble.INIT_CONTAINER_FAILED
            return Hanging(trouble, f"init container {each.get('name', '')}: {words}")
    scheduled = condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        said = scheduled.get("message") or ""
        match scheduled.get("reason"):
            case "SchedulingGated":
                return Hanging(Trouble.SCHEDULING_GATED, _gates(pod) or said)
            case other:
                # SchedulerError, and what schedulers of other makes call it.
                return Hanging(Trouble.UNSCHEDULABLE, said or other or "no word")
    if is_stalled(pod, role, now):
        return _stalled(pod, role, event, now)
    spec = pod.get("spec") or {}
    if not spec.get("nodeName") and _waits(pod, role) and now >= _made(pod) + SILENT_AFTER:
        name = spec.get("schedulerName") or "default-scheduler"
        return Hanging(Trouble.UNSCHEDULABLE, f"no scheduler called {name} has looked at it")
    return None


def last_words(message: str) -> str:
    """What a process said last, cut short; of a log line in JSON its message."""
    last = next((line for line in reversed(message.splitlines()) if line.strip()), "").strip()
    if last.startswith("{"):
        try:
            found = msgspec.json.decode(last)
        except msgspec.DecodeError:
            found = None
        if isinstance(found, dict):
            last = str(found.get("message") or last)
    return last[:200]


def cause_of_init(status: Mapping[str, Any]) -> str:
    """How an init container ended that kept the pod from starting; empty if none did."""
    for each in _initial(status):
        ended = (each.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            reason = ended.get("reason", "")
            more = f" ({reason})" if reason not in {"", "Error"} else ""
            words = last_words(ended.get("message", ""))
            last = f": {words}" if words else ""
            return (
                f"init container {each.get('name', '')}: exit code {ended['exitCode']}{more}{last}"
            )
    return ""


_ON_ITS_WAY: Final = ("ContainerCreating", "PodInitializing")


def _initial(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from status.get("initContainerStatuses") or ()


def _gates(pod: Mapping[str, Any]) -> str:
    gates = (pod.get("spec") or {}).get("schedulingGates") or ()
    names = ", ".join(str(each.get("name", "")) for each in gates)
    return f"scheduling gates {names}" if names else ""


def _stalled(pod: Mapping[str, Any], role: str, event: Said | None, now: float) -> Hanging | None:
    status, node = pod.get("status") or {}, pod["spec"]["nodeName"]
    if event is not None and event.reason in _EVENTS:
        return Hanging(_EVENTS[event.reason], event.message)
    if now < _made(pod) + SILENT_AFTER:
        return None
    if not status.get("startTime"):
        return Hanging(Trouble.NODE_SILENT, f"the kubelet of {node} has not taken its pod up")
    running = [
        str(each.get("name", ""))
        for each in _initial(status)
        if "running" in (each.get("state") or {}) and not each.get("started")
    ]
    if running:
        return Hanging(Trouble.NOT_STARTED, f"init container {running[0]} has not ended")
    waits = (container_status(status, role).get("state") or {}).get("waiting") or {}
    words = f"{node} has not started its container ({waits.get('reason') or 'no word'})"
    if event is not None:
        words += f": {event.reason}: {event.message}"
    return Hanging(Trouble.NOT_STARTED, words)
