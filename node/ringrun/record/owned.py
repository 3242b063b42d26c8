"""Whether an object of a cluster is a run's own: its controller is the run with this uid.

Asked by the masters of the objects that they read and write, and by the operator of all. Anybody
who may make an object may give it any name, and any owner that does not control it.
"""

from collections.abc import Mapping
from typing import Any

from ringrun.record.store import StoreError


def controller_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The owner that controls this object; empty if none does."""
    owners = found["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), {})


def is_owned(found: Mapping[str, Any], uid: str) -> bool:
    """Whether the run with this uid controls the object."""
    return bool(uid) and controller_of(found).get("uid") == uid


def want_own(found: Mapping[str, Any], uid: str) -> None:
    """StoreError if the object is not that of the run with this uid; an empty uid is not known."""
    if uid and not is_owned(found, uid):
        name = found["metadata"].get("name", "")
        raise StoreError(f"{found.get('kind') or 'object'} {name} is not this run's")
