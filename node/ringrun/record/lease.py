"""The record as a Lease, and the report as a ConfigMap, of a run in a cluster.

Used by the masters' pods. Every write is a PUT with the resourceVersion last read, so the API
server itself fences a leader that was replaced. Neither object is ever made here: a Lease that is
lost, or has another uid, is not the record, and is then out of reach for good (docs/kubernetes.md).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final, Protocol

import msgspec

from ringrun.core.outputs import Outcome
from ringrun.core.record import Record
from ringrun.record.api import ApiError
from ringrun.record.lease_object import freed, read_record, with_record
from ringrun.record.store import StoreError

REPORT_KEY: Final = "report.json"

_CONFLICT: Final = 409

Clock = Callable[[], datetime]


class Objects(Protocol):
    """What the stores need of `record.api.Api`."""

    def get(self, path: str) -> dict[str, Any]:
        """The object at this path."""
        ...

    def put(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
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
        # The newest Lease that was read, by this store's own calls or by a watch in another thread.
        self._newest: dict[str, Any] | None = None
        self._lock = Lock()

    def read(self) -> Record:
        """The newest record; StoreError if out of reach, or if this is another Lease."""
        return self.saw(self._api.get(self._path))

    def saw(self, lease: dict[str, Any]) -> Record:
        """The record of a Lease that a watch brought."""
        uid = lease["metadata"].get("uid")
        if uid != self._uid:
            raise StoreError(f"the record is lost: the Lease has another uid, {uid}")
        try:
            record = read_record(lease)
        except msgspec.DecodeError as error:
            raise StoreError(f"the Lease holds no record: {error}") from error
        with self._lock:
            if self._newest is None or read_record(self._newest).version <= record.version:
                self._newest = lease
        return record

    def write(self, record: Record) -> tuple[Outcome, Record | None]:
        """Keep it, if the Lease last read is still the newest and holds the version before."""
        with self._lock:
            newest = self._newest
        if newest is None or read_record(newest).version != record.version - 1:
            return Outcome.CONFLICT, self.read()
        try:
            self.saw(self._api.put(self._path, with_record(newest, record, self._clock())))
        except ApiError as error:
            if error.status == _CONFLICT:
                return Outcome.CONFLICT, self.read()
            return Outcome.UNKNOWN, None
        except StoreError:
            return Outcome.UNKNOWN, None
        return Outcome.SAVED, record

    def free(self, holder: str) -> bool:
        """Set the holder to empty if it is this one, nothing else; whether that was done."""
        lease = self._api.get(self._path)
        self.saw(lease)
        document = freed(lease, holder, self._clock())
        if document is None:
            return False
        try:
            self.saw(self._api.put(self._path, document))
        except ApiError as error:
            if error.status == _CONFLICT:
                return False
            raise
        return True


class ConfigMapReportStore:
    """The report of one run; its version is the ConfigMap's, or 0 while there is no report."""

    def __init__(self, api: Objects, path: str) -> None:
        self._api = api
        self._path = path
        self._newest: dict[str, Any] | None = None

    def read(self) -> tuple[int, dict[str, Any] | None]:
        """The newest version and its document; (0, None) if none was ever written."""
        self._newest = self._api.get(self._path)
        return self._content(self._newest)

    def write(
        self, version: int, document: dict[str, Any]
    ) -> tuple[Outcome, int, dict[str, Any] | None]:
        """Keep it, if `version` is still the newest; the newest version and document then."""
        newest = self._newest
        if newest is None or self._content(newest)[0] != version:
            return Outcome.CONFLICT, *self.read()
        data = {
            **(newest.get("data") or {}),
            REPORT_KEY: msgspec.json.encode(document).decode(),
        }
        try:
            self._newest = self._api.put(self._path, {**newest, "data": data})
        except ApiError as error:
            if error.status == _CONFLICT:
                return Outcome.CONFLICT, *self.read()
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
