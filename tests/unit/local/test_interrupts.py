"""Signals while a run is under way: counted, told, put back, and with a way out."""

import os
import signal

import pytest

from ringrun.local.interrupts import MOST, Interrupts
from ringrun.signals import ENDS


@pytest.mark.parametrize("number", ENDS)
def test_each_is_counted_and_told_and_none_raises(number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM, and a terminal that closes."""
    told: list[int] = []
    with Interrupts() as interrupts:
        os.kill(os.getpid(), number)
        interrupts.tell(told.append)
        os.kill(os.getpid(), number)
    assert (interrupts.count, told) == (2, [1, 2])


def test_without_any_nobody_is_told() -> None:
    told: list[int] = []
    with Interrupts() as interrupts:
        interrupts.tell(told.append)
    assert told == []


def test_once_nobody_is_to_be_told_they_are_only_counted() -> None:
    """The last lines are under way."""
    told: list[int] = []
    with Interrupts() as interrupts:
        interrupts.tell(told.append)
        interrupts.tell_nobody()
        os.kill(os.getpid(), signal.SIGINT)
    assert (interrupts.count, told) == (1, [])


def test_who_insists_gets_out() -> None:
    """Whatever it hangs on: a pipe that nobody reads is full."""
    with Interrupts() as interrupts:
        for _ in range(MOST - 1):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.count == MOST == 5


def test_what_was_there_before_is_there_again() -> None:
    before = [signal.getsignal(number) for number in ENDS]
    with Interrupts():
        assert [signal.getsignal(number) for number in ENDS] != before
    assert [signal.getsignal(number) for number in ENDS] == before


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    """What nohup starts outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
        assert interrupts.count == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
