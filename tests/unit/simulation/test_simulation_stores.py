"""The stores behind their network: what an answer says, and what may happen (simulation.stores)."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ringrun.core.outputs import Outcome
from ringrun.simulation.case import REQUEST_TIMEOUT
from ringrun.simulation.clock import Clock
from ringrun.simulation.stores import Client, Store, Trouble


class Asker:
    """A master that runs all the time."""

    name = "m0-1"
    rate = 1.0

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        function(*arguments)

    def wrote(self, outcome: Outcome, version: int, value: Any) -> None:
        pass


class Desk:
    """One client of one store, and the answers that it got, with their times."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.clock = Clock()
        self.store = Store(0, "nothing")
        self.client = Client(self.clock, Random(1), Asker(), self.store, 0.01)
        if trouble is not None:
            self.client.troubles.append(trouble)
        self.answers: list[tuple[Any, ...]] = []
        self.times: list[float] = []

    def answer(self, *answer: Any) -> None:
        self.answers.append(answer)
        self.times.append(self.clock.now)

    def run(self) -> None:
        self.clock.run(self.clock.now + 5 * REQUEST_TIMEOUT)


def test_only_the_next_version_is_taken() -> None:
    """Compare-and-swap, and whoever looks on is told of what was done alone."""
    told: list[tuple[int, Any]] = []
    store = Store(3, "c", lambda version, value: told.append((version, value)))
    assert not store.swap(3, "again")
    assert not store.swap(5, "too far")
    assert store.swap(4, "d")
    assert (store.version, store.value) == (4, "d")
    assert told == [(4, "d")]


def test_a_write_is_answered_with_what_the_store_holds_then() -> None:
    """Long before it would be given up."""
    desk = Desk()
    desk.client.write(1, "mine", desk.answer)
    desk.run()
    later = desk.clock.now
    desk.client.write(1, "again", desk.answer)
    desk.run()
    assert desk.answers == [(Outcome.SAVED, 1, "mine"), (Outcome.CONFLICT, 1, "mine")]
    first, second = desk.times
    assert max(first, second - later) < REQUEST_TIMEOUT


def test_a_read_is_answered_with_version_and_value() -> None:
    desk = Desk()
    desk.store.swap(1, "one")
    desk.client.read(desk.answer)
    desk.run()
    assert desk.answers == [(True, 1, "one")]


@pytest.mark.parametrize(
    ("trouble", "takes_effect"),
    [
        (Trouble.UNREACHABLE, False),
        (Trouble.REFUSED, False),
        (Trouble.LATE, True),
        (Trouble.ANSWER_LOST, True),
    ],
)
def test_a_write_that_is_unknown_may_have_taken_effect(
    trouble: Trouble, takes_effect: bool
) -> None:
    """The client hears the same in all four, once; the store shows the difference."""
    desk = Desk(trouble)
    desk.client.write(1, "mine", desk.answer)
    desk.run()
    assert desk.answers == [(Outcome.UNKNOWN, 0, None)]
    assert (desk.store.version == 1) == takes_effect


def test_refusal_is_heard_before_the_timeout_and_silence_at_it() -> None:
    refused, silent = Desk(Trouble.REFUSED), Desk(Trouble.UNREACHABLE)
    for desk in (refused, silent):
        desk.client.read(desk.answer)
        desk.run()
        assert desk.answers == [(False, 0, None)]
    assert refused.times[0] < REQUEST_TIMEOUT
    assert silent.times == [REQUEST_TIMEOUT]


def test_the_answer_to_a_request_that_was_given_up_is_not_heard() -> None:
    """One request is in flight; a new one makes the answer of the one before too late."""
    desk = Desk()
    desk.client.write(1, "first", desk.answer)
    desk.client.read(desk.answer)
    desk.run()
    assert len(desk.answers) == 1
    assert desk.answers[0][0] is True
    assert desk.store.value == "first"


def test_a_store_that_is_lost_answers_nothing_any_more() -> None:
    """What was on its way when it was lost did not take effect either."""
    desk = Desk()
    desk.client.write(1, "late", desk.answer)
    desk.store.lost = True
    desk.run()
    desk.client.read(desk.answer)
    desk.run()
    assert desk.answers == [(Outcome.UNKNOWN, 0, None), (False, 0, None)]
    assert (desk.store.value, desk.store.swap(1, "mine")) == ("nothing", False)
