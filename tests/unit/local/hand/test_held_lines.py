"""Lines that are held back until something runs."""

import pytest

from ringrun.local.hand.held_lines import HeldLines
from ringrun.report_text import OutputForm


def test_lines_come_once_the_run_has_begun(capsys: pytest.CaptureFixture[str]) -> None:
    """In order, and from then on at once."""
    lines = HeldLines(OutputForm.TEXT)
    lines.say("one")
    lines.say("two")
    assert capsys.readouterr().out == ""
    lines.begin()
    assert capsys.readouterr().out == "one\ntwo\n"
    lines.begin()
    lines.say("three")
    assert capsys.readouterr().out == "three\n"


def test_json_alone_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else may be in what a program reads."""
    lines = HeldLines(OutputForm.JSON)
    lines.begin()
    lines.say("one")
    assert capsys.readouterr().out == ""
