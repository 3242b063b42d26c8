"""Compare-and-swap in a folder: versions as files, of which only the newest are kept."""

import os
from pathlib import Path

import pytest

from ringrun.record.numbered import KEPT_VERSIONS, NumberedFiles


def test_a_folder_that_nobody_wrote_to_has_version_zero(tmp_path: Path) -> None:
    """It is made, with the folders above it, and made twice is the same as once."""
    for _ in range(2):
        files = NumberedFiles(tmp_path / "run" / "record", "x")
    assert (files.newest_version(), files.newest(), files.versions()) == (0, (0, b""), [])
    assert files.content(1) is None


def test_each_version_is_a_file_with_the_whole_content(tmp_path: Path) -> None:
    """Nothing else is left in the folder; an empty content is a version like any other."""
    files = NumberedFiles(tmp_path, "x")
    assert files.put(1, b"one")
    assert files.put(2, b"")
    assert sorted(os.listdir(tmp_path)) == ["x.1", "x.2"]
    assert (files.content(1), files.newest()) == (b"one", (2, b""))


@pytest.mark.parametrize("version", [0, 1, 2, 4])
def test_only_the_next_version_can_be_put(tmp_path: Path, version: int) -> None:
    """Neither one that is there, nor one with a gap before it; the refused leaves no trace."""
    files = NumberedFiles(tmp_path, "x")
    assert files.put(1, b"one")
    assert files.put(2, b"two")
    assert not files.put(version, b"other")
    assert sorted(os.listdir(tmp_path)) == ["x.1", "x.2"]
    assert files.newest() == (2, b"two")


def test_versions_are_in_the_order_of_numbers(tmp_path: Path) -> None:
    """Not of names, in which 10 is before 9."""
    files = NumberedFiles(tmp_path, "x")
    for version in range(1, 12):
        files.put(version, b"%d" % version)
    assert files.versions() == list(range(1, 12))
    assert files.newest() == (11, b"11")


def test_what_else_is_in_the_folder_is_no_version(tmp_path: Path) -> None:
    """Another value's versions, half files of the dead, and digits that are not ASCII."""
    for name in ("y.7", "x.", "x.2.part", "x.-3", "x.\u0663", "x.\u00b2", "new-77-1"):
        (tmp_path / name).write_bytes(b"no")
    files = NumberedFiles(tmp_path, "x")
    assert files.versions() == []
    assert files.put(1, b"one")
    assert files.newest() == (1, b"one")


def test_the_newest_fifty_stay(tmp_path: Path) -> None:
    """Also where a writer that was killed left older ones behind."""
    files = NumberedFiles(tmp_path, "x")
    for version in range(1, KEPT_VERSIONS + 1):
        files.put(version, b"")
    assert files.versions() == list(range(1, KEPT_VERSIONS + 1))
    files.put(KEPT_VERSIONS + 1, b"")
    (tmp_path / "x.1").write_bytes(b"left behind")
    files.put(KEPT_VERSIONS + 2, b"")
    assert files.versions() == list(range(3, KEPT_VERSIONS + 3))


def test_a_writer_that_finds_its_name_taken_has_lost(tmp_path: Path) -> None:
    """Another one was first between its look and its link: that content stays."""

    class Late(NumberedFiles):
        """Sees the folder as it was before the other wrote."""

        def newest_version(self) -> int:
            return 0

    assert NumberedFiles(tmp_path, "x").put(1, b"first")
    assert not Late(tmp_path, "x").put(1, b"mine")
    assert os.listdir(tmp_path) == ["x.1"]
    assert (tmp_path / "x.1").read_bytes() == b"first"


def test_a_writer_that_slept_while_its_version_was_pruned_has_lost(tmp_path: Path) -> None:
    """Its link succeeds, since the name is free again, but higher versions are listed after it."""

    class Sleeper(NumberedFiles):
        """Sees the folder as it was before it fell asleep, once."""

        asleep = True

        def newest_version(self) -> int:
            version = super().newest_version()
            if self.asleep:
                self.asleep = False
                for number in range(version + 1, version + KEPT_VERSIONS + 10):
                    assert NumberedFiles(tmp_path, "x").put(number, b"other")
            return version

    assert NumberedFiles(tmp_path, "x").put(1, b"first")
    sleeper = Sleeper(tmp_path, "x")
    assert not sleeper.put(2, b"mine")
    assert (tmp_path / "x.2").exists()
    assert sleeper.newest() == (KEPT_VERSIONS + 10, b"other")


def test_a_version_that_is_pruned_under_the_reader_is_no_fault(tmp_path: Path) -> None:
    """The reader lists again."""

    class Unlucky(NumberedFiles):
        """Its first look is at a version that somebody removes before it opens the file."""

        looks = 0

        def newest_version(self) -> int:
            self.looks += 1
            return 3 if self.looks == 1 else super().newest_version()

    NumberedFiles(tmp_path, "x").put(1, b"there")
    assert Unlucky(tmp_path, "x").newest() == (1, b"there")
