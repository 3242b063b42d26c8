"""Which evidence there is, and what is missing: so that nothing unseen is praised or accused.

A gap is a journal that is missing, damaged or shorter than it was, or a report that is. Promises
that it could tell of are not checked, and what only follows from something that is *not* there is
no finding (`Findings.add`, `rests_on`). The gaps of journals are found here, those of the report
by `folder` and `checking`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringrun.verify.promise import Promise
from ringrun.verify.reading.reader import NodeJournal

SLAVES, MASTERS, REPORT = "slaves", "masters", "report"
"""All journals of slaves, all of masters, the report: what a finding may rest on, besides a node's
own journal."""

_NEEDS = {
    SLAVES: set(Promise) - {Promise.NO_RETURN},
    MASTERS: {
        Promise.UNIFORM,
        Promise.PHASES,
        Promise.ONE_LEADER,
        Promise.DRAIN,
        Promise.NO_RETURN,
    },
    REPORT: {Promise.DRAIN, Promise.NO_FALSE_PRAISE},
}
_SLAVE = re.compile(r"s(\d+)-(\d+)")
_NODE = re.compile(r"[sm]\d+-\d+")
_LOSSES = {"SlaveLost", "MasterLost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that is not there. `what` fits behind a promise, `more` follows it in full."""

    node: str
    what: str
    more: str = ""

    @property
    def brief(self) -> str:
        """What it is, as short as it can be said."""
        return self.what.replace(called(self.node), self.node)

    @property
    def text(self) -> str:
        """The whole of it."""
        return self.what + self.more


@dataclass(slots=True)
class Evidence:
    """What is missing, by node; `report` for the report. `whole`: nothing is, by definition."""

    whole: bool = False
    gaps: dict[str, list[Gap]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    """What keeps the whole from being certain, though no promise more than another."""

    def lacks(self, node: str, what: str, more: str = "") -> None:
        """There is a gap."""
        gap = Gap(node=node, what=what, more=more)
        if gap not in self.gaps.setdefault(node, []):
            self.gaps[node].append(gap)

    def remark(self, text: str) -> None:
        """Say something of all the evidence, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def lacking(self, what: str) -> bool:
        """Whether a node's journal, or any of a kind, has a gap."""
        if what in {SLAVES, MASTERS}:
            return any(_kind(node) == what for node in self.gaps)
        return what in self.gaps

    def of(self, promise: Promise) -> list[Gap]:
        """The gaps because of which a promise is not checked."""
        return [
            gap
            for node, gaps in sorted(self.gaps.items())
            if promise in _NEEDS[_kind(node)]
            for gap in gaps
        ]

    def look_at(
        self,
        journals: Iterable[NodeJournal],
        lengths: Mapping[str, int] | None,
        sizes: Mapping[str, int],
        lost: Iterable[str],
        leaders: Iterable[str] = (),
    ) -> None:
        """Note which journals are not whole.

        `lengths`: how long each was when its process had ended, None if nobody noted it. Then only
        an orderly end or a loss that the report tells (`lost`) says that a journal is whole; that
        of a master that never led need not have ended. `leaders` are those of the report.
        """
        if self.whole:
            return
        journals, told = list(journals), set(lost)
        led = _leaders(journals) | set(leaders)
        for journal in journals:
            name = journal.name
            whose = f"{called(name)}'s journal"
            if journal.damage:
                used = "what lies before is used" if journal.documents else "nothing of it is used"
                short, _, rest = journal.damage.partition(" at ")
                where = f" at {rest}" if rest else ""
                self.lacks(name, f"{whose} {short.rstrip(',')}", f"{where}; {used}")
            elif lengths is not None and lengths.get(name, sizes[name]) != sizes[name]:
                self.lacks(
                    name,
                    f"{whose} is not as long as it was",
                    f": {sizes[name]:,} bytes, and {lengths[name]:,} when its process had ended",
                )
            elif lengths is None and not _is_whole(journal, told, led):
                self.lacks(
                    name,
                    f"{whose} has no end",
                    ": its process was killed, of which no report tells, or the file was cut",
                )
            if journal.version == 1:
                self.remark(
                    "journals of version 1 have no checksums, so damage in them may go unseen"
                )

    def look_for(self, expected: Iterable[str], present: Iterable[str]) -> None:
        """Note which journals are missing."""
        if self.whole:
            return
        there = set(present)
        for name in sorted(set(expected) - there):
            if _NODE.fullmatch(name):
                self.lacks(name, f"{called(name)} left no journal")


def _is_whole(journal: NodeJournal, lost: set[str], leaders: set[str]) -> bool:
    if journal.ended or journal.name in lost:
        return True
    # A master that never led wrote no record: what it read is in the journals of those who did.
    if slave_of(journal.name) is None and journal.name not in leaders and journal.documents:
        return True
    # Version 1 had no end: a slave's result was its last word, a master had none.
    if journal.version != 1:
        return False
    return slave_of(journal.name) is None or journal.has_result


def _leaders(journals: Iterable[NodeJournal]) -> set[str]:
    """Who led, as any journal tells."""
    return {
        str(document.values["holder"])
        for journal in journals
        for document in journal.documents
        if document.values.get("holder")
    }


def _kind(node: str) -> str:
    if node == REPORT:
        return REPORT
    return SLAVES if node.startswith("s") else MASTERS


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


def nodes_told(report: Mapping[str, Any] | None) -> tuple[set[str], set[str]]:
    """The nodes that the report says took part, and those of them that it says were lost."""
    if report is None:
        return set(), set()
    lost = {
        str(failure.get("node"))
        for failure in report.get("failures") or ()
        if failure.get("kind") in _LOSSES
    }
    part = {f"s{row['ordinal']}-{row['incarnation']}" for row in report.get("slaves") or ()}
    return part | lost, lost
