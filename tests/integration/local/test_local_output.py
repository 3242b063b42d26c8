"""Output that cannot be written costs a run neither verdict nor exit code; and how it looks."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from local_run import LocalRun, environment
from on_a_terminal import seen

SHORT = ("run", "--nodes", "2", "--send", "200ms", "--grace", "100ms")


def shell(
    redirections: str, *arguments: str, folder: Path, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """The command under a shell that gives it these streams; its temporary folder is `folder`."""
    return subprocess.run(
        ["bash", "-c", f'"$@" {redirections}', "-", sys.executable, "-m", "ringrun", *arguments],
        capture_output=True,
        text=True,
        env={**environment(), "TMPDIR": str(folder), **variables},
        timeout=60,
        check=False,
    )


FULL = "ringrun: cannot write to stdout: No space left on device\n"
CLOSED = "ringrun: cannot write to stdout: it is closed\n"


@pytest.mark.parametrize(
    ("redirections", "flags", "said"),
    [
        (">/dev/full", (), FULL),
        (">/dev/full", ("--quiet",), FULL),
        (">/dev/full", ("--output", "json"), FULL),
        (">&-", (), CLOSED),
        (">&-", ("--output", "json"), CLOSED),
        (">&- 2>&-", (), ""),
        (">/dev/full 2>/dev/full", (), ""),
        ("<&- >&- 2>&-", ("--quiet",), ""),
    ],
)
def test_a_run_that_nobody_hears_ends_as_it_went(
    tmp_path: Path, redirections: str, flags: tuple[str, ...], said: str
) -> None:
    """Said once; the report is where it was to be, and a run that went well leaves no folder."""
    folder, journal = tmp_path / "tmp", tmp_path / "out"
    folder.mkdir()
    ended = shell(redirections, *SHORT, *flags, "--journal", str(journal), folder=folder)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", said)
    assert list(folder.iterdir()) == []
    assert json.loads((journal / "report.json").read_text())["verdict"] == "Agreed"


@pytest.mark.parametrize("redirections", ["2>/dev/full", "2>&-"])
def test_a_run_without_stderr_says_all_on_stdout(tmp_path: Path, redirections: str) -> None:
    ended = shell(redirections, *SHORT, folder=tmp_path)
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-1].startswith("Agreed: 2 of 2 slaves")


@pytest.mark.parametrize("redirections", ["2>/dev/full", "2>&-"])
def test_a_fault_that_cannot_be_said_keeps_its_code(tmp_path: Path, redirections: str) -> None:
    """And is not said on stdout instead, where a report is looked for."""
    ended = shell(redirections, "run", "none.yaml", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_an_encoding_that_lacks_a_sign_gets_ascii(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    """And the table still lines up."""
    ended = shell("", *SHORT, folder=tmp_path, **variables)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    head = next(line for line in lines if line.startswith("slave  incarnation"))
    rows = [line for line in lines if re.match(r"[01] ", line)]
    assert all(re.search(r"  [0-9a-f]{8}\.\.\.  ", row) for row in rows)
    ends = head.index("frames out / in") + len("frames out / in")
    assert all(len(row) == len(head) and row[ends] == " " for row in rows)


def test_a_reader_that_goes_before_the_end_stops_the_run_in_an_orderly_way(tmp_path: Path) -> None:
    """`| head -1`: slaves give their results, the report is kept where it was asked for."""
    journal = tmp_path / "out"
    long = ("run", "--nodes", "2", "--send", "40s", "--journal", str(journal))
    ended = shell("| head -1; exit ${PIPESTATUS[0]}", *long, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (141, "")
    assert ended.stdout.count("\n") == 1
    report = json.loads((journal / "report.json").read_text())
    assert report["reason"] == "Interrupted: whoever read its lines has gone"
    assert len(report["slaves"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_reader_that_has_read_enough_of_the_end_changes_nothing(tmp_path: Path) -> None:
    """`| grep -q Agreed` under pipefail must not make a failure of a run that agreed."""
    read, write = os.pipe()
    os.close(read)
    for flags, said in (
        (("--quiet",), ""),
        (("--output", "json"), "ringrun: cannot write to stdout: Broken pipe\n"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "ringrun", *SHORT, *flags],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment(), "TMPDIR": str(tmp_path)},
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, said)
    os.close(write)
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_kept_costs_no_verdict(tmp_path: Path) -> None:
    """The journals' folder is gone when it is to be written there; a full disk is the same."""
    journal = tmp_path / "out"
    long = ("--nodes", "2", "--send", "2s", "--grace", "100ms", "--quiet", "--journal")
    with LocalRun(tmp_path, *long, str(journal), output="text") as run:
        run.until_phase("SEND")
        shutil.rmtree(journal)
        code, out, errors = run.end()
    assert out.startswith("Agreed: ")
    said = f"ringrun: cannot write {journal}/report.json: No such file or directory\n"
    assert (code, errors) == (0, said)


