"""stdout and stderr that cost no command its end, whatever they are.

What Python makes of a descriptor is tried with real descriptors, in a process of its own.
"""

import errno
import os
import pty
import subprocess
import sys
from io import StringIO, TextIOWrapper
from pathlib import Path

import pytest

from ringrun.streams import Screen, kept, screen_of

SOURCE = Path(__file__).parents[2] / "node"


def told(
    code: str, redirections: str = "", *, closed: tuple[int, ...] = (), **environment: str
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of this code in a command's streams, under a shell."""
    program = f"import sys\nfrom ringrun.streams import *\nwith kept():\n    {code}\nsys.exit(3)"
    ended = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {redirections}', sys.executable, program],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), **environment},
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


FULL = "ringrun: cannot write to stdout: No space left on device\n"
CLOSED = "ringrun: cannot write to stdout: it is closed\n"


@pytest.mark.parametrize(
    ("redirections", "said"),
    [
        (">/dev/full", ("", FULL)),
        (">&-", ("", CLOSED)),
        ("2>/dev/full", ("a\nb\n", "")),
        ("2>&-", ("a\nb\n", "")),
        (">/dev/full 2>/dev/full", ("", "")),
        (">&- 2>&-", ("", "")),
        ("<&- >&- 2>&-", ("", "")),
    ],
)
def test_what_cannot_be_written_is_said_once_and_costs_nothing(
    redirections: str, said: tuple[str, str]
) -> None:
    """Two lines, each pushed on at once, and something on stderr: the code is the command's."""
    code = "print('a', flush=True); print('b', flush=True); print(end='', file=sys.stderr)"
    assert told(code, redirections) == (3, *said)


def test_what_is_left_in_a_buffer_at_the_end_is_told_too() -> None:
    assert told("print('a')", ">/dev/full") == (3, "", FULL)


def test_a_command_that_says_nothing_is_told_of_nothing() -> None:
    """A closed stdout is only a fault for who has something to say."""
    assert told("pass", ">&-") == (3, "", "")


def test_nothing_that_is_opened_is_taken_for_stdout() -> None:
    """The lowest free descriptor would be the one that was closed."""
    code = "import os; print(os.open('/dev/null', 0), file=sys.stderr)"
    assert told(code, "<&- >&-") == (3, "", "3\n")


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"PYTHONIOENCODING": "utf-8"}, "3f9a… ━ é →\n"),
        ({"PYTHONIOENCODING": "ascii"}, "3f9a... = \\xe9 ->\n"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "3f9a... = \\xe9 ->\n"),
        ({"PYTHONIOENCODING": "ascii:replace"}, "3f9a? ? ? ?\n"),
    ],
)
def test_what_the_encoding_cannot_take_is_written_in_ascii(
    environment: dict[str, str], shown: str
) -> None:
    """Our own signs by what looks like them; a user who chose otherwise gets that."""
    code = r"print('3f9a\u2026 \u2501 \xe9 \u2192')"
    assert told(code, **environment) == (3, shown, "")


def test_a_name_of_bytes_that_are_no_text_is_written_as_it_is() -> None:
    """What the system gave as a name is that name."""
    ended = subprocess.run(
        [sys.executable, "-c", "from ringrun.streams import *\nwith kept(): print('a\\udcff')"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        timeout=60,
        check=True,
    )
    assert ended.stdout == b"a\xff\n"


def test_a_reader_that_has_gone_is_told_of_once() -> None:
    """What is written later is lost in silence, also by the interpreter at its end."""
    code = (
        "try: print('a', flush=True)\n    except ReaderGoneError: print('gone', file=sys.stderr)\n"
        "    print('b', flush=True)"
    )
    read, write = os.pipe()
    os.close(read)
    program = f"import sys\nfrom ringrun.streams import *\nwith kept():\n    {code}\nsys.exit(3)"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        stdout=write,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (3, b"gone\n")


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    """Another program may have left it so; nothing is lost then."""
    code = "import os; os.set_blocking(1, False); print('x' * 300000)"
    assert told(code, "| (sleep 0.2; wc -c)") == (0, "300001\n", "")


def test_streams_in_memory_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """They take everything; and what was there before is there again."""
    before = sys.stdout
    with kept():
        assert sys.stdout is before
        print("…")
    assert capsys.readouterr().out == "…\n"


class Terminal(StringIO):
    """Text that believes it is on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environment", "screen"),
    [
        (StringIO(), {"COLUMNS": "200"}, Screen()),
        (Terminal(), {"COLUMNS": "60"}, Screen(width=60, terminal=True, moves=True)),
        (Terminal(), {"COLUMNS": "5"}, Screen(width=20, terminal=True, moves=True)),
        (Terminal(), {"COLUMNS": "80", "TERM": "dumb"}, Screen(terminal=True)),
        (TextIOWrapper(StringIO(), "latin-1"), {}, Screen(dots="...")),  # type: ignore[type-var]
    ],
)
def test_a_screen_is_as_wide_as_its_window_and_a_pipe_as_usual(
    out: StringIO, environment: dict[str, str], screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal that cannot move is none for a bar; a pipe has no width of its own."""
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert screen_of(out) == screen


def test_a_terminal_that_does_not_know_its_width_has_the_usual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pty that nobody has given a size says 0."""
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as out:
        assert screen_of(out).width == 80
    os.close(ours)


def test_a_terminal_that_was_closed_is_no_error() -> None:
    """EIO, on stdout and on stderr alike."""
    ours, theirs = pty.openpty()
    os.close(ours)
    ended = subprocess.run(
        [sys.executable, "-c", "from ringrun.streams import *\nwith kept(): print('a')"],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        timeout=60,
        check=False,
    )
    os.close(theirs)
    assert ended.returncode == 0
    assert errno.EIO
