"""One run in words and columns: what it is, what happened when, and what came of it.

A `Trace` tells it everything. `lines` are for `ringrun simulate --trace` and for the pages of
docs/transcripts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome
from ringrun.report import Report
from ringrun.report_text import last_line
from ringrun.simulation.case import Case
from ringrun.simulation.telling.happenings import note, order, write
from ringrun.simulation.telling.head import head
from ringrun.simulation.telling.messages import name, words

NAMES: Final = "s2-1 is slave 2 in its first incarnation, s2 slave 2 in any, m0-1 is master 0"

_MARK: Final = "!!"
_WIDTH: Final = 100
_NARROWEST: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, without its end; `stands_out` says that something went wrong there."""

    text: str
    stands_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    time: float
    who: str
    text: str
    sender: str = ""
    name: str = ""
    stands_out: bool = False


class Telling:
    """`renamed` is asked for every text, where nodes are called otherwise than by themselves;
    `names` says what they are called."""

    def __init__(self, renamed: Callable[[str], str] = str, names: str = NAMES) -> None:
        self._renamed = renamed
        self._names = names
        self._case: Case | None = None
        self._faults: Sequence[tuple[float, str]] | None = None
        self._rows: list[_Row] = []
        self._crash: list[str] = []
        self._end: list[str] = []

    # Told by a trace.

    def begin(self, case: Case) -> None:
        self._case = case

    def planned(self, faults: Sequence[tuple[float, str]]) -> None:
        """When each fault is to come, and what it is called; in any order."""
        self._faults = faults

    def did(self, time: float, who: str, text: str, *, stands_out: bool = False) -> None:
        self._rows.append(_Row(time=time, who=who, text=text, stands_out=stands_out))

    def stands_out(self, time: float, text: str) -> None:
        """Something goes wrong, or stops to, of nobody in particular."""
        self.did(time, "", text, stands_out=True)

    def delivered(self, time: float, sender: str, receiver: str, payload: Any) -> None:
        row = _Row(time=time, who=receiver, sender=sender, name=name(payload), text=words(payload))
        self._rows.append(row)

    def noted(self, time: float, who: str, given: tuple[Any, ...]) -> None:
        self.did(time, who, note(given))

    def stored(self, time: float, who: str, outcome: Outcome, version: int, value: Any) -> None:
        self.did(time, who, write(outcome, version, value))

    def ordered(self, time: float, orders: Orders) -> None:
        self.did(time, "supervisor", order(orders))

    def crashed(self, lines: Sequence[str]) -> None:
        """A traceback, as Python writes it."""
        self._crash += [part for line in lines for part in line.splitlines()]

    def end(self, report: Mapping[str, Any] | None) -> None:
        """The run's own last line, if there is a complete report."""
        line = "No complete report." if report is None else last_line(Report.from_document(report))
        self._end = ["", line]

    # For whoever shows it.

    def lines(self, width: int = _WIDTH) -> Iterator[Line]:
        """Everything that was told so far, no line longer than `width` if it can be helped.

        The last line is left whole, as a real run prints it.
        """
        width = max(width, _NARROWEST)
        yield from self._head(width)
        names = max([len(row.name) for row in self._rows], default=0)
        nodes = {node for row in self._rows if row.sender for node in (row.who, row.sender)}
        who = max([len(self._renamed(node)) for node in nodes], default=0)
        for row in self._rows:
            yield from self._shown(row, who, names, width)
        yield from (Line(text=text, stands_out=True) for text in self._crash)
        yield from (Line(text=text) for text in self._end)

    def _head(self, width: int) -> Iterator[Line]:
        case = self._case
        if case is None:
            return
        if self._faults is not None:
            yield Line(text=f"seed {case.seed}, faults {case.profile}")
        for title, text in head(case, self._faults, self._names):
            yield from _folded(f"{title:<9}", text, width)
        yield Line(text="")

    def _shown(self, row: _Row, who: int, names: int, width: int) -> Iterator[Line]:
        mark = _MARK if row.stands_out else ""
        before = f"{mark:2} {row.time:7.4f}  "
        if row.who:
            before += f"{self._renamed(row.who):<{who}}  "
        if row.sender:
            before += f"<- {self._renamed(row.sender):<{who}}  {row.name:<{names}}  "
        yield from _folded(before, self._renamed(row.text), width, stands_out=row.stands_out)


def _folded(before: str, text: str, width: int, *, stands_out: bool = False) -> Iterator[Line]:
    """The text after what stands before it, and below itself where it is too long."""
    parts = wrap(text, width - len(before), break_long_words=False, break_on_hyphens=False) or [""]
    yield Line(text=f"{before}{parts[0]}".rstrip(), stands_out=stands_out)
    for part in parts[1:]:
        yield Line(text=" " * len(before) + part, stands_out=stands_out)
