"""What comes of a run by hand: its report, the leader's or one made without it, and the exit code.

Called by `supervising` at the end of a run that began. Leaves out what was wrong with the input,
of which there is no report (`SpecError`).
"""

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringrun.core.orders import Orders
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.local.said import keep_report, say_report
from ringrun.report import Report
from ringrun.report_text import OutputForm, ending_lines
from ringrun.spec import RunSpec
from ringrun.streams import ReaderGoneError, screen_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HandEnding:
    """What is left of a run.

    `document` is the stored report, a draft, or None; `reason` is why no complete one was waited
    for any longer, and None if the master ended by itself, with `last_words`.
    """

    document: dict[str, Any] | None
    record: Record
    orders: Orders
    reason: Reason | None
    last_words: str
    sent_for: float | None = None


def report_of(spec: RunSpec, ending: HandEnding) -> Report:
    """The leader's report if it is complete; else what can be said without it."""
    document = ending.document
    if document is None or not document.get("complete"):
        reason = ending.reason or Reason(Why.NO_MASTER, ending.last_words)
        # Slaves are elsewhere and leave no file here: their results are those of the draft.
        document = orphaned_report(
            spec, ending.record, ending.orders, document, (), reason, ending.sent_for
        )
    return Report.from_document(document)


def put_out(report: Report, form: OutputForm, journal: Path | None) -> None:
    """Into the folder of journals, if there is one, and to stdout: one line."""
    if journal is not None:
        text = json.dumps(report.as_document(), separators=(",", ":")) + "\n"
        keep_report(journal, text)
    if form is OutputForm.JSON:
        say_report(report)
        return
    screen = screen_of(sys.stdout)
    with contextlib.suppress(ReaderGoneError):
        print(ending_lines(report, screen.width if screen.terminal else None), flush=True)
