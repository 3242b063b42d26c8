"""`ringrun verify DIR`: what is printed, kept and returned."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from journalled_run import JournalledRun, eventful_run

from ringrun.verify import main


def write(run: JournalledRun, folder: Path) -> None:
    """Leave a run in a folder, as `ringrun run --journal` does."""
    for name, data in run.journals().items():
        (folder / f"{name}.journal").write_bytes(data)
    report = json.dumps(run.report).encode()
    (folder / "report.json").write_bytes(report)
    manifest = {"version": 1, "journals": run.lengths(), "report": sha256(report).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_a_clean_folder_is_told_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each promise, and the last word is Clean."""
    run = eventful_run()
    write(run, tmp_path)
    assert main(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ("7 journals (2 of slave 3, 2 of masters), 3 views, 2 epochs, 36 messages")
    assert lines[1] == "G1 agreement            holds"
    assert lines[2] == "G2 contiguous, unique   holds"
    assert len(lines) == 1 + 12 + 1
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


def test_a_folder_without_journals_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and what is wrong, nothing on stdout."""
    (tmp_path / "report.json").write_text("{}", encoding="utf-8")
    assert main(tmp_path) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"{tmp_path}: no *.journal files; give the folder that --journal named\n"
    )


@pytest.mark.parametrize(
    ("files", "row", "number"),
    [
        ({"s0-1.journal": b"x"}, "Slave 0 (incarnation 1)'s journal is damaged", 9),
        ({"s0-1.journal": b""}, "Slave 0 (incarnation 1)'s journal is empty;", 9),
        ({"report.json": b"{"}, "The report is damaged: it is not what manifest.json", 2),
        ({"report.json": None}, "There is no report.json", 2),
        ({"s2-1.journal": None}, "Slave 2 (incarnation 1) left no journal.", 9),
        ({"m0-1.journal": None}, "Master m0-1 left no journal.", 5),
    ],
)
def test_what_is_damaged_or_missing_is_not_checked(
    files: dict[str, bytes | None],
    row: str,
    number: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 3: neither broken nor clean; which promises, and why."""
    write(eventful_run(), tmp_path)
    for name, data in files.items():
        if data is None:
            (tmp_path / name).unlink()
        else:
            (tmp_path / name).write_bytes(data)
    assert main(tmp_path) == 3
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(row) for line in lines)
    assert lines[-1] == f"Nothing broken; {number} of 10 not checked."
    kept = json.loads((tmp_path / "verify.json").read_text(encoding="utf-8"))
    assert (kept["broken"], kept["clean"]) == ([], False)
    assert len(kept["unchecked"]) == number


@pytest.mark.parametrize(
    ("report", "row"),
    [
        (b"{", "The report is damaged: it is not JSON"),
        (b"\xff", "The report is damaged: it is not JSON"),
        (b"[]", "The report is damaged: it is not a report"),
        (b"{}", "The report is damaged: "),
        (b'{"verdict": "Agreed", "slaves": 3}', "The report is damaged: "),
    ],
)
def test_without_a_manifest_a_report_must_look_like_one(
    report: bytes, row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a run in a cluster, whose report is fetched apart from the journals."""
    write(eventful_run(), tmp_path)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "report.json").write_bytes(report)
    assert main(tmp_path) == 3
    assert any(line.startswith(row) for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"version":1,"journals":{"s0-1":-1}}'])
def test_a_damaged_manifest_leaves_the_lengths_unknown(
    manifest: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that is there may hold, and nobody can tell whether it is all."""
    write(eventful_run(), tmp_path)
    (tmp_path / "manifest.json").write_bytes(manifest)
    assert main(tmp_path) == 3
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("No journal's length is known, as manifest.json is damaged: ")
        for line in lines
    )
    assert lines[-1] == "Nothing broken, as far as can be told."


def test_journals_of_version_1_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written by the version before checksums: all holds, and damage might go unseen."""
    folder = shutil.copytree(Path(__file__).parent / "version1", tmp_path / "version1")
    assert main(folder) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ("6 journals (2 of slave 1, 2 of masters), 3 views, 1 epoch, 27 messages")
    assert [line[24:] for line in lines[1:9]] == ["holds"] * 8
    assert lines[-2:] == [
        "Journals of version 1 have no checksums, so damage in them may go unseen.",
        "Nothing broken, as far as can be told.",
    ]


def test_what_an_earlier_look_kept_does_not_contradict_a_clean_one(tmp_path: Path) -> None:
    """Somebody may have put the missing journal back."""
    run = eventful_run()
    write(run, tmp_path)
    (tmp_path / "s0-1.journal").unlink()
    assert main(tmp_path) == 3
    (tmp_path / "s0-1.journal").write_bytes(run.journals()["s0-1"])
    assert main(tmp_path) == 0
    assert json.loads((tmp_path / "verify.json").read_text(encoding="utf-8"))["clean"] is True


def test_a_missing_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, as for any other wrong input."""
    assert main(tmp_path / "nowhere") == 2
    assert capsys.readouterr().err == f"{tmp_path / 'nowhere'}: No such file or directory\n"


def test_a_local_run_whose_manifest_is_gone_is_not_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its journals have an id, so there was one; what was cut, or forged, nobody could tell."""
    run = eventful_run()
    for notes in run.notes.values():
        notes[0][1][1]["id"] = "1f"
    write(run, tmp_path)
    assert main(tmp_path) == 0
    (tmp_path / "manifest.json").unlink()
    assert main(tmp_path) == 3
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "No journal's length is known, as there is no manifest.json to tell.",
        "Nothing broken, as far as can be told.",
    ]


def test_a_folder_that_is_called_a_journal_costs_only_that_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are checked."""
    write(eventful_run(), tmp_path)
    (tmp_path / "s0-1.journal").unlink()
    (tmp_path / "s0-1.journal").mkdir()
    assert main(tmp_path) == 3
    assert "Slave 0 (incarnation 1)'s journal is empty; nothing of it is used." in (
        capsys.readouterr().out.splitlines()
    )