def test_what_is_kept_is_named_with_what_is_in_it(tmp_path: Path) -> None:
    """For how long, and where; and what earlier runs left too long ago goes."""
    demand = tmp_path / "demand.yaml"
    demand.write_text(
        "apiVersion: ringrun.dev/v1alpha1\nkind: RingRun\nmetadata: {name: demand}\n"
        "spec:\n  nodes: 2\n  periods: {sendMilliseconds: 200, graceMilliseconds: 100}\n"
        "  expect: {minRate: 999999999}\n"
    )
    folder = tmp_path / "tmp"
    folder.mkdir()
    ended = shell("", "run", str(demand), "--quiet", folder=folder)
    [kept] = folder.iterdir()
    assert ended.returncode == 1
    assert re.search(r"no failure\. Expected 999,999,999/s, got [\d,]+/s\.\n$", ended.stdout)
    assert ended.stderr == (
        "The run's own files (each process's log, the record, the report) are kept for 7 days in "
        f"{kept}\n"
    )
    assert (kept / "report.json").is_file()
    assert (kept / "logs" / "s0-1.log").is_file()
    for path in (*kept.rglob("*"), kept):
        os.utime(path, (1, 1))
    assert shell("", *SHORT, folder=folder).returncode == 0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("columns", [60, 80])
def test_in_a_window_every_line_fits(columns: int) -> None:
    """A train's numbers, and a view of more than can be told one by one."""
    train = ("run", "--nodes", "12", "--model", "train", "--send", "1s", "--grace", "100ms")
    shown = seen(*train, columns=columns)
    assert shown.code == 0
    assert max(map(len, shown.lines)) <= columns, shown.lines
    text = " ".join(" ".join(shown.lines).split())
    assert "view 1 [0..11]" in text
    assert re.search(r"Agreed: 12 of 12 slaves counted the same [\d,]+ messages, .*\.$", text)
    assert columns > 60 or "Not shown in 60 columns: frames out / in" in text


def test_a_terminal_that_cannot_move_has_a_line_a_second() -> None:
    """And no escape codes."""
    shown = seen("run", "--nodes", "2", "--send", "2500ms", columns=80, TERM="dumb")
    assert shown.code == 0
    assert "\x1b" not in shown.raw
    assert any(re.match(r"SEND   \d\.\d s left   [\d,]+ approved", line) for line in shown.lines)


def test_without_colour_the_bar_has_none() -> None:
    """NO_COLOR; the bar moves all the same."""
    long = ("run", "--nodes", "2", "--send", "1s")
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
    assert colour.search(seen(*long, columns=80).raw)
    bare = seen(*long, columns=80, NO_COLOR="1").raw
    assert not colour.search(bare)
    assert "\x1b" in bare


def test_in_a_pipe_only_the_last_line_is_longer_than_80_columns(tmp_path: Path) -> None:
    """It is one line for programs; the folder of journals is quoted as a shell wants it."""
    journal = tmp_path / "my out"
    long = ("run", "--nodes", "12", "--model", "train", "--send", "300ms", "--journal")
    ended = shell("", *long, str(journal), folder=tmp_path)
    *lines, last, journals = ended.stdout.splitlines()
    assert max(map(len, lines)) <= 80, lines
    assert last.startswith("Agreed: 12 of 12 slaves")
    assert last.endswith(", no failure.")
    assert journals.endswith(f"ringrun verify '{journal}/'")
