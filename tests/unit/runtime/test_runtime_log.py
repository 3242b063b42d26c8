"""A node's own lines."""

import io
import json
import re

import pytest

from ringrun.runtime.log import BURST, Log, Style


def test_a_line_has_a_time_and_a_name() -> None:
    """The time is the journals'."""
    out = io.StringIO()
    Log("s0-1", stream=out).say("something happened")
    time, rest = out.getvalue().split(" ", 1)
    assert float(time) > 0
    assert rest == "s0-1: something happened\n"


def test_details_and_what_is_expected_are_for_debug_alone() -> None:
    """A calm log says nothing more but there."""
    quiet, debug = io.StringIO(), io.StringIO()
    for out, is_debug in ((quiet, False), (debug, True)):
        log = Log("n", debug=is_debug, stream=out)
        log.detail("a detail")
        log.calm = True
        log.say("expected")
    assert quiet.getvalue() == ""
    assert [line.split(": ")[1] for line in debug.getvalue().splitlines()] == [
        "a detail",
        "expected",
    ]


def test_nonsense_in_a_loop_does_not_fill_the_disk() -> None:
    """What is too much is counted instead."""
    out = io.StringIO()
    log = Log("n", stream=out)
    for _ in range(20 * int(BURST)):
        log.say("nonsense")
    assert len(out.getvalue().splitlines()) < 10 * BURST


def test_a_log_that_cannot_be_written_ends_no_run() -> None:
    """The reader went away."""
    out = io.StringIO()
    log = Log("n", stream=out)
    out.close()
    log.say("into nothing")


def test_a_line_may_be_json() -> None:
    """With the run and the node, and what else is known of it."""
    out = io.StringIO()
    log = Log("s0-1", stream=out, style=Style(json=True, run="demo"))
    log.say("something\nhappened", view=3)
    log.complain("odd")
    Log("m0-2", stream=out, style=Style(json=True)).say("led", event="LeaderElected")
    said, odd, master = map(json.loads, out.getvalue().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", said.pop("time"))
    assert said.pop("monotonic") > 0
    assert said == {
        "level": "info",
        "logger": "ringrun.slave",
        "message": "something\nhappened",
        "run": "demo",
        "node": "s0-1",
        "view": 3,
    }
    assert (odd["level"], odd["message"]) == ("warning", "odd")
    assert (master["logger"], master["event"]) == ("ringrun.master", "LeaderElected")
    assert "run" not in master


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_what_is_below_the_level_is_not_written(level: str, said: list[str]) -> None:
    """Each line has its own."""
    out = io.StringIO()
    log = Log("n", stream=out, style=Style(level=level))
    log.detail("debug")
    log.say("info")
    log.complain("warning")
    log.say("error", "error")
    assert [line.split(": ")[1] for line in out.getvalue().splitlines()] == said


def test_a_pods_lines_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """And a file's, on one machine, to stderr."""
    Log("a", style=Style(stdout=True)).say("here")
    Log("b").say("there")
    out, err = capsys.readouterr()
    assert out.endswith("a: here\n")
    assert err.endswith("b: there\n")
