"""The exit codes of `ringrun`, as its help and the README have them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    AS_WISHED = 0
    """Agreed, and as expected; clean."""

    NOT_AS_WISHED = 1
    """Partial, Diverged or Failed, or an expectation was not met; a broken promise."""

    WRONG_INPUT = 2
    """The user's: one line for each fault."""

    INTERNAL_ERROR = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    """Whoever read our lines has gone."""
