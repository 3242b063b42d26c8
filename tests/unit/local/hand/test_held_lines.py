"""Lines that are held back until something runs."""

from io import StringIO

import pytest

from ringrun.local.hand.held_lines import HeldLines
from ringrun.report_text import OutputForm
from ringrun.streams import ReaderGoneError


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


def test_an_event_is_folded_where_it_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    lines = HeldLines(OutputForm.TEXT)
    lines.begin()
    lines.happened("SEND", 0.5, f"slave 2 lost: {'no answer ' * 8}; view 2 [0 1]")
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 3
    assert max(map(len, shown)) <= 80


def test_it_is_noticed_that_nobody_reads_any_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is said later is lost, not kept."""

    class Gone(StringIO):
        """A pipe without a reader."""

        def write(self, text: str) -> int:
            del text
            raise ReaderGoneError

    lines = HeldLines(OutputForm.TEXT)
    lines.begin()
    assert not lines.gone
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Gone())
        lines.say("one")
    assert lines.gone
    lines.say("two")
    assert capsys.readouterr().out == "two\n"
