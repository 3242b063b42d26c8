"""What a leadership knows of itself, whatever its stage."""

from math import inf

import pytest
from made_results import result
from made_term import NOW, A, B, C, term_of, told

from ringrun.core.messages import Stored


def test_a_command_to_a_slave_without_a_link_is_lost() -> None:
    """It is said again later."""
    term = term_of()
    term.up.discard(B)
    for node in (A, B):
        term.send(node, Stored(**term.command()))
    assert told(term, Stored) == [A]


def test_every_command_carries_the_epoch_and_its_holder() -> None:
    """G7."""
    assert term_of().command() == {"epoch": 3, "holder": "m0-1"}


def test_an_attempt_is_never_used_twice() -> None:
    """Whichever stage asks."""
    term = term_of()
    attempts = [term.next_attempt() for _ in range(5)]
    assert len(set(attempts)) == 5
    assert 0 not in attempts


def test_the_dead_and_those_with_a_result_are_gone() -> None:
    """Nothing that they would say counts any more."""
    term = term_of(dead=(A,))
    term.collected.add(result(2, ""))
    assert term.gone() == {A, C}


def test_an_absence_of_the_master_is_nobodys_silence() -> None:
    """Those that never said anything have still said nothing."""
    term = term_of()
    term.heard(A, NOW)
    term.was_away(NOW + 9.0)
    assert (term.heard_at(A), term.heard_at(B)) == (NOW + 9.0, -inf)


@pytest.mark.parametrize(
    ("masters", "stood_aside", "may"),
    [
        (("m0-1", "m1-1"), False, True),
        (("m0-1", "m1-1"), True, False),
        (("m0-1",), False, False),
        ((), False, False),
    ],
)
def test_a_master_stands_aside_once_and_for_another_alone(
    masters: tuple[str, ...], *, stood_aside: bool, may: bool
) -> None:
    """Otherwise the run would have no leader at all."""
    assert term_of(masters=masters, stood_aside=stood_aside).may_stand_aside is may
