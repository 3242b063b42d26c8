"""What the user gets: the report of a run and its JSON document (docs/operations.md).

Values only. The leading master builds a `Report`; whoever keeps it keeps its document; `local` and
the operator read it; `report_text` shows it to people. Which verdict fits is decided in the core.
All times are seconds; exact integers are decimal strings, since JSON readers round.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Self

import msgspec

API_VERSION: Final = "ringrun.dev/v1alpha1"
KIND: Final = "Report"

# Numbers u are multiples of 2^-53 of the seed's random number m.
_UNIT: Final = 2**53


class ReportError(ValueError):
    """A document is not a report; the message says where."""


class Verdict(StrEnum):
    """The outcome of a run (docs/protocol.md, Ending)."""

    AGREED = "Agreed"
    PARTIAL = "Partial"
    DIVERGED = "Diverged"
    FAILED = "Failed"


class FailureKind(StrEnum):
    """What failed and was survived, or not."""

    SLAVE_LOST = "SlaveLost"
    MASTER_LOST = "MasterLost"
    LINK_LOST = "LinkLost"


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of the report: snake case here, camel case in the document."""


class Latency(_Part, frozen=True, kw_only=True):
    """From issue to the sender's own approval."""

    p50: float
    p99: float
    max: float


class Link(_Part, frozen=True, kw_only=True, rename={"source": "from", "target": "to"}):
    """The slowest link: the longest that `source` waited for `target`."""

    source: int
    target: int
    seconds: float


class ViewReport(_Part, frozen=True, kw_only=True):
    """An installed view: ordinals of its members in ring order, and their incarnations."""

    number: int
    members: tuple[int, ...]
    incarnations: tuple[int, ...] = ()
    at: float
    cut: int


class EpochReport(_Part, frozen=True, kw_only=True):
    """A leadership."""

    number: int
    holder: str
    at: float


class SlaveReport(_Part, frozen=True, kw_only=True):
    """One slave's result. `final` is false for what it approved without a recorded closing.

    `blocks` and `cuts` are (count, digest) at its last checkpoints and cuts: a later leader needs
    them to tell whether a result is a prefix of another.
    """

    ordinal: int
    incarnation: int
    count: int
    sum_exact: str
    digest: str
    final: bool
    frames_sent: int = 0
    frames_received: int = 0
    cpu_seconds: float = 0.0
    send_seconds: float = 0.0
    grace_seconds: float = 0.0
    issued: int = 0
    view: int = 0
    blocks: tuple[tuple[int, str], ...] = ()
    cuts: tuple[tuple[int, str], ...] = ()


class FailureReport(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """One failure: when, of which node (`s2-1`, `m0-1`), why, and the view it was seen in; of a
    leader also the epoch that it led in (0 of others)."""

    at: float
    kind: FailureKind
    node: str
    cause: str
    view: int
    epoch: int = 0


class ExpectationReport(_Part, frozen=True, kw_only=True):
    """One demand of `spec.expect`, by its name there and in its unit; `got` None if unknown."""

    name: str
    wanted: float
    got: float | None
    met: bool


class Report(_Part, frozen=True, kw_only=True):
    """The whole run's outcome. `spec` is the resolved spec's document (`RunSpec.as_document`).

    `reason` begins with `reason_word`, which programs go by (`core.reason.Why`).
    `rate` is `count` by `send_seconds`: how long SEND lasted, which is less than `spec` says if the
    run was stopped in it; 0 if it never began.
    `epoch` is that of the leader who wrote it, `complete` says that nothing may replace it, and
    `unproven` names the slaves whose result could not be compared with the others.
    """

    name: str
    spec: Mapping[str, Any]
    verdict: Verdict
    reason: str = ""
    reason_word: str = ""
    count: int
    sum_exact: str
    digest: str
    issued: int = 0
    closed: bool = False
    rate: float = 0.0
    send_seconds: float | None = None
    latency: Latency | None = None
    start_skew: float | None = None
    slowest_link: Link | None = None
    longest_gap: float | None = None
    epoch: int = 0
    complete: bool = False
    views: tuple[ViewReport, ...] = ()
    epochs: tuple[EpochReport, ...] = ()
    slaves: tuple[SlaveReport, ...] = ()
    failures: tuple[FailureReport, ...] = ()
    expectations: tuple[ExpectationReport, ...] = ()
    unproven: tuple[str, ...] = ()

    @property
    def as_wished(self) -> bool:
        """Agreed, and every expectation met: what exit code 0 says."""
        return self.verdict is Verdict.AGREED and all(each.met for each in self.expectations)

    def as_document(self) -> dict[str, Any]:
        """The report as JSON has it; plain values only."""
        document: dict[str, Any] = {"apiVersion": API_VERSION, "kind": KIND}
        # By way of JSON, since a document that is compared with one that was read has lists.
        for key, value in msgspec.json.decode(msgspec.json.encode(self)).items():
            if key == "name":
                document["metadata"] = {"name": value}
                continue
            if key == "sumExact":
                document["sum"] = shown_sum(value)
            document[key] = value
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The report whose `as_document` this is; ReportError if it is none."""
        if document.get("apiVersion") != API_VERSION or document.get("kind") != KIND:
            raise ReportError(f"must be a {KIND} of {API_VERSION}")
        metadata = document.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        try:
            report = msgspec.convert({**document, "name": name}, cls)
            shown_sum(report.sum_exact)
        except (msgspec.ValidationError, ValueError) as error:
            raise ReportError(f"is no report: {error}") from error
        return report


def shown_sum(sum_exact: str) -> str:
    """The sum of i·m from the exact sum of i·u: rounded to 3 decimals in integers alone."""
    thousandths, rest = divmod(int(sum_exact) * 1000, _UNIT)
    if 2 * rest >= _UNIT:
        thousandths += 1
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"
