"""Every way in which a pod can hang has a word, and somebody's own words."""

from typing import Any

import pytest

from ringrun_operator.objects.hanging import (
    ASK_EVERY,
    SILENT_AFTER,
    STALLED_AFTER,
    Said,
    cause_of_init,
    find,
    is_stalled,
    next_look,
)

MADE = 1000.0
LATE = MADE + SILENT_AFTER


def pod(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": "demo-s0-1", "creationTimestamp": "1970-01-01T00:16:40Z"}
    return {"metadata": metadata, "spec": spec, "status": status or {}}


def on_node(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return pod(status, nodeName="node-b", **spec)


def creating(reason: str = "ContainerCreating", **more: Any) -> dict[str, Any]:
    waiting = {"name": "slave", "state": {"waiting": {"reason": reason}}}
    return {
        "phase": "Pending",
        "startTime": "1970-01-01T00:16:41Z",
        "containerStatuses": [waiting],
        **more,
    }


def word(found: Any) -> str:
    return "" if found is None else f"{found.trouble}: {found.words}"


RUNNING = {
    "phase": "Running",
    "containerStatuses": [{"name": "slave", "state": {"running": {}}}],
}
MOUNT = Said("FailedMount", 'MountVolume.SetUp failed for volume "x" : configmap "no" not found')
WORDLESS = {"state": {"waiting": {}}}
CASES = [
    (on_node(creating()), MOUNT, f"VolumeNotMounted: {MOUNT.message}"),
    (
        on_node(creating()),
        Said("FailedAttachVolume", "Multi-Attach error for volume"),
        "VolumeNotMounted: Multi-Attach error for volume",
    ),
    (
        on_node(creating()),
        Said("FailedCreatePodSandBox", "plugin failed"),
        "SandboxFailed: plugin failed",
    ),
    (
        on_node(creating()),
        Said("Pulling", 'Pulling image "x:1"'),
        'ImagePulling: Pulling image "x:1"',
    ),
    (on_node(creating()), Said("NodeNotReady", "Node is not ready"), "NodeSilent: Node is not"),
    (on_node(), None, "NodeSilent: the kubelet of node-b has not taken its pod up"),
    (
        on_node(creating()),
        None,
        "NotStarted: node-b has not started its container (ContainerCreating)",
    ),
    (
        on_node(creating()),
        Said("Odd", "words"),
        "NotStarted: node-b has not started its container (ContainerCreating): Odd: words",
    ),
    (
        on_node(
            creating(
                "PodInitializing",
                initContainerStatuses=[{"name": "setup", "state": {"running": {}}}],
            )
        ),
        None,
        "NotStarted: init container setup has not ended",
    ),
    (
        on_node(
            creating(
                "PodInitializing",
                initContainerStatuses=[
                    {
                        "name": "proxy",
                        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such"}},
                    }
                ],
            )
        ),
        None,
        "ImagePullFailed: init container proxy: no such",
    ),
    (
        on_node(
            creating(
                "PodInitializing",
                initContainerStatuses=[
                    {"name": "proxy", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
                ],
            )
        ),
        None,
        "InitContainerFailed: init container proxy: CrashLoopBackOff",
    ),
    (
        on_node(creating("CreateContainerConfigError")),
        None,
        "ContainerFailed: CreateContainerConfigError",
    ),
    (pod(), None, "Unschedulable: no scheduler called default-scheduler has looked at it"),
    (pod(schedulerName="mine"), None, "Unschedulable: no scheduler called mine has looked at it"),
    (
        pod(
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "SchedulingGated",
                        "message": "Scheduling is blocked due to non-empty scheduling gates",
                    }
                ]
            },
            schedulingGates=[{"name": "kueue.x-k8s.io/admission"}],
        ),
        None,
        "SchedulingGated: scheduling gates kueue.x-k8s.io/admission",
    ),
    (
        pod(
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": 'persistentvolumeclaim "no" not found',
                    }
                ]
            }
        ),
        None,
        'Unschedulable: persistentvolumeclaim "no" not found',
    ),
    (
        pod(
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "SchedulerError",
                        "message": 'running PreBind plugin "VolumeBinding": binding volumes',
                    }
                ]
            }
        ),
        None,
        'Unschedulable: running PreBind plugin "VolumeBinding": binding volumes',
    ),
    (
        pod({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "NoRoom"}]}),
        None,
        "Unschedulable: NoRoom",
    ),
    (
        on_node(creating("FutureHookError")),
        None,
        "ContainerFailed: FutureHookError",
    ),
    (
        on_node(creating("CreatePodSandboxError")),
        None,
        "SandboxFailed: CreatePodSandboxError",
    ),
    (
        on_node({"phase": "Pending", "containerStatuses": [{"name": "slave", **WORDLESS}]}),
        MOUNT,
        f"VolumeNotMounted: {MOUNT.message}",
    ),
]


