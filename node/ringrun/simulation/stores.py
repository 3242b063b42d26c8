"""The record and the report as one linearisable object each, behind a network that can fail.

A `Store` does compare-and-swap in one instant. A `Client` is one master's way to it: every request
travels there and back, may get lost either way, may arrive after its timeout and still take effect.
`faults` opens and closes `Trouble`; a master, the `Asker`, asks; the supervisor frees leases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Protocol

from ringrun.core.outputs import Outcome
from ringrun.simulation.case import REQUEST_TIMEOUT
from ringrun.simulation.clock import Clock


class Trouble(StrEnum):
    """What can be wrong between a master and a store."""

    UNREACHABLE = "unreachable"
    """Requests are lost; the timeout tells."""
    REFUSED = "refused"
    """Requests fail at once."""
    SLOW = "slow"
    """Both ways take up to three quarters of the timeout."""
    LATE = "late"
    """Requests arrive after their timeout, and take effect then."""
    ANSWER_LOST = "answer lost"
    """Requests take effect, and nobody hears of it."""


@dataclass(slots=True)
class Store:
    """Versions of one value. `changed` is called after each write, with version and value. Once
    `lost`, nobody reads or writes it any more; `value` stays, for the judge alone."""

    version: int
    value: Any
    changed: Callable[[int, Any], None] | None = None
    lost: bool = False

    def swap(self, version: int, value: Any) -> bool:
        """Make this the newest if `version` follows the newest; whether that was done."""
        if self.lost or version != self.version + 1:
            return False
        self.version = version
        self.value = value
        if self.changed is not None:
            self.changed(version, value)
        return True


class Asker(Protocol):
    """What a client asks of the master whose requests it carries."""

    @property
    def name(self) -> str: ...

    @property
    def rate(self) -> float:
        """Of its clock, by which the timeout runs."""

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Do this when it runs."""

    def wrote(self, outcome: Outcome, version: int, value: Any) -> None:
        """What a write did at the store, whether or not the answer arrives."""


class Client:
    """One master's requests to one store: one in flight, the answers of others are too late."""

    __slots__ = ("_clock", "_draw", "_number", "delay", "owner", "store", "troubles")

    def __init__(
        self, clock: Clock, draw: Random, owner: Asker, store: Store, delay: float
    ) -> None:
        self._clock = clock
        self._draw = draw
        self.owner = owner
        self._number = 0
        self.store = store
        self.delay = delay
        self.troubles: list[Trouble] = []

    def read(self, answer: Callable[[bool, int, Any], None]) -> None:
        """`answer` is given whether the store was reached, and what it held."""
        number = self._begin(lambda: answer(False, 0, None))
        travel = self._travel(Outcome.UNKNOWN, number, lambda: answer(False, 0, None))
        if travel is not None:
            self._clock.after(travel[0], self._read, number, travel[1], answer)

    def write(self, version: int, value: Any, answer: Callable[[Outcome, int, Any], None]) -> None:
        """`answer` is given how it ended, and what the store held then if that is known."""

        def unknown() -> None:
            answer(Outcome.UNKNOWN, 0, None)

        number = self._begin(unknown)
        travel = self._travel(Outcome.UNKNOWN, number, unknown)
        if travel is not None:
            self._clock.after(travel[0], self._write, number, travel[1], version, value, answer)

    def _begin(self, timeout: Callable[[], None]) -> int:
        self._number += 1
        number = self._number
        wait = REQUEST_TIMEOUT / self.owner.rate
        self._clock.after(wait, self.owner.call, self._answered, number, timeout)
        return number

    def _travel(
        self, outcome: Outcome, number: int, fail: Callable[[], None]
    ) -> tuple[float, float | None] | None:
        """(there, back) in seconds; back None if the answer is lost, None if all is lost."""
        random = self._draw.random
        there = self.delay * (0.5 + random())
        back = self.delay * (0.5 + random())
        if not self.troubles:
            return there, back
        match self.troubles[-1]:
            case Trouble.UNREACHABLE:
                return None
            case Trouble.REFUSED:
                self._clock.after(there + back, self.owner.call, self._answered, number, fail)
                return None
            case Trouble.SLOW:
                return 0.75 * random() * REQUEST_TIMEOUT, 0.75 * random() * REQUEST_TIMEOUT
            case Trouble.LATE:
                return REQUEST_TIMEOUT * (0.5 + 2 * random()), back
            case Trouble.ANSWER_LOST:
                return there, None

    def _read(self, number: int, back: float | None, answer: Callable[..., None]) -> None:
        store = self.store
        found = (False, 0, None) if store.lost else (True, store.version, store.value)
        if back is not None:
            self._reply(back, number, lambda: answer(*found))

    def _write(
        self,
        number: int,
        back: float | None,
        version: int,
        value: Any,
        answer: Callable[..., None],
    ) -> None:
        if self.store.lost:
            if back is not None:
                self._reply(back, number, lambda: answer(Outcome.UNKNOWN, 0, None))
            return
        saved = self.store.swap(version, value)
        outcome = Outcome.SAVED if saved else Outcome.CONFLICT
        version, value = self.store.version, self.store.value
        self.owner.wrote(outcome, version, value)
        if back is not None:
            self._reply(back, number, lambda: answer(outcome, version, value))

    def _reply(self, back: float, number: int, answer: Callable[[], None]) -> None:
        self._clock.after(back, self.owner.call, self._answered, number, answer)

    def _answered(self, number: int, answer: Callable[[], None]) -> None:
        # The first of answer and timeout counts.
        if number == self._number:
            self._number += 1
            answer()
