"""Completion, tried in the shells that are here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ringrun.cli import main
from ringrun.command.completion import SHELLS, completion
from ringrun.command.parser import COMMANDS, Takes

WORDS = {
    Takes.MODEL: ("lockstep", "window", "train"),
    Takes.FORM: ("text", "json"),
    Takes.FAULTS: ("all", "crash"),
    Takes.RULE: ("kick_once", "k_from_log"),
    Takes.COMMAND: ("run", "verify"),
    Takes.SHELL: SHELLS,
}


def completed(line: str, folder: Path) -> list[str]:
    """What bash offers at the end of this line."""
    script = completion("bash", WORDS) + (
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ringrun; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    words = line.split(" ")
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    assert done.stderr == ""
    return sorted(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not on this machine")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ringrun ru", ["run"]),
        ("ringrun s", ["simulate", "slave"]),
        ("ringrun run --mo", ["--model"]),
        ("ringrun run --model ", ["lockstep", "train", "window"]),
        ("ringrun run --output j", ["json"]),
        ("ringrun run soak.yaml --model t", ["train"]),
        ("ringrun run s", ["soak.yaml", "some"]),
        ("ringrun run --model train s", ["soak.yaml", "some"]),
        ("ringrun run --journal s", ["some"]),
        ("ringrun verify s", ["some"]),
        ("ringrun verify some s", []),
        ("ringrun simulate --without k", ["k_from_log", "kick_once"]),
        ("ringrun simulate --without kick_once --faults c", ["crash"]),
        ("ringrun help v", ["verify"]),
        ("ringrun completion z", ["zsh"]),
        (
            "ringrun master --",
            ["--debug", "--help", "--journal", "--model", "--output", "--slaves"],
        ),
        ("ringrun nothing x", []),
    ],
)
def test_bash_offers_what_fits(line: str, offered: list[str], tmp_path: Path) -> None:
    """Commands, flags, choices, files and folders, each where it may stand."""
    (tmp_path / "soak.yaml").touch()
    (tmp_path / "some").mkdir()
    assert completed(line, tmp_path) == offered


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_knows_every_command_and_flag(shell: str) -> None:
    """Also where the shell is not here to be tried."""
    script = completion(shell, WORDS)
    for command in COMMANDS:
        assert command.name in script
        for argument in command.arguments:
            if argument.is_flag:
                assert argument.name.removeprefix("--") in script
    for word in ("lockstep", "json", "kick_once"):
        assert word in script
    if shutil.which(shell) is not None:
        done = subprocess.run(
            [shell, "-n"], input=script, text=True, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With those there are."""
    assert main(["completion", "bsh"]) == 2
    assert capsys.readouterr().err == (
        'SHELL: must be one of bash, zsh, fish, got "bsh"; did you mean bash?\n'
    )


def test_the_choices_are_the_programs_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Profiles and rules of the simulation, models of the spec."""
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    for word in ("sync_before_record", "lockstep window train", "supervisor"):
        assert word in script
