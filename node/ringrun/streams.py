"""stdout and stderr as every command has them: no write to them costs a command its end.

`kept` is held around a command by `guard`. What the encoding cannot take is written in ASCII; what
the system does not take is said once on stderr and is lost from then on; a reader that has gone is
a `ReaderGoneError`, once. `screen_of` says what a stream looks like to whoever lays out lines.
"""

import codecs
import contextlib
import io
import os
import select
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final, TextIO, cast

from ringrun.wording import system_words

_ERRORS: Final = "ringrun-ascii"

_ASCII: Final[Mapping[str, str]] = {
    "…": "...",
    "━": "=",
    "╸": "-",
    "╺": "-",
    "–": "-",
    "—": "-",
    "→": "->",
    "·": ".",
    "×": "x",
    "µ": "u",
    "Σ": "sum of",
}
"""What of our own signs is written where they cannot be; all else as Python escapes it."""

# What Python chooses by itself, and a user who wants something else does not.
_UNCHOSEN: Final = frozenset({"strict", "surrogateescape", "backslashreplace"})

NARROWEST: Final = 20
USUAL: Final = 80
"""Columns of what is no terminal, or does not say how wide it is."""


class ReaderGoneError(BrokenPipeError):
    """Whoever read our lines has gone. Raised once; what is written later is lost in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What lines are laid out for. `moves`: whether a line may be drawn anew in its place.

    `dots` is what stands for the rest of a digest: one sign, or three where it cannot be written.
    """

    width: int = USUAL
    terminal: bool = False
    moves: bool = False
    dots: str = "…"


def screen_of(out: IO[str], environment: Mapping[str, str] = os.environ) -> Screen:
    """The screen that this stream is shown on, as it is now: windows change."""
    terminal = out.isatty()
    width = shutil.get_terminal_size((USUAL, 24)).columns if terminal else USUAL
    return Screen(
        width=max(width, NARROWEST),
        terminal=terminal,
        moves=terminal and environment.get("TERM", "") not in {"dumb", "unknown"},
        dots="…" if _takes("…", getattr(out, "encoding", None)) else "...",
    )


def _takes(sign: str, encoding: str | None) -> bool:
    try:
        sign.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """sys.stdout and sys.stderr that never fail but by ReaderGoneError of stdout, once."""
    before = sys.stdout, sys.stderr
    _hold_descriptors()

    def stdout_failed(error: OSError) -> None:
        if isinstance(error, BrokenPipeError):
            raise ReaderGoneError(*error.args) from error
        print(f"ringrun: cannot write to stdout: {system_words(error)}", file=sys.stderr)

    sys.stderr = _safe(sys.stderr, 2, lambda error: None)
    sys.stdout = _safe(sys.stdout, 1, stdout_failed)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            # The command is over: a reader that goes now has no say in its exit code.
            with contextlib.suppress(ReaderGoneError):
                stream.flush()
        sys.stdout, sys.stderr = before


def _hold_descriptors() -> None:
    """Something behind 0, 1 and 2: what is opened next would be taken for them otherwise."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free one, which is this.
            os.open(os.devnull, os.O_RDWR)


def _safe(stream: TextIO | None, descriptor: int, failed: Callable[[OSError], None]) -> TextIO:
    if stream is None:
        # Python has none for a descriptor that was closed from the start.
        sink = _Sink(descriptor, failed, closed=True)
        return io.TextIOWrapper(io.BufferedWriter(sink), "utf-8", _ERRORS, line_buffering=True)
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        # In memory, as in tests: it takes everything.
        return stream
    wrapped = cast("io.TextIOWrapper", stream)
    return io.TextIOWrapper(
        io.BufferedWriter(_Sink(descriptor, failed)),
        wrapped.encoding,
        _ERRORS if wrapped.errors in _UNCHOSEN else wrapped.errors,
        line_buffering=wrapped.line_buffering,
        write_through=wrapped.write_through,
    )


class _Sink(io.FileIO):
    """A descriptor that takes everything; what it really did not take is told once."""

    def __init__(
        self, descriptor: int, failed: Callable[[OSError], None], *, closed: bool = False
    ) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._failed = failed
        self._unwritable = closed
        self._lost = False

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        if self._lost:
            return size
        try:
            if self._unwritable:
                raise OSError(0, "it is closed")
            while (written := super().write(data)) is None:
                # Somebody else has made it non-blocking: wait as if it were not.
                select.select((), (self,), ())
        except OSError as error:
            self._lost = True
            self._failed(error)
            return size
        return written

    def isatty(self) -> bool:
        return not self._unwritable and super().isatty()


def _in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if "\udc80" <= sign <= "\udcff":
        # A byte of a name that was no text from the start: the name is these bytes.
        return bytes((ord(sign) - 0xDC00,)), error.start + 1
    escaped = sign.encode("ascii", "backslashreplace").decode("ascii")
    return _ASCII.get(sign, escaped), error.start + 1


codecs.register_error(_ERRORS, _in_ascii)
