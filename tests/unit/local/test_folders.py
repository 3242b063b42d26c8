"""The folders of a local run: what may be used, and what is read back."""

import tempfile
from pathlib import Path

import pytest

from ringrun.local.folders import make_folders
from ringrun.local.options import RunOptions
from ringrun.spec import SpecError


def test_a_folder_of_the_run_s_own_is_made_and_removed(tmp_path: Path) -> None:
    """Where the user names none it is temporary; where one is named it stays."""
    folders = make_folders("demo", RunOptions())
    assert folders.temporary
    assert sorted(path.name for path in folders.run_dir.iterdir()) == [
        ".ringrun-run",
        "logs",
        "record",
        "report",
        "results",
    ]
    folders.remove()
    assert not folders.run_dir.exists()
    assert not make_folders("demo", RunOptions(run_dir=tmp_path / "run")).temporary


def test_every_folder_that_cannot_be_used_has_its_line(tmp_path: Path) -> None:
    """Two runs' files in one folder would be taken for one run's."""
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    with pytest.raises(SpecError) as caught:
        make_folders("demo", RunOptions(journal=full, run_dir=full / "file"))
    journal, run_dir = caught.value.faults
    assert journal == f"--journal: {full} must be empty; give a new folder or empty it"
    assert run_dir.startswith(f"--run-dir: {full / 'file'} must be a folder to write in")


def test_journals_and_the_run_s_own_files_are_kept_apart(tmp_path: Path) -> None:
    """One folder for both is refused."""
    with pytest.raises(SpecError, match="must not be the folder of --journal"):
        make_folders("demo", RunOptions(journal=tmp_path / "x", run_dir=tmp_path / "x"))


def test_the_last_words_are_the_last_line_that_says_something(tmp_path: Path) -> None:
    """Shortened; nothing of a process that said nothing."""
    folders = make_folders("demo", RunOptions(run_dir=tmp_path / "run"))
    assert folders.last_words("s0-1") == ""
    folders.log("s0-1").write_text("first\n" + "x" * 300 + "\n \n\n")
    assert folders.last_words("s0-1") == "x" * 200
    folders.log("s0-1").write_text("OSError: [Errno 28] No space left on device\n")
    assert folders.last_words("s0-1") == "OSError: No space left on device"


def test_a_result_that_is_not_whole_is_none(tmp_path: Path) -> None:
    """As if the slave had not come that far."""
    folders = make_folders("demo", RunOptions(run_dir=tmp_path / "run"))
    (folders.run_dir / "results" / "s0-1.json").write_text("{")
    assert folders.result("s0-1") is None
    assert folders.result("s1-1") is None
    assert folders.results() == []


def test_what_is_kept_is_told_with_where_and_for_how_long(tmp_path: Path) -> None:
    folders = make_folders("demo", RunOptions(run_dir=tmp_path / "run"))
    assert folders.kept == (
        "The run's own files (each process's log, the record, the report) are kept for 7 days in "
        f"{tmp_path}/run"
    )


def test_where_no_folder_can_be_made_the_user_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk under TMPDIR, or one that is written by nobody."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(SpecError) as caught:
        make_folders("demo", RunOptions())
    [fault] = caught.value.faults
    assert fault == (
        "--run-dir: the run's own files cannot be made: No such file or directory; "
        "give another folder"
    )
