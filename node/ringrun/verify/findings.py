"""What the checker says: promises, anomalies, findings, and the outcome of one verification.

Every check adds to one `Findings`; `text` and `folder` show what came of it. No check is here.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_SLAVE = re.compile(r"s(\d+)-(\d+)")


class Promise(StrEnum):
    """The promises that journals and reports can tell about (docs/protocol.md)."""

    AGREEMENT = "G1"
    CONTIGUOUS = "G2"
    UNIFORM = "G3"
    CONFIRMED = "G4"
    NOT_INVENTED = "G5"
    PHASES = "G6"
    ONE_LEADER = "G7"
    DRAIN = "G8"
    NO_FALSE_PRAISE = "G11"
    NO_RETURN = "G12"


TITLES = {
    Promise.AGREEMENT: "agreement",
    Promise.CONTIGUOUS: "contiguous, unique",
    Promise.UNIFORM: "uniform",
    Promise.CONFIRMED: "confirmed first",
    Promise.NOT_INVENTED: "nothing invented",
    Promise.PHASES: "phases",
    Promise.ONE_LEADER: "one leader counts",
    Promise.DRAIN: "drain",
    Promise.NO_FALSE_PRAISE: "no false praise",
    Promise.NO_RETURN: "no return",
}


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
    """The outcome: clean if nothing was found. `unchecked` says what could not be told and why."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    journals: int
    masters: int
    incarnations: tuple[tuple[int, int], ...]
    """(ordinal, how many incarnations left a journal), by ordinal."""
    views: int
    epochs: int
    messages: int

    @property
    def clean(self) -> bool:
        return not self.findings

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

    found: list[Finding] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
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
    ) -> None:
        """A promise is broken."""
        key = (promise, anomaly, node)
        if key in self._known:
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

    def not_checked(self, text: str) -> None:
        """Something could not be told from what is there; said once."""
        if text not in self.unchecked:
            self.unchecked.append(text)


def slave_of(name: str) -> tuple[int, int] | None:
    """The slave (ordinal, incarnation) with this name, None if it is no slave's: `s2-1` is 2, 1."""
    found = _SLAVE.fullmatch(name)
    return None if found is None else (int(found[1]), int(found[2]))


def called(name: str) -> str:
    """What a reader calls the node with this name: `s2-1` is slave 2 (incarnation 1)."""
    slave = slave_of(name)
    if slave is not None:
        return f"slave {slave[0]} (incarnation {slave[1]})"
    return f"master {name}" if name[:1] == "m" else name
