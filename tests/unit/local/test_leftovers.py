"""Folders of earlier runs: which are removed, and above all which are not."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ringrun.local import leftovers
from ringrun.local.leftovers import KEPT_DAYS, MARK, mark, remove_old
from ringrun.local.processes.began import process_began

DAY = 86_400.0
MADE = 1_000_000_000.0
LATER = MADE + KEPT_DAYS * DAY


def nobody(pid: int) -> int:
    """No process lives."""
    del pid
    return 0


def folder_in(temporary: Path, name: str = "ringrun-demo-x1") -> Path:
    """What a run left at MADE: marked, with a log in it."""
    folder = temporary / name
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "s0-1.log").write_text("told to end\n")
    mark(folder)
    aged(folder)
    return folder


def aged(folder: Path) -> None:
    """As if all of it had been made at MADE."""
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (MADE, MADE), follow_symlinks=False)


def test_after_a_week_it_goes_and_not_before(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    assert remove_old(tmp_path, LATER - 1, nobody) == []
    assert folder.exists()
    assert remove_old(tmp_path, LATER, nobody) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_the_week_begins_with_the_last_change(tmp_path: Path) -> None:
    """A run of eight days that has just ended badly is to be looked at."""
    folder = folder_in(tmp_path)
    os.utime(folder / "logs", (MADE + DAY, MADE + DAY))
    assert remove_old(tmp_path, LATER, nobody) == []
    assert remove_old(tmp_path, LATER + DAY, nobody) == [folder]


def test_a_run_that_lives_keeps_its_folder_however_old(tmp_path: Path) -> None:
    """It may be suspended, or have nothing to write; and its number may be another's by now."""
    folder = folder_in(tmp_path)
    assert remove_old(tmp_path, LATER) == []
    assert remove_old(tmp_path, LATER, lambda pid: process_began(pid) + 1) == [folder]


def unmarked(folder: Path) -> None:
    (folder / MARK).unlink()


def illegible(folder: Path) -> None:
    (folder / MARK).write_text("{}")


def marked_by_a_link(folder: Path) -> None:
    """Whatever it leads to."""
    (folder / MARK).rename(folder.parent / "mark")
    (folder / MARK).symlink_to(folder.parent / "mark")


def renamed(folder: Path) -> None:
    folder.rename(folder.parent / "other-x1")


def linked(folder: Path) -> None:
    """A link of that name to a folder that would be one."""
    there = folder.rename(folder.parent / "elsewhere")
    folder.symlink_to(there)


def only_a_file(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    folder.write_text("")


@pytest.mark.parametrize(
    "change", [unmarked, illegible, marked_by_a_link, renamed, linked, only_a_file]
)
def test_what_is_not_surely_a_run_s_is_not_touched(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = folder_in(tmp_path)
    change(folder)
    aged(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert remove_old(tmp_path, LATER + 100 * DAY, nobody) == []
    assert sorted(tmp_path.rglob("*")) == before


def test_what_belongs_to_another_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may remove it, as root may."""
    folder_in(tmp_path)
    other = os.getuid() + 1
    monkeypatch.setattr(leftovers.os, "getuid", lambda: other)
    assert remove_old(tmp_path, LATER, nobody) == []


def test_nothing_is_followed_out_of_a_folder(tmp_path: Path) -> None:
    """A link in it goes, what it leads to stays."""
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "file").write_text("mine")
    folder = folder_in(tmp_path / "tmp")
    (folder / "logs" / "link").symlink_to(treasure)
    aged(folder)
    assert remove_old(tmp_path / "tmp", LATER, nobody) == [folder]
    assert (treasure / "file").read_text() == "mine"


def test_a_folder_that_is_not_there_has_nothing_in_it(tmp_path: Path) -> None:
    assert remove_old(tmp_path / "none", LATER, nobody) == []


def test_the_mark_names_the_process_that_made_it(tmp_path: Path) -> None:
    mark(tmp_path)
    made_by = json.loads((tmp_path / MARK).read_text())
    assert (made_by["pid"], made_by["began"]) == (os.getpid(), process_began(os.getpid()))
