"""What a run leaves for programs, also where it cannot be left."""

import json
from pathlib import Path

import msgspec
import pytest

from ringrun.exit_codes import ExitCode
from ringrun.local.said import exit_code, keep_report, say_report
from ringrun.report import Report, Verdict
from ringrun.spec import default_run

AGREED = Report(
    name="demo",
    spec=default_run().as_document(),
    verdict=Verdict.AGREED,
    reason_word="Agreed",
    count=1,
    sum_exact="1",
    digest="0" * 64,
)
STOPPED = msgspec.structs.replace(AGREED, verdict=Verdict.FAILED, reason_word="Interrupted")
FAILED = msgspec.structs.replace(AGREED, verdict=Verdict.FAILED, reason_word="NoSurvivor")


@pytest.mark.parametrize(
    ("report", "interrupted", "unread", "code"),
    [
        (AGREED, False, False, ExitCode.AS_WISHED),
        (FAILED, False, False, ExitCode.NOT_AS_WISHED),
        (STOPPED, True, False, ExitCode.INTERRUPTED),
        (STOPPED, True, True, ExitCode.INTERRUPTED),
        (STOPPED, False, True, ExitCode.BROKEN_PIPE),
        (AGREED, False, True, ExitCode.AS_WISHED),
        (FAILED, False, True, ExitCode.NOT_AS_WISHED),
    ],
)
def test_a_reader_that_goes_costs_only_a_run_that_is_not_over(
    report: Report, interrupted: bool, unread: bool, code: ExitCode
) -> None:
    """`| head -1` stops a run; `| grep -q Agreed` must not make a failure of one that agreed."""
    assert exit_code(report, interrupted=interrupted, unread=unread) is code


def test_a_report_is_kept_whole(tmp_path: Path) -> None:
    keep_report(tmp_path, "{}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "{}\n"


def test_a_report_that_cannot_be_kept_is_said_and_costs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder was removed meanwhile; a full disk is the same."""
    keep_report(tmp_path / "none", "{}\n")
    assert capsys.readouterr().err == (
        f"ringrun: cannot write {tmp_path}/none/report.json: No such file or directory\n"
    )


def test_a_report_on_stdout_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say_report(AGREED)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out)["verdict"] == "Agreed"
