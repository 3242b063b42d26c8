"""Why a run was stopped, given up, or judged as it was: a word that programs go by, and details.

The words are those of the report and of a cluster's conditions; docs/operations.md explains each.
Nothing steers by the details, which are for people.
"""

from enum import StrEnum

import msgspec


class Why(StrEnum):
    """The first word of a reason."""

    # Ordered: by the user, or by the supervisor in the spec's name.
    ABORTED = "Aborted"
    SUSPENDED = "Suspended"
    INTERRUPTED = "Interrupted"
    STOPPED = "Stopped"
    ACTIVE_DEADLINE = "ActiveDeadlineExceeded"
    START_DEADLINE = "StartDeadlineExceeded"
    SLAVE_FAILED = "SlaveFailed"
    REPLACEMENTS_EXHAUSTED = "ReplacementsExhausted"
    # Found by a leader.
    DIVERGED = "Diverged"
    NO_SURVIVOR = "NoSurvivor"
    # Given up by a supervisor.
    NO_MASTER = "NoMasterLeft"
    NO_SLAVE = "NoSlaveLeft"
    OVERDUE = "Overdue"
    RECORD_LOST = "RecordLost"
    # Judged from the results.
    AGREED = "Agreed"
    NEVER_STARTED = "NeverStarted"
    RESULTS_MISSING = "ResultsMissing"
    RESULTS_DIFFER = "ResultsDiffer"
    MORE_APPROVED = "MoreApproved"
    NOT_THE_CLOSING_CUT = "NotTheClosingCut"
    NOT_THE_LAST_VIEW = "NotTheLastView"


class Reason(msgspec.Struct, frozen=True):
    """One reason; `detail` may be empty."""

    word: Why
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.word.value}: {self.detail}" if self.detail else self.word.value
