"""What is kept of an object that was seen: all that is read here or written back, and no more.

Applied by `watch.kept` to everything. Of a pod half is what field managers own, and most of the
rest is its spec, which we wrote ourselves; a pod is never written back. Whoever begins to read more
of a pod says so in `POD`; a test finds who does not.
"""

from collections.abc import Mapping
from typing import Any, Final

from ringrun_operator import names

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""The whole object once more, as a user applied it."""

Shape = Mapping[str, Any]
"""By field, what is kept of it: all, or another shape; of a list, that of each of its items."""

ALL: Final = None

_CONTAINER: Final = {"name": ALL, "image": ALL, "imagePullPolicy": ALL}

POD: Final[Shape] = {
    "apiVersion": ALL,
    "kind": ALL,
    "metadata": {
        "name": ALL,
        "namespace": ALL,
        "uid": ALL,
        "resourceVersion": ALL,
        "creationTimestamp": ALL,
        "deletionTimestamp": ALL,
        "labels": ALL,
        "ownerReferences": ALL,
    },
    "spec": {
        "activeDeadlineSeconds": ALL,
        "nodeName": ALL,
        "schedulerName": ALL,
        "schedulingGates": ALL,
        "containers": _CONTAINER,
        "securityContext": {"runAsUser": ALL, "runAsGroup": ALL, "fsGroup": ALL},
        "initContainers": _CONTAINER,
        "volumes": {"secret": {"secretName": ALL}},
    },
    "status": ALL,
}


def project(kind: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """An object of this kind without what is never read; the given one is left as it is."""
    if kind == "Pod":
        return _shaped(found, POD)
    metadata = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
    if kind == names.KIND and LAST_APPLIED in (metadata.get("annotations") or {}):
        annotations = metadata["annotations"]
        metadata["annotations"] = {k: v for k, v in annotations.items() if k != LAST_APPLIED}
    return {**found, "metadata": metadata}


def _shaped(found: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    kept = {}
    for key, inner in shape.items():
        if key in found:
            value = found[key]
            if inner is not ALL and isinstance(value, list):
                value = [_shaped(each, inner) for each in value]
            elif inner is not ALL and value is not None:
                value = _shaped(value, inner)
            kept[key] = value
    return kept
