"""The fields of a RingRun's spec as a table: where each stands, what it allows, its default.

`checking` walks the table over what the user gave, `values` walks it back to a document. Defaults
that hang on other fields (burst, window) are resolved in `checking`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

API_VERSION: Final = "ringrun.dev/v1alpha1"
KIND: Final = "RingRun"


class Model(StrEnum):
    """Who may issue the next index, and how confirmations travel (docs/protocol.md)."""

    LOCKSTEP = "lockstep"
    WINDOW = "window"
    TRAIN = "train"


class FailurePolicy(StrEnum):
    """What follows when a slave dies."""

    REPLACE = "Replace"
    CONTINUE = "Continue"
    FAIL = "Fail"


class Cleanup(StrEnum):
    """What becomes of the pods of a finished run."""

    KEEP = "Keep"
    DELETE_PODS = "DeletePods"


class Kind(StrEnum):
    """A type that a field takes; the value is how a fault names it."""

    INTEGER = "an integer"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    STRING = "a string"
    CHOICE = "one of"
    MAPPING = "a mapping"
    LIST = "a list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: `path` below the spec, the `attribute` that holds it, what it allows.

    `per_second` says how many of the document's units make a second, for what is a time; the
    attribute is then in seconds. A default of None: nothing, or resolved from other fields.
    """

    path: tuple[str, ...]
    attribute: str
    kind: Kind
    default: object = None
    low: int | None = None
    high: int | None = None
    per_second: int | None = None
    choices: type[StrEnum] | None = None


def _integer(
    path: str,
    attribute: str,
    default: int | None,
    low: int,
    high: int | None = None,
    per_second: int | None = None,
) -> Field:
    return Field(
        path=tuple(path.split(".")),
        attribute=attribute,
        kind=Kind.INTEGER,
        default=default,
        low=low,
        high=high,
        per_second=per_second,
    )


def _choice(path: str, attribute: str, default: StrEnum) -> Field:
    return Field(
        path=tuple(path.split(".")),
        attribute=attribute,
        kind=Kind.CHOICE,
        default=default.value,
        choices=type(default),
    )


def _boolean(path: str) -> Field:
    return Field(path=(path,), attribute=path, kind=Kind.BOOLEAN, default=False)


MILLI: Final = 1_000
MICRO: Final = 1_000_000

FIELDS: Final = (
    _integer("nodes", "nodes", 4, 2, 512),
    _integer("seed", "seed", 0, 0, 2**63 - 1),
    _choice("model", "model", Model.LOCKSTEP),
    _integer("periods.sendMilliseconds", "send", 2_000, 100, 86_400_000, MILLI),
    _integer("periods.graceMilliseconds", "grace", 1_000, 0, 3_600_000, MILLI),
    _integer("tickMicroseconds", "tick", 0, 0, 1_000_000, MICRO),
    _integer("spinMicroseconds", "spin", 50, 0, 1_000, MICRO),
    _integer("burst", "burst", None, 1, 16_384),
    _integer("window", "window", None, 1, 2**31 - 1),
    _integer("masters", "masters", 2, 1, 5),
    _choice("failurePolicy.onSlaveFailure", "on_slave_failure", FailurePolicy.REPLACE),
    _integer("failurePolicy.maxReplacements", "max_replacements", 10, 0, 1_000),
    _integer("detection.heartbeatMilliseconds", "heartbeat", 100, 10, 10_000, MILLI),
    _integer("detection.suspectMilliseconds", "suspect", 500, 10, 10_000, MILLI),
    _integer("startDeadlineSeconds", "start_deadline", 300, 1, 86_400, 1),
    _integer("activeDeadlineSeconds", "active_deadline", None, 1, 2**31 - 1, 1),
    _integer("ttlSecondsAfterFinished", "ttl", None, 0, 2**31 - 1, 1),
    _choice("cleanup", "cleanup", Cleanup.KEEP),
    _boolean("suspend"),
    _boolean("abort"),
    _integer("expect.minCount", "min_count", None, 0),
    Field(path=("expect", "minRate"), attribute="min_rate", kind=Kind.NUMBER, low=0),
    Field(
        path=("expect", "maxStartSkewMilliseconds"),
        attribute="max_start_skew",
        kind=Kind.NUMBER,
        low=0,
        per_second=MILLI,
    ),
    Field(path=("template",), attribute="template", kind=Kind.MAPPING),
)

RESOURCE: Final = ("apiVersion", "kind", "metadata", "spec", "status")

# What users and the API server write there.
METADATA: Final = (
    "name",
    "namespace",
    "labels",
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)

NAME_LENGTH: Final = 40


def field_names(group: tuple[str, ...]) -> Iterator[str]:
    """Names that may stand directly in a group of the spec, in the table's order, each once."""
    seen: dict[str, None] = {}
    for field in FIELDS:
        if len(field.path) > len(group) and field.path[: len(group)] == group:
            seen.setdefault(field.path[len(group)])
    yield from seen
