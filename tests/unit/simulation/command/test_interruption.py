"""Signals that end a search (simulation.command.interruption)."""

import signal
from collections.abc import Iterator

import pytest

from ringrun.simulation.command.interruption import Interruptible


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """Whoever started the tests in the background may have had them ignored."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_of_them_is_as_ctrl_c(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), Interruptible():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_what_was_ignored_before_stays_so() -> None:
    """As `nohup` wants it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruptible():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_must_not_be_half_done_is_done_first() -> None:
    with Interruptible() as interruptible:
        interruptible.hold()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interruptible.go_on()


def test_a_second_one_waits_for_nothing() -> None:
    with Interruptible() as interruptible:
        interruptible.hold()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_whoever_holds_for_nothing_goes_on() -> None:
    with Interruptible() as interruptible:
        interruptible.hold()
        interruptible.go_on()
