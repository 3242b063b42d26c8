"""Whether a command said what the page says it does: the figures of the machine set aside.

Used by the tests of the transcripts. What a machine decides (times, rates, counts, sums, digests,
sizes, which of two masters leads) is masked; how many slaves, views, epochs and results there are,
all words, and their order are not.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import unified_diff

ANYTHING = "..."

_MASKS = [
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"\b[0-9a-f]{8}…|\b[0-9a-f]{64}\b", "DIGEST"),
        # How long: never a whole number of seconds, which was asked for. An age is kubectl's.
        (
            r"(?<![\w.])(\d+ min )?\d+(\.\d+)? (ms|us)\b|(?<![\w.])\d+\.\d+ s\b|\b\d+m\d\ds\b",
            "TIME",
        ),
        (r"(?<= )(\d+[smh])+(?= |$)", "AGE"),
        (r"\b\d[\d,]*(\.\d+)? [kMG]?B\b", "SIZE"),
        (r"\b\d[\d,]*(\.\d+)?/s\b", "RATE/s"),
        (r"\b\d{1,3}(,\d{3})+(\.\d+)?|\b\d{4,}(\.\d+)?\b|(?<![\d.])\d+\.\d+(?![\d.])", "#"),
        (r"\b(cut|index|count|to|holds|seed) \d+\b", r"\1 #"),
        (r"\b\d+ (?=approved\b|messages\b|runs\b|heartbeats\b)", "# "),
        (r"\bm\d\b", "m#"),
        # Whoever waits for the slow one, or it for them; if none is slow, any.
        (r"^(slowed .*slowest link) (\d -> 2|2 -> \d):", r"\1 with 2:"),
        (r"^(as it is .*slowest link) \d -> \d:", r"\1 of any:"),
    )
]
_ROW = re.compile(r"(\d+ {2,}\d+ {2,})(.*)")
# One line a second, and what several processes print at once: these come in no order of their own.
_LOOSE = re.compile(r"SEND +TIME left |slave \d+: count ")


def masked(line: str) -> str:
    """A line without the machine's figures, and with gaps of one width."""
    row = _ROW.fullmatch(line)
    if row is not None:
        # The table of a run: ordinal and incarnation stay.
        line = row[1] + re.sub(r"(?<![0-9a-f.,])\d+(?![\w.,…])", "#", row[2])
    for pattern, shown in _MASKS:
        line = pattern.sub(shown, line)
    return re.sub(r" {2,}", "  ", line.rstrip())


def _ordered(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Masked lines whose order is told, and the kinds of those whose order is not."""
    firm, loose = [], set()
    for line in map(masked, lines):
        if _LOOSE.match(line):
            loose.add(line)
        else:
            firm.append(line)
    while firm and not firm[-1]:
        firm.pop()
    return firm, sorted(loose)


def differs(wanted: Sequence[str], said: Sequence[str]) -> str:
    """What was said otherwise than wanted, as a diff; empty if nothing. `...` stands for any lines,
    none included."""
    firm, loose = _ordered(wanted)
    got, got_loose = _ordered(said)
    if ANYTHING in firm:
        fits = _fits(firm, got) and set(loose) <= set(got_loose)
    else:
        fits = firm == got and loose == got_loose
    return (
        "" if fits else "\n".join(unified_diff([*firm, *loose], [*got, *got_loose], "page", "run"))
    )


def _fits(wanted: list[str], got: list[str]) -> bool:
    if not wanted:
        return not got
    if wanted[0] == ANYTHING:
        return any(_fits(wanted[1:], got[start:]) for start in range(len(got) + 1))
    return bool(got) and wanted[0] == got[0] and _fits(wanted[1:], got[1:])


def renewed(wanted: Sequence[str], said: Sequence[str]) -> list[str]:
    """What the page should show now: if it was right but for figures, this run's lines, with `...`
    for those that it left out; else all that was said."""
    if ANYTHING not in wanted or differs(wanted, said):
        return list(said)
    kinds = {masked(line) for line in wanted}
    found: list[str] = []
    for line in said:
        if masked(line) in kinds:
            found.append(line)
        elif found[-1:] != [ANYTHING]:
            found.append(ANYTHING)
    return found
