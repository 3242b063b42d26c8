"""The folder of a run's journals: room on its disk, and the manifest."""

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest

from ringrun.local.journals import GROWTH, MANIFEST, room_warning, write_manifest


@pytest.mark.parametrize(("free", "warned"), [(2 * GROWTH * 60, False), (GROWTH * 60, True)])
def test_a_disk_that_may_not_do_is_told_before(
    free: float, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the cores there are and the length of SEND: how much, and what becomes of a slave."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=int(free)))
    warning = room_warning(Path("out"), 60.0)
    assert bool(warning) == warned
    if warned:
        assert warning == (
            "--journal: out has 180 MB free, and journals of 60 s may take 360 MB; a slave that "
            "cannot write its journal ends"
        )


def test_the_manifest_has_every_journal_and_the_report(tmp_path: Path) -> None:
    """By its name and length; whatever else lies there is not looked at."""
    (tmp_path / "s0-1.journal").write_bytes(b"12345")
    (tmp_path / "m0-1.journal").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("mine")
    assert write_manifest(tmp_path, b"{}\n") == 5
    assert json.loads((tmp_path / MANIFEST).read_text()) == {
        "version": 1,
        "journals": {"m0-1": 0, "s0-1": 5},
        "report": sha256(b"{}\n").hexdigest(),
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "m0-1.journal",
        MANIFEST,
        "notes.txt",
        "s0-1.journal",
    ]


def test_a_manifest_that_cannot_be_written_is_the_systems_error(tmp_path: Path) -> None:
    """The caller says it; a half of one is not left."""
    with pytest.raises(FileNotFoundError):
        write_manifest(tmp_path / "gone", b"")
