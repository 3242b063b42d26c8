"""The manual page: made from the commands, and as man reads it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ringrun.command.manual import manual
from ringrun.command.parser import COMMANDS
from ringrun.exit_codes import MEANINGS

KEPT = Path(__file__).parents[3] / "docs" / "ringrun.1"


def test_the_page_that_is_installed_is_the_one_that_is_made() -> None:
    """After a change of a flag, `make man` writes it anew."""
    assert KEPT.read_text(encoding="utf-8") == manual()


def test_it_has_every_command_flag_and_exit_code() -> None:
    """As the help has them."""
    page = manual().replace("\\-", "-")
    for command in COMMANDS:
        assert f".SS ringrun {command.name}" in page
        for argument in command.arguments:
            assert argument.name in page or f".I {argument.metavar}" in page
    for code in MEANINGS:
        assert f".B {int(code)}\n" in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not on this machine")
def test_man_has_nothing_to_complain_of() -> None:
    """No unknown request, no font that is none."""
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tutf8", "-z"],
        input=manual(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
