"""A node's own lines."""

import io

from ringrun.runtime.log import BURST, Log


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
