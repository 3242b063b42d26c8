"""Why a run does not get on, in a word; docs/kubernetes.md says what each means.

A pod may have one (`hanging` finds it); others are found by `show.obstacles`.
"""

from enum import StrEnum


class Trouble(StrEnum):
    """What users find under REASON while a run does not get on."""

    IMAGE_PULL_FAILED = "ImagePullFailed"
    IMAGE_PULLING = "ImagePulling"
    CONTAINER_FAILED = "ContainerFailed"
    INIT_CONTAINER_FAILED = "InitContainerFailed"
    VOLUME_NOT_MOUNTED = "VolumeNotMounted"
    SANDBOX_FAILED = "SandboxFailed"
    UNSCHEDULABLE = "Unschedulable"
    SCHEDULING_GATED = "SchedulingGated"
    NODE_SILENT = "NodeSilent"
    NOT_STARTED = "NotStarted"
    PODS_REFUSED = "PodsRefused"
    OBJECTS_REFUSED = "ObjectsRefused"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NOT_PREPARED = "NotPrepared"
    NAME_TAKEN = "NameTaken"
