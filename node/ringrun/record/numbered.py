"""Numbered files: compare-and-swap in a folder that several processes share.

Version v is the file `<stem>.<v>`, made whole by link(2), which fails if the name is taken. No lock
is held, so a process that is stopped in the middle blocks nobody. Used by `ringrun.record.file`.

A write counts only if no higher version is listed after the link: a writer that slept while its
version was made, superseded and pruned by others would otherwise believe that it won.

Nothing is fsynced: this guards against processes that die at any moment. A machine that dies takes
the whole local run with it.
"""

import itertools
import os
from pathlib import Path

KEPT_VERSIONS = 50


class NumberedFiles:
    """The versions of one value. Versions below the newest 50 are removed as new ones come."""

    def __init__(self, directory: Path, stem: str) -> None:
        self._directory = directory
        self._prefix = f"{stem}."
        self._serial = itertools.count(1)
        directory.mkdir(parents=True, exist_ok=True)

    def versions(self) -> list[int]:
        """The versions there are, ascending. Temporary files are not among them."""
        names = os.listdir(self._directory)
        length = len(self._prefix)
        found = [name[length:] for name in names if name.startswith(self._prefix)]
        return sorted(int(number) for number in found if number.isascii() and number.isdigit())

    def newest_version(self) -> int:
        """The newest version; 0 if there is none."""
        versions = self.versions()
        return versions[-1] if versions else 0

    def content(self, version: int) -> bytes | None:
        """The whole content of a version; None if it is not there (any more)."""
        try:
            return self._path(version).read_bytes()
        except FileNotFoundError:
            return None

    def newest(self) -> tuple[int, bytes]:
        """The newest version and its content; (0, b"") if there is none."""
        while version := self.newest_version():
            content = self.content(version)
            # Gone between listing and opening: it was pruned, so there are newer ones.
            if content is not None:
                return version, content
        return 0, b""

    def put(self, version: int, content: bytes) -> bool:
        """Make this the newest version if the one before it is the newest; whether it counts."""
        if self.newest_version() != version - 1:
            return False
        # The name differs between processes and between the calls of one, threads included.
        temporary = self._directory / f"new-{os.getpid()}-{next(self._serial)}"
        try:
            temporary.write_bytes(content)
            os.link(temporary, self._path(version))
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        versions = self.versions()
        if versions[-1] != version:
            return False
        for old in versions:
            if old <= version - KEPT_VERSIONS:
                self._path(old).unlink(missing_ok=True)
        return True

    def _path(self, version: int) -> Path:
        return self._directory / f"{self._prefix}{version}"
