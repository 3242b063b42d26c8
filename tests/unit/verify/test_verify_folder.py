"""`ringrun verify DIR`: what is printed, kept and returned."""

import json
from pathlib import Path

import pytest
from journalled_run import JournalledRun, eventful_run

from ringrun.verify import Promise, main


def write(run: JournalledRun, folder: Path) -> None:
    """Leave a run in a folder, as `ringrun run --journal` does."""
    for name, data in run.journals().items():
        (folder / f"{name}.journal").write_bytes(data)
    (folder / "report.json").write_text(json.dumps(run.report), encoding="utf-8")


def test_a_clean_folder_is_told_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each promise, and the last word is Clean."""
    run = eventful_run()
    write(run, tmp_path)
    assert main(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "7 journals (slave 3 has 2 incarnations, 2 of masters), 3 views, 2 epochs, 36 messages"
    )
    assert lines[1] == "G1 agreement            holds"
    assert lines[2] == "G2 contiguous, unique   holds"
    assert len(lines) == 1 + len(Promise) + 1
    assert lines[-1] == "Clean."
    assert not (tmp_path / "verify.json").exists()


def test_a_broken_folder_keeps_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, the sentence on the promise's line, and all of it in verify.json."""
    run = eventful_run()
    run.report["count"] += 1
    write(run, tmp_path)
    assert main(tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert (
        "G11 no false praise     BROKEN  the report counts 37 messages, no slave approved more "
        "than 36   [unexpected]"
    ) in lines
    assert lines[-1] == f"1 promise broken: {tmp_path / 'verify.json'}"
    kept = json.loads((tmp_path / "verify.json").read_text(encoding="utf-8"))
    assert kept["broken"] == ["G11"]
    assert kept["findings"][0]["index"] == 37
    assert (kept["findings"][0]["seen"], kept["findings"][0]["other"]) == (37, 36)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no *.journal files; give the folder that --journal named"),
        ({"s0-1.journal": "x"}, "s0-1 is not a journal: it does not begin with its magic line"),
        ({"s0-1.journal": "", "report.json": "{"}, "report.json is not JSON"),
        ({"s0-1.journal": "", "report.json": "[]"}, "report.json is not a report"),
    ],
)
def test_a_folder_that_cannot_be_checked_is_one_line(
    files: dict[str, str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and what is wrong, nothing on stdout."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(tmp_path) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    [line] = captured.err.splitlines()
    assert line.startswith(f"{tmp_path}: ")
    assert reason in line


def test_a_missing_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, as for any other wrong input."""
    assert main(tmp_path / "nowhere") == 2
    assert capsys.readouterr().err == f"{tmp_path / 'nowhere'}: No such file or directory\n"
