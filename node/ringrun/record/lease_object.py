"""The record inside a Kubernetes Lease: values in, values out, no call.

The Lease's own fields say what others understand (who holds it, since when, how often it changed
hands); the record itself is an annotation, as JSON. Both are one object and one write, so lease,
epoch and view cannot pass each other. Used by `record.lease` and by the operator.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ringrun.core.record import Record

ANNOTATION: Final = "ringrun.dev/record"

LEASE_SECONDS: Final = 4
"""What `core.master.election` waits; the API server wants a whole number."""


def read_record(lease: Mapping[str, Any]) -> Record:
    """The record that a Lease holds; `Record()` if none was ever written.

    msgspec.DecodeError if somebody wrote there what is no record.
    """
    text = (lease["metadata"].get("annotations") or {}).get(ANNOTATION)
    return Record() if text is None else msgspec.json.decode(text, type=Record)


def with_record(lease: Mapping[str, Any], record: Record, now: datetime) -> dict[str, Any]:
    """The Lease as it is to be written: all else, and the resourceVersion, as it was read."""
    metadata = dict(lease["metadata"])
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        ANNOTATION: msgspec.json.encode(record).decode(),
    }
    # What was read from a watch or a list can have these, and a write may not.
    metadata.pop("managedFields", None)
    before = dict(lease.get("spec") or {})
    spec = {
        **before,
        # Empty rather than left out: an absent holder would be kept by nothing, and reads worse.
        "holderIdentity": record.holder,
        "leaseDurationSeconds": LEASE_SECONDS,
        "leaseTransitions": record.epoch,
        "renewTime": micro_time(now),
    }
    if before.get("holderIdentity") != record.holder or "acquireTime" not in before:
        spec["acquireTime"] = micro_time(now)
    return {**lease, "metadata": metadata, "spec": spec}


def freed(lease: Mapping[str, Any], holder: str, now: datetime) -> dict[str, Any] | None:
    """The Lease without this holder, to be written; None if another, or nobody, holds it."""
    record = read_record(lease)
    if not holder or record.holder != holder:
        return None
    return with_record(lease, record.evolve(holder=""), now)


def micro_time(now: datetime) -> str:
    """A MicroTime: always with six digits, or the API server refuses it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
