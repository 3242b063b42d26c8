"""A fault of the user's input: where it is, how it is told, and what was likely meant.

Leaves out the rules themselves: those of a resource are in `checking`, those of a pod's settings in
`template`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

Path = tuple[str, ...]
Fault = tuple[Path, str]


class SpecError(ValueError):
    """The user's input is wrong; `faults` has one line for each thing that is."""

    def __init__(self, faults: Iterable[str]) -> None:
        # A line for the user is a line, and no fault writes control characters to a terminal.
        self.faults = tuple(printable(fault) for fault in faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where each part of a resource was given: a line of the source, or a flag, which wins."""

    source: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    flags: Mapping[Path, str] = field(default_factory=dict)

    def of(self, path: Path) -> str:
        """The place of a path, or of the nearest part around it that has one."""
        if path in self.flags:
            return self.flags[path]
        line = self._line(path)
        return f"{self.source}:{line}" if line else self.source

    def rank(self, path: Path) -> tuple[int, int]:
        """What faults are sorted by: the file from top to bottom, then the flags as given."""
        if path in self.flags:
            return 1, list(self.flags).index(path)
        return 0, self._line(path)

    def _line(self, path: Path) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def raise_faults(faults: Iterable[Fault], places: Places) -> None:
    """SpecError with these, in the order of their places; nothing if there are none."""
    ordered = sorted(faults, key=lambda fault: places.rank(fault[0]))
    if ordered:
        raise SpecError(f"{places.of(path)}: {text}" for path, text in ordered)


def shown(value: object) -> str:
    """A value as a fault shows it: on one line, as JSON has it, and never long."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        value = short(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return json.dumps(short(str(value)), ensure_ascii=False)


def short(text: str) -> str:
    """The text, or as much of it as a fault repeats."""
    return text if len(text) <= 60 else text[:57] + "..."


def printable(text: str) -> str:
    """The text with `\\x1b` and the like where a terminal would obey, or begin a line."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def near(word: object, options: Iterable[str]) -> str:
    """`; did you mean ...?` with the nearest option, or nothing if none is near."""
    by_lower = {option.lower(): option for option in options}
    found = get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""
