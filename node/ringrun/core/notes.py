"""What the cores tell the journal. `runtime.journal` writes it, `ringrun.verify` reads it.

A note is a tuple whose first member is its kind; the time is added by whoever writes it down.
Notes must be on disk before what follows from them leaves the process.
"""

from enum import IntEnum


class Note(IntEnum):
    """The kinds, with what follows each in its tuple."""

    META = 1
    """document: dict."""
    ISSUED = 2
    """view, first, sender, k, count, numbers: own entries, about to be sent."""
    HELD = 3
    """view, first, sender, k, count, numbers: entries of others, now held contiguously."""
    SYNCED = 4
    """view, first, sender, k, count, numbers: the same, fetched from a donor while wedged."""
    APPROVED = 5
    """view, up_to, how (0 by confirmations, 1 by a cut at INSTALL, 2 by the closing cut)."""
    VIEW = 6
    """document: number, epoch, holder, members [[ordinal, incarnation]], cut, count, sumExact,
    digest."""
    BASE = 7
    """document: a joiner starts from a donor's approved fold (count, sumExact, digest, senders,
    runs, numbers as hex)."""
    WEDGED = 8
    """document: view, epoch, attempt, held, approved."""
    PHASE = 9
    """document: phase, elapsed (seconds since GO, or None)."""
    COMMAND = 10
    """document: command, epoch, holder, obeyed, view."""
    CHECKPOINT = 11
    """block (from 1), digest (32 bytes): the chain after a full block."""
    RESULT = 12
    """document: count, sumExact, digest, final, view."""
    RECORD = 13
    """document: outcome (saved, conflict, unknown, read), version, epoch, holder, view, members,
    cut, count, sumExact, digest, phase, closed, stopReason, sendMembers, prepared."""
    END = 14
    """document: code (the exit code): the process ends in order, and writes no more."""
