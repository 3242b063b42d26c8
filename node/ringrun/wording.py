"""How numbers, times, rings and the system's errors are put in words, and lines made to fit.

The one form of each, for everything that people read: events, reports, conditions, log lines.
Plain text; knows no stream, no report and nothing of the protocol.
"""

import json
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

RANGE: Final = 5
"""This many ordinals in a row are told as a range; fewer are shorter told one by one."""

_NUMBER: Final = re.compile(r"\[errno (-?\d+)\] ?", re.IGNORECASE)
_ASYNCIO_SAYS: Final = re.compile(r"Connect call failed|Multiple exceptions")


def thousands(number: float) -> str:
    """`19,862`; fractions are rounded to whole numbers."""
    return f"{number:,.0f}"


def duration(seconds: float) -> str:
    """`0.21 ms`, `2.1 ms`, `61 ms`, `1.40 s`, `5m00s`: about three figures, a unit at hand."""
    if abs(seconds) >= 120:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}m{rest:02d}s"
    if abs(seconds) >= 1:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1000
    digits = 2 if abs(milliseconds) < 1 else 1 if abs(milliseconds) < 10 else 0
    return f"{milliseconds:.{digits}f} ms"


def size_text(size: float) -> str:
    """`40 kB`, `6.9 MB`, `8.6 GB`: about two figures, a unit at hand."""
    for unit, of in (("GB", 1e9), ("MB", 1e6)):
        if size >= of:
            return f"{size / of:,.{1 if size < 10 * of else 0}f} {unit}"
    return f"{size / 1e3:.0f} kB"


def ordinals(members: Iterable[int], between: str = " ") -> str:
    """`0 1 3`, `0 1 3..39`: in the order given, RANGE or more in a row as a range."""
    runs: list[list[int]] = []
    for member in members:
        if runs and member == runs[-1][-1] + 1:
            runs[-1].append(member)
        else:
            runs.append([member])
    return between.join(
        f"{run[0]}..{run[-1]}" if len(run) >= RANGE else between.join(map(str, run)) for run in runs
    )


def ring(members: Iterable[int]) -> str:
    """A view's members in words: `[0 1 3..39]`."""
    return f"[{ordinals(members)}]"


def system_words(error: BaseException) -> str:
    """Why the system refused something: its own words, without a number; one line."""
    said = error.strerror if isinstance(error, OSError) else None
    words = " ".join((said or str(error)).split())
    # asyncio says that a call failed and to where, and how only by a number: of several addresses,
    # the first one's.
    if _ASYNCIO_SAYS.match(words):
        number = getattr(error, "errno", None) or int((_NUMBER.search(words) or [0, 0])[1])
        return os.strerror(number) if number else words
    return unnumbered(words) or type(error).__name__


def unnumbered(text: str) -> str:
    """The text without the numbers that Python puts before the system's words."""
    return _NUMBER.sub("", text)


def json_line(at: float, level: str, logger: str, message: str, **further: Any) -> str:
    """A log line as JSON, in ASCII: `time` (RFC 3339, UTC, microseconds), `level`, `logger`,
    `message`, and what else is known, if it is not empty. `at` is in seconds since 1970."""
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
    line = {
        "time": time.replace("+00:00", "Z"),
        "level": level,
        "logger": logger,
        "message": message,
        **{name: value for name, value in further.items() if value not in ("", None)},
    }
    return json.dumps(line, default=str)


def folded(text: str, width: int, indent: int = 0, mark: str = " ") -> str:
    """The text in lines of at most `width` columns, broken after `mark`, the later ones indented.

    What has no place to break at stays whole: half a name is worse than a long line.
    """
    if len(text) <= width:
        return text
    # A mark that is more than a blank ends the line that it breaks.
    end = mark.rstrip()
    lines: list[str] = []
    line, *pieces = text.split(mark)
    for left, piece in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
        longer = f"{line}{mark}{piece}"
        if len(longer) + (len(end) if left else 0) <= width:
            line = longer
        else:
            lines.append(line.rstrip() + end)
            line = " " * indent + piece
    return "\n".join([*lines, line])
