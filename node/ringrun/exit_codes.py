"""The exit codes of `ringrun`, with what each means: help and man page have it from here."""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """How a command ended."""

    AS_WISHED = 0
    NOT_AS_WISHED = 1
    WRONG_INPUT = 2
    INCOMPLETE = 3
    INTERNAL_ERROR = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS: Final = {
    ExitCode.AS_WISHED: "Agreed, and as expected; clean",
    ExitCode.NOT_AS_WISHED: "any other verdict, or an expectation not met; a broken promise",
    ExitCode.WRONG_INPUT: "the input is wrong: one line for each fault, nothing started",
    ExitCode.INCOMPLETE: "verify: nothing broken, but not all could be checked",
    ExitCode.INTERNAL_ERROR: "an internal error of ringrun (--debug shows where)",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C, SIGTERM, SIGHUP), after an orderly stop",
    ExitCode.BROKEN_PIPE: "whoever read its lines went before the end",
}
"""In one line each."""