@pytest.mark.parametrize(("found", "event", "wanted"), CASES)
def test_a_pod_that_hangs_has_a_reason_within_ten_seconds(
    found: dict[str, Any], event: Said | None, wanted: str
) -> None:
    """In the words of who knows it; where nobody does, in ours."""
    assert LATE < MADE + 10.0
    assert word(find(found, "slave", event, LATE)).startswith(wanted)


def test_a_pod_that_is_on_its_way_has_none() -> None:
    """Nor has one that runs, or is being deleted."""
    early = MADE + STALLED_AFTER - 0.1
    assert find(on_node(creating()), "slave", MOUNT, early) is None
    running = {
        "phase": "Running",
        "containerStatuses": [{"name": "slave", "state": {"running": {}}}],
    }
    assert find(on_node(running), "slave", MOUNT, LATE) is None
    going = on_node(creating())
    going["metadata"]["deletionTimestamp"] = "1970-01-01T00:16:45Z"
    assert find(going, "slave", MOUNT, LATE) is None


def test_a_sidecar_that_cannot_be_pulled_is_no_trouble_of_a_slave_that_runs() -> None:
    """The container that is called slave decides."""
    proxy = {"name": "a-proxy", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    slave = {"name": "slave", "state": {"running": {}}}
    status = {"phase": "Pending", "containerStatuses": [proxy, slave]}
    assert find(on_node(status), "slave", None, LATE) is None


def test_events_are_asked_for_when_a_pod_is_stalled_and_looks_come_in_time() -> None:
    """Nothing that is watched changes while a volume is waited for."""
    found = on_node(creating())
    assert not is_stalled(found, "slave", MADE + STALLED_AFTER - 0.1)
    assert is_stalled(found, "slave", MADE + STALLED_AFTER)
    looks, now = [], MADE
    for _ in range(4):
        now = next_look(found, "slave", now)
        looks.append(now - MADE)
    assert looks == [
        STALLED_AFTER,
        SILENT_AFTER,
        SILENT_AFTER + ASK_EVERY,
        SILENT_AFTER + 2 * ASK_EVERY,
    ]
    running = {
        "phase": "Running",
        "containerStatuses": [{"name": "slave", "state": {"running": {}}}],
    }
    assert next_look(on_node(running), "slave", MADE) == float("inf")


def test_how_an_init_container_ended_is_the_pods_cause() -> None:
    """With its last line; one that ended well is none."""

    def ended(**state: Any) -> dict[str, Any]:
        return {"initContainerStatuses": [{"name": "setup", "state": {"terminated": state}}]}

    assert cause_of_init(ended(exitCode=0)) == ""
    assert cause_of_init(ended(exitCode=1, reason="Error")) == "init container setup: exit code 1"
    assert (
        cause_of_init(ended(exitCode=137, reason="OOMKilled", message="a\nno room\n"))
        == "init container setup: exit code 137 (OOMKilled): no room"
    )
