"""The record and the report of a local run: numbered files in the run's folder.

Used by masters of `ringrun run` and by their supervisor; docs/protocol.md, "The record".
"""

import os
from pathlib import Path
from typing import Any

import msgspec

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record
from ringrun.record.numbered import NumberedFiles
from ringrun.record.store import StoreError
from ringrun.wording import system_words

# Between two tries of `free` the record has changed; nobody writes it this often in a row.
_TRIES_TO_FREE = 20


class FileRecordStore:
    """The record in a folder, `record.<version>` each. One object per thread."""

    def __init__(self, directory: Path) -> None:
        self._files = NumberedFiles(Path(directory), "record")
        self._last = Record()

    def read(self) -> Record:
        """The newest record; `Record()` if none was ever written. StoreError if out of reach."""
        try:
            version = self._files.newest_version()
            # A version never changes, so one that was read need not be read again.
            if version and version != self._last.version:
                _, content = self._files.newest()
                self._last = msgspec.json.decode(content, type=Record)
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"the record cannot be read: {system_words(error)}") from error
        return self._last if version else Record()

    def write(self, record: Record) -> tuple[Outcome, Record | None]:
        """Keep it if it follows the newest: SAVED, CONFLICT with the newest, or UNKNOWN."""
        try:
            saved = self._files.put(record.version, msgspec.json.encode(record))
        except OSError:
            return Outcome.UNKNOWN, None
        if saved:
            self._last = record
            return Outcome.SAVED, record
        try:
            return Outcome.CONFLICT, self.read()
        except StoreError:
            return Outcome.UNKNOWN, None

    def free(self, holder: str) -> bool:
        """Free the lease if it is this holder's; whether that was done here."""
        for _ in range(_TRIES_TO_FREE):
            record = self.read()
            if not holder or record.holder != holder:
                return False
            outcome, _ = self.write(record.evolve(holder=""))
            if outcome is Outcome.SAVED:
                return True
        raise StoreError(f"the lease of {holder} could not be freed: the record keeps changing")


class FileReportStore:
    """The report in a folder, `report.<version>` each; the newest also as `<folder>.json`."""

    def __init__(self, path: Path) -> None:
        self._files = NumberedFiles(Path(path), "report")
        self._published = Path(path).with_suffix(".json")

    def read(self) -> tuple[int, dict[str, Any] | None]:
        """The newest version and its document; (0, None) if there is none. StoreError as above."""
        try:
            version, content = self._files.newest()
            return version, msgspec.json.decode(content, type=dict[str, Any]) if version else None
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"the report cannot be read: {system_words(error)}") from error

    def write(
        self, version: int, document: dict[str, Any]
    ) -> tuple[Outcome, int, dict[str, Any] | None]:
        """Keep it as version + 1 if `version` is the newest; the outcome and the newest then."""
        try:
            saved = self._files.put(version + 1, msgspec.json.encode(document))
            if saved:
                self._publish()
                return Outcome.SAVED, version + 1, document
            return Outcome.CONFLICT, *self.read()
        except (OSError, StoreError):
            return Outcome.UNKNOWN, version, None

    def _publish(self) -> None:
        # Again if another writer's came meanwhile, so that an older one never stays on top.
        version = -1
        while version != self._files.newest_version():
            version, content = self._files.newest()
            temporary = self._published.with_name(f"{self._published.name}.{os.getpid()}")
            temporary.write_bytes(content)
            temporary.replace(self._published)
