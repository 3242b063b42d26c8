"""What the checker says: promises, anomalies, findings, and the outcome of one verification.

Every check adds to one `Findings`; `text` and `folder` show what came of it. No check is here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ringrun.verify.evidence import Evidence, called, slave_of
from ringrun.verify.promise import Promise

__all__ = ["Anomaly", "Finding", "Findings", "Promise", "Verification", "called", "slave_of"]


class Anomaly(StrEnum):
    """What is wrong, in the words of Jepsen's checkers; `late` is a phase that lasted too long."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    UNEXPECTED = "unexpected"
    SKIPPED = "skipped"
    REORDERED = "reordered"
    DIVERGED = "diverged"
    STALE_EPOCH = "stale epoch"
    UNCONFIRMED = "unconfirmed"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken promise: who, at which index, what was seen there and what should be there.

    `text` says it all in one sentence; `seen` and `other` are the same as data, fit for JSON.
    """

    promise: Promise
    anomaly: Anomaly
    node: str
    text: str
    index: int | None = None
    seen: Any = None
    other: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome: clean if nothing was found and nothing was left unchecked."""

    findings: tuple[Finding, ...]
    unchecked: tuple[tuple[Promise, tuple[str, ...]], ...]
    """Promises that could not be checked, or not wholly, with the reasons, by promise."""
    gaps: tuple[str, ...]
    """What is missing of the evidence, each in a sentence without its full stop."""
    remarks: tuple[str, ...] = ()
    """What keeps the whole from being certain."""
    journals: int
    masters: int
    incarnations: tuple[tuple[int, int], ...]
    """(ordinal, how many incarnations left a journal), by ordinal."""
    views: int
    epochs: int
    messages: int

    @property
    def clean(self) -> bool:
        return not self.findings and not self.unchecked and not self.remarks

    @property
    def broken(self) -> tuple[Promise, ...]:
        """The promises that do not hold, in their order."""
        found = {finding.promise for finding in self.findings}
        return tuple(promise for promise in Promise if promise in found)


@dataclass(slots=True)
class Findings:
    """Collects what the checks find: of one kind at one node the first is kept, the rest follow
    from it more often than not.
    """

    evidence: Evidence = field(default_factory=Evidence)
    found: list[Finding] = field(default_factory=list)
    _unchecked: dict[Promise, list[str]] = field(default_factory=dict)
    _known: set[tuple[Promise, Anomaly, str]] = field(default_factory=set)

    def add(
        self,
        promise: Promise,
        anomaly: Anomaly,
        node: str,
        text: str,
        *,
        index: int | None = None,
        seen: Any = None,
        other: Any = None,
        rests_on: Iterable[str] = (),
    ) -> None:
        """A promise is broken.

        `rests_on`: whose evidence has to be whole for that, as it follows from what is not in it.
        Where it is not whole, nothing is found: the gap says that the promise is not checked.
        """
        key = (promise, anomaly, node)
        if key in self._known or any(self.evidence.lacking(each) for each in rests_on):
            return
        self._known.add(key)
        self.found.append(
            Finding(
                promise=promise,
                anomaly=anomaly,
                node=node,
                text=text,
                index=index,
                seen=seen,
                other=other,
            )
        )

    def not_checked(self, promise: Promise, why: str) -> None:
        """Something of a promise could not be told from what is there; said once."""
        reasons = self._unchecked.setdefault(promise, [])
        if why not in reasons:
            reasons.append(why)

    def unchecked(self) -> tuple[tuple[Promise, tuple[str, ...]], ...]:
        """What was not checked, with the gaps of the evidence first."""
        all_of = (
            (
                promise,
                (
                    *(gap.brief for gap in self.evidence.of(promise)),
                    *self._unchecked.get(promise, ()),
                ),
            )
            for promise in Promise
        )
        return tuple((promise, reasons) for promise, reasons in all_of if reasons)
