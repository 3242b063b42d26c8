"""What every store of record and report can do; implemented by `file`, `memory` and `lease`.

Called by the supervisors, and by the runtime of the masters (one call of each store in flight),
who await what they ask: `lease` is made for that; the calls of the others block, and get threads
from `ringrun.runtime.master.threaded`.
"""

from typing import Any, Protocol

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record


class StoreError(Exception):
    """The store is out of reach; nothing is known about what it holds."""


class RecordStore(Protocol):
    """The record of one run."""

    def read(self) -> Record:
        """The newest record; `Record()` if none was ever written. StoreError if out of reach."""
        ...

    def write(self, record: Record) -> tuple[Outcome, Record | None]:
        """Keep it, if `record.version - 1` is still the newest.

        SAVED gives the record back, CONFLICT gives the newest, UNKNOWN gives None: it may or may
        not have been kept, and only a read can tell.
        """
        ...

    def free(self, holder: str) -> bool:
        """Set the holder to empty if it is this one, nothing else; whether that was done.

        StoreError if out of reach.
        """
        ...


class ReportStore(Protocol):
    """The report of one run, kept by the same discipline under version numbers of its own."""

    def read(self) -> tuple[int, dict[str, Any] | None]:
        """The newest version and its document; (0, None) if none was ever written."""
        ...

    def write(
        self, version: int, document: dict[str, Any]
    ) -> tuple[Outcome, int, dict[str, Any] | None]:
        """Keep it as version + 1, if `version` is still the newest; the newest afterwards."""
        ...


class AwaitedRecordStore(Protocol):
    """A `RecordStore` as a master uses it."""

    async def read(self) -> Record:
        """The newest record; `Record()` if none was ever written. StoreError if out of reach."""
        ...

    async def write(self, record: Record) -> tuple[Outcome, Record | None]:
        """Keep it, if `record.version - 1` is still the newest: see `RecordStore.write`."""
        ...


class AwaitedReportStore(Protocol):
    """A `ReportStore` as a master uses it."""

    async def read(self) -> tuple[int, dict[str, Any] | None]:
        """The newest version and its document; (0, None) if none was ever written."""
        ...

    async def write(
        self, version: int, document: dict[str, Any]
    ) -> tuple[Outcome, int, dict[str, Any] | None]:
        """Keep it as version + 1, if `version` is still the newest; the newest afterwards."""
        ...
