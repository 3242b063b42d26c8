"""What a run leaves for programs: the exit code, its report in a folder or as a line on stdout.

Called at the end of `ringrun run` and of the master by hand. What cannot be written is said on
stderr, and costs the run neither its verdict nor its exit code.
"""

import json
import sys
from pathlib import Path

from ringrun.core.reason import Why
from ringrun.exit_codes import ExitCode
from ringrun.report import Report
from ringrun.streams import ReaderGoneError
from ringrun.wording import system_words


def exit_code(report: Report, *, interrupted: bool, unread: bool = False) -> ExitCode:
    """Ctrl-C goes before the verdict; `unread` says that whoever read its lines went before."""
    if interrupted:
        return ExitCode.INTERRUPTED
    # Stopped for want of a reader; a run that was over by then keeps its own code.
    if unread and report.reason_word == Why.INTERRUPTED:
        return ExitCode.BROKEN_PIPE
    return ExitCode.AS_WISHED if report.as_wished else ExitCode.NOT_AS_WISHED


def keep_report(folder: Path, text: str) -> bool:
    """`report.json` in this folder: the whole of it or nothing. Whether it is there."""
    path, temporary = folder / "report.json", folder / "report.json.new"
    try:
        temporary.write_text(text)
        temporary.replace(path)
    except OSError as error:
        print(f"ringrun: cannot write {path}: {system_words(error)}", file=sys.stderr)
        return False
    return True


def say_report(report: Report) -> None:
    """The document in one line."""
    try:
        print(json.dumps(report.as_document(), separators=(",", ":")), flush=True)
    except ReaderGoneError as error:
        # Lines for people may be lost in silence; who asked for a report has asked for all of it.
        print(f"ringrun: cannot write to stdout: {system_words(error)}", file=sys.stderr)
