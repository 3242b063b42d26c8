"""Numbers, rings and the system's errors in words, and lines that fit."""

import errno
import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.wording import (
    RANGE,
    duration,
    folded,
    ordinals,
    ring,
    size_text,
    system_words,
    thousands,
)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.00 ms"),
        (0.00021, "0.21 ms"),
        (0.0021, "2.1 ms"),
        (0.061, "61 ms"),
        (0.9994, "999 ms"),
        (1.4, "1.40 s"),
        (119.0, "119.00 s"),
        (300.0, "5m00s"),
    ],
)
def test_durations_have_a_unit_at_hand(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_large_numbers_are_read_in_groups() -> None:
    assert thousands(999_999_999) == "999,999,999"
    assert thousands(12_075.3) == "12,075"


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ((), "[]"),
        ((0, 1, 3), "[0 1 3]"),
        (range(4), "[0 1 2 3]"),
        (range(5), "[0..4]"),
        (range(40), "[0..39]"),
        ((0, 1, *range(3, 40)), "[0 1 3..39]"),
        ((*range(99), *range(100, 512)), "[0..98 100..511]"),
        ((0, 2, 4, 6, 8), "[0 2 4 6 8]"),
        ((5, 4, 3, 2, 1, 0), "[5 4 3 2 1 0]"),
        ((3, 4, 5, 6, 7, 0, 1), "[3..7 0 1]"),
    ],
)
def test_a_view_is_told_as_ranges(members: tuple[int, ...], shown: str) -> None:
    """From five in a row on, in the order of the ring."""
    assert RANGE == 5
    assert ring(members) == shown


@given(st.lists(st.integers(0, 511), max_size=60))
def test_a_view_can_be_read_back(members: list[int]) -> None:
    """Whatever is left out of the line is in the range."""
    read: list[int] = []
    for part in ordinals(members).split():
        first, dots, last = part.partition("..")
        read += range(int(first), int(last) + 1) if dots else [int(first)]
    assert read == members


def test_ordinals_in_a_sentence_have_commas() -> None:
    assert ordinals([0, 1, *range(3, 9)], ", ") == "0, 1, 3..8"


REFUSED = "Connect call failed ('127.0.0.1', 10503)"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device"),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT), "/x"), "No such file or directory"),
        (ConnectionRefusedError(errno.ECONNREFUSED, REFUSED), "Connection refused"),
        (
            OSError(f"Multiple exceptions: [Errno 111] {REFUSED}, [Errno 113] {REFUSED}"),
            "Connection refused",
        ),
        (OSError("Multiple exceptions: who knows"), "Multiple exceptions: who knows"),
        (
            OSError(98, "[errno 98] error while attempting to bind: address already in use"),
            "error while attempting to bind: address already in use",
        ),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (ValueError("[Errno 5] a\nb"), "a b"),
        (ValueError(), "ValueError"),
        (OSError(), "OSError"),
    ],
)
def test_the_system_s_words_have_no_number(error: Exception, words: str) -> None:
    """`[Errno 111]` means nothing to whoever reads it."""
    assert system_words(error) == words


def test_what_fits_is_left_alone() -> None:
    assert folded("a  b c", 6) == "a  b c"


def test_a_line_is_folded_at_a_blank_and_goes_on_below_its_text() -> None:
    text = "SEND   0.52 s  slave 2 (incarnation 1) lost: killed by SIGKILL; view 2 [0 1 3]"
    assert folded(text, 60, 15).splitlines() == [
        "SEND   0.52 s  slave 2 (incarnation 1) lost: killed by",
        "               SIGKILL; view 2 [0 1 3]",
    ]


def test_a_word_that_is_too_long_stays_whole() -> None:
    """Half a name is worse than a long line."""
    name = "x" * 63
    assert folded(f"slave {name} lost", 40, 2).splitlines() == ["slave", f"  {name}", "  lost"]


def test_after_a_comma_a_line_ends_with_it() -> None:
    assert folded("one, two, three", 9, 2, ", ").splitlines() == ["one, two,", "  three"]


WORDS = st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=30)


@given(WORDS, st.integers(20, 90), st.integers(0, 8))
def test_folding_loses_nothing_and_no_line_is_too_long(
    words: list[str], width: int, indent: int
) -> None:
    """With words that fit beside the indent."""
    lines = folded(" ".join(words), width, indent).splitlines()
    assert all(len(line) <= width for line in lines)
    assert " ".join(lines).split() == words


@given(WORDS, st.integers(20, 90))
def test_folding_at_commas_loses_nothing_either(words: list[str], width: int) -> None:
    lines = folded(", ".join(words), width, 2, ", ").splitlines()
    assert all(len(line) <= width for line in lines)
    assert ", ".join(words) == " ".join(line.strip() for line in lines)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 kB"),
        (40_000, "40 kB"),
        (999_999, "1000 kB"),
        (1_250_000, "1.2 MB"),
        (86_000_000, "86 MB"),
        (8.6e9, "8.6 GB"),
        (1.234e13, "12,340 GB"),
    ],
)
def test_sizes_have_a_unit_at_hand(size: float, text: str) -> None:
    """Two figures are enough to choose a disk by."""
    assert size_text(size) == text
