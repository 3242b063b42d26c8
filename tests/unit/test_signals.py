"""Signals that ask for an end, handled for a while."""

import signal
from collections.abc import Iterator

import pytest

from ringrun.signals import ENDS, Handling


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Whoever started the tests in the background may have had them ignored."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_each_goes_to_the_handler_and_then_as_before() -> None:
    """All three."""
    came: list[int] = []
    with Handling(lambda number, _: came.append(number), ()):
        for number in ENDS:
            signal.raise_signal(number)
    assert came == list(ENDS)
    assert [signal.getsignal(number) for number in ENDS] == [signal.SIG_DFL] * 3


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("ignorable", [(), (signal.SIGHUP,), ENDS])
def test_what_was_ignored_stays_so_where_it_may(
    number: signal.Signals, ignorable: tuple[signal.Signals, ...]
) -> None:
    """As `nohup` wants it; it is ignored afterwards in any case."""
    signal.signal(number, signal.SIG_IGN)
    came: list[int] = []
    with Handling(lambda number, _: came.append(number), ignorable):
        signal.raise_signal(number)
    assert came == ([] if number in ignorable else [number])
    assert signal.getsignal(number) is signal.SIG_IGN


def test_a_handler_that_is_not_pythons_cannot_be_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python says None of it, and takes no None: the default comes instead."""
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    with Handling(lambda number, _: None, ENDS):
        pass
    monkeypatch.undo()
    assert [signal.getsignal(number) for number in ENDS] == [signal.SIG_DFL] * 3
