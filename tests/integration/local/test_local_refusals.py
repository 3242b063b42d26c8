"""What a local run refuses, and how it ends when nothing works: real processes that do nothing."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from fake_start import fake

from ringrun.local.options import OutputForm, RunOptions
from ringrun.local.run import run_here
from ringrun.spec import SpecError, default_run


@pytest.mark.parametrize("flag", ["--journal", "--run-dir"])
def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path, flag: str) -> None:
    """One line that names the flag, the folder and what to do; nothing is started or written."""
    (tmp_path / "s0-1.journal").touch()
    options = RunOptions(**{flag.strip("-").replace("-", "_"): tmp_path})  # type: ignore[arg-type]
    with pytest.raises(SpecError) as refused:
        run_here(default_run(), options, start=fake("never"))
    assert refused.value.faults == (
        f"{flag}: {tmp_path} must be empty; give a new folder or empty it",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["s0-1.journal"]


def test_a_folder_under_a_file_is_refused(tmp_path: Path) -> None:
    """It can be neither made nor written."""
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match=r"--journal: .*/file/out must be a folder to write in"):
        run_here(default_run(), RunOptions(journal=tmp_path / "file" / "out"))


def test_journals_and_the_runs_own_files_need_two_folders(tmp_path: Path) -> None:
    """Both write a report.json."""
    with pytest.raises(SpecError, match="must not be the folder of --journal"):
        run_here(default_run(), RunOptions(journal=tmp_path, run_dir=tmp_path))


def test_processes_that_cannot_start_end_the_run_as_failed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bounded number of starts, exit code 1, a report that says in whose words it failed."""
    before = time.monotonic()
    code = run_here(
        replace(default_run(), nodes=3),
        RunOptions(output=OutputForm.JSON, run_dir=tmp_path / "run", journal=tmp_path / "out"),
        start=fake("broken"),
    )
    assert time.monotonic() - before < 20
    assert code == 1
    out, _ = capfd.readouterr()
    report = json.loads(out)
    assert report["verdict"] == "Failed"
    assert "nothing works here" in report["reason"]
    assert report["slaves"] == []
    assert {failure["cause"] for failure in report["failures"]} == {
        "exit code 3: nothing works here"
    }
    for folder in ("run", "out"):
        assert json.loads((tmp_path / folder / "report.json").read_text()) == report
