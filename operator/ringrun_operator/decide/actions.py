"""What the operator can do about a run, as values: a `Plan` asks for it, the controller does it.

In the order in which they are given; the first that fails ends the pass, and the run is looked at
anew. Each may be done twice.
"""

from dataclasses import dataclass

from ringrun_operator.objects.owner import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make this object, if none of its name is there."""

    object: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePod:
    """Make this pod; a refusal is told in the status and keeps no other pod from being made."""

    object: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Put this object in the place of the version that it names; a conflict ends the pass."""

    object: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePod:
    """Delete this very pod, in its own time."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRun:
    """Delete this very RingRun; all that it owns goes with it."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPod:
    """End whatever still runs in this very pod, and keep it, for its logs."""

    name: str
    uid: str


Action = Create | CreatePod | Replace | DeletePod | EndPod | DeleteRun
