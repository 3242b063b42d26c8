"""The record and the report of a run by hand (`ringrun master`): one process, nothing on disk."""

from typing import Any

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record


class MemoryRecordStore:
    """The record of a run with a single master; it ends with the process."""

    def __init__(self) -> None:
        self._record = Record()

    def read(self) -> Record:
        """The newest record; `Record()` if none was ever written."""
        return self._record

    def write(self, record: Record) -> tuple[Outcome, Record | None]:
        """Keep it if it follows the newest; else CONFLICT with the newest."""
        if record.version != self._record.version + 1:
            return Outcome.CONFLICT, self._record
        self._record = record
        return Outcome.SAVED, record

    def free(self, holder: str) -> bool:
        """Free the lease if it is this holder's; whether that was done."""
        if not holder or self._record.holder != holder:
            return False
        self._record = self._record.evolve(holder="")
        return True


class MemoryReportStore:
    """The report of a run with a single master."""

    def __init__(self) -> None:
        self._version = 0
        self._document: dict[str, Any] | None = None

    def read(self) -> tuple[int, dict[str, Any] | None]:
        """The newest version and its document; (0, None) if there is none."""
        return self._version, self._document

    def write(
        self, version: int, document: dict[str, Any]
    ) -> tuple[Outcome, int, dict[str, Any] | None]:
        """Keep it as version + 1 if `version` is the newest; the outcome and the newest then."""
        if version != self._version:
            return Outcome.CONFLICT, self._version, self._document
        self._version += 1
        self._document = document
        return Outcome.SAVED, self._version, document
