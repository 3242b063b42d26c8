"""The record as a Lease, and the report as a ConfigMap, of a run in a cluster.

Used by the masters' pods. Every write is a PUT with the resourceVersion last read, so the API
server itself fences a leader that was replaced. Neither object is ever made here: a Lease that is
lost, or has another uid, is not the record, and is then out of reach for good (docs/kubernetes.md).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record
from ringrun.record.api import Refused
from ringrun.record.lease_object import read_record, with_record
from ringrun.record.owned import want_own
from ringrun.record.store import StoreError

REPORT_KEY: Final = "report.json"

Clock = Callable[[], datetime]


class Objects(Protocol):
    """What the stores need of `ringrun.record.api.Api`."""

    async def get(self, path: str) -> dict[str, Any]:
        """The object at this path."""
        ...

    async def put(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """Replace the object at this path."""
        ...


def utc_now() -> datetime:
    """For what the Lease shows to people; nothing decides by it."""
    return datetime.now(UTC)


class LeaseRecordStore:
    """The record of one run. `uid` is that of the Lease it was begun in."""

    def __init__(self, api: Objects, path: str, uid: str, clock: Clock = utc_now) -> None:
        self._api = api
        self._path = path
        self._uid = uid
        self._clock = clock
        # The newest Lease that was read, by this store's own calls or by a watch.
        self._newest: dict[str, Any] | None = None

    async def read(self) -> Record:
        """The newest record; StoreError if out of reach, or if this is another Lease."""
        return self.saw(await self._api.get(self._path))

    def saw(self, lease: dict[str, Any]) -> Record:
        """The record of a Lease that a watch brought."""
        uid = lease["metadata"].get("uid")
        if uid != self._uid:
            raise StoreError(f"the record is lost: the Lease has another uid, {uid}")
        try:
            record = read_record(lease)
        except msgspec.DecodeError as error:
            raise StoreError(f"the Lease holds no record: {error}") from error
        if self._newest is None or read_record(self._newest).version <= record.version:
            self._newest = lease
        return record

    async def write(self, record: Record) -> tuple[Outcome, Record | None]:
        """Keep it, if the Lease last read is still the newest and holds the version before."""
        newest = self._newest
        if newest is None or read_record(newest).version != record.version - 1:
            return Outcome.CONFLICT, await self.read()
        try:
            self.saw(await self._api.put(self._path, with_record(newest, record, self._clock())))
        except Refused as refusal:
            if refusal.is_conflict:
                return Outcome.CONFLICT, await self.read()
            return Outcome.UNKNOWN, None
        except StoreError:
            return Outcome.UNKNOWN, None
        return Outcome.SAVED, record


class ConfigMapReportStore:
    """The report of one run; its version is the ConfigMap's, or 0 while there is no report.

    `run_uid` is the run's, whose own the ConfigMap has to be; it may not be known.
    """

    def __init__(self, api: Objects, path: str, run_uid: str = "") -> None:
        self._api = api
        self._path = path
        self._run_uid = run_uid
        self._newest: dict[str, Any] | None = None

    async def read(self) -> tuple[int, dict[str, Any] | None]:
        """The newest version and its document; (0, None) if none was ever written. StoreError if
        somebody else has its name."""
        self._newest = None
        newest = await self._api.get(self._path)
        want_own(newest, self._run_uid)
        self._newest = newest
        return self._content(newest)

    async def write(
        self, version: int, document: dict[str, Any]
    ) -> tuple[Outcome, int, dict[str, Any] | None]:
        """Keep it, if `version` is still the newest; the newest version and document then."""
        newest = self._newest
        if newest is None or self._content(newest)[0] != version:
            return Outcome.CONFLICT, *await self.read()
        data = {
            **(newest.get("data") or {}),
            REPORT_KEY: msgspec.json.encode(document).decode(),
        }
        try:
            self._newest = await self._api.put(self._path, {**newest, "data": data})
        except Refused as refusal:
            if refusal.is_conflict:
                return Outcome.CONFLICT, *await self.read()
            return Outcome.UNKNOWN, version, None
        except StoreError:
            return Outcome.UNKNOWN, version, None
        return Outcome.SAVED, self._content(self._newest)[0], document

    @staticmethod
    def _content(config_map: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        text = (config_map.get("data") or {}).get(REPORT_KEY)
        if text is None:
            return 0, None
        try:
            document = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise StoreError(f"the ConfigMap holds no report: {error}") from error
        return int(config_map["metadata"]["resourceVersion"]), document
