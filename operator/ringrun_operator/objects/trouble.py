"""Why a run does not get on, in a word; docs/kubernetes.md says what each means.

A pod has one of the first three (`pod_seen`); all are found by `show.obstacles`.
"""

from enum import StrEnum


class Trouble(StrEnum):
    """What users find under REASON while a run does not get on."""

    IMAGE_PULL_FAILED = "ImagePullFailed"
    CONTAINER_FAILED = "ContainerFailed"
    UNSCHEDULABLE = "Unschedulable"
    PODS_REFUSED = "PodsRefused"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NOT_PREPARED = "NotPrepared"
    NAME_TAKEN = "NameTaken"
