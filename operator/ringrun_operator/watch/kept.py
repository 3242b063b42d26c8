"""An object as the store keeps it: small, and read again when somebody asks for it.

Made by `listing` of what it reads, and by `store` of what it is told. Of thousands of finished runs
everything is kept and hardly anything read, so it is kept as JSON that was packed; as dictionaries
it takes ten times the room.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringrun_operator import names
from ringrun_operator.objects.projection import project

Key = tuple[str, str]
"""Namespace and name of a run."""

FASTEST: Final = 1


class Kept:
    """An object of this kind, at one version. `key` is the run that it is, or belongs to; None if
    it is of none. Its labels say so, unless it is given."""

    __slots__ = ("_packed", "_read", "key", "kind", "name", "uid", "version")

    def __init__(self, kind: str, found: Mapping[str, Any], key: Key | None = None) -> None:
        metadata = found["metadata"]
        self.kind = kind
        self.key = key or key_of(kind, metadata)
        self.name: str = metadata["name"]
        self.uid: str = metadata["uid"]
        self.version = version_of(metadata)
        self._packed = zlib.compress(msgspec.json.encode(project(kind, found)), FASTEST)
        self._read: dict[str, Any] | None = None

    @property
    def found(self) -> dict[str, Any]:
        """The object; it is kept as it is given out until `rest`, so nobody may change it."""
        if self._read is None:
            self._read = self.copy()
        return self._read

    def copy(self) -> dict[str, Any]:
        """The object, for whoever asks once."""
        read: dict[str, Any] = msgspec.json.decode(zlib.decompress(self._packed))
        return read

    @property
    def size(self) -> int:
        """Bytes that it takes while nobody reads it, but for what every Python object does."""
        return len(self._packed) + len(self.uid)

    def rest(self) -> None:
        """Nobody is going to read it soon."""
        self._read = None

    def is_older(self, other: "Kept") -> bool:
        """Whether the other was seen later: versions of one server only grow, whatever object they
        are of, so that holds for one that was made anew under its name, too."""
        return self.version < other.version


def key_of(kind: str, metadata: Mapping[str, Any]) -> Key | None:
    """The run that an object with this metadata is, or belongs to."""
    run = metadata["name"] if kind == names.KIND else names.run_of(metadata)
    return (metadata["namespace"], run) if run else None


def version_of(metadata: Mapping[str, Any]) -> int:
    """The version as a number; 0 for one that is none."""
    version = str(metadata.get("resourceVersion", "0"))
    return int(version) if version.isdigit() else 0
