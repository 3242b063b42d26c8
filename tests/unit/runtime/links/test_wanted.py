"""Which slaves are wanted, who dials them, and when again."""

from math import inf

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.record import Member
from ringrun.runtime.links.wanted import FIRST_RETRY, LAST_RETRY, Wanted

ME = SlaveId(1, 1)


def member(ordinal: int, incarnation: int = 1, port: int = 7) -> Member:
    return Member(ordinal=ordinal, incarnation=incarnation, host="127.0.0.1", port=port)


def wanted(*members: Member) -> Wanted:
    """What slave 1 wants, from 5.0 on."""
    made = Wanted()
    made.change(ME, members, 5.0)
    return made


def due(made: Wanted, now: float, *busy: SlaveId) -> list[SlaveId]:
    return [dial.member.node for dial in made.due(now, busy)]


def test_the_lower_ordinal_dials() -> None:
    """A slave dials those above it whose address is known, and waits for those below."""
    assert due(wanted(member(0), member(1), member(2), member(3, port=0)), 5.0) == [SlaveId(2, 1)]


def test_who_is_connected_or_dialled_is_not_dialled() -> None:
    """Whether by this link or by another."""
    made = wanted(member(2))
    assert due(made, 5.0, SlaveId(2, 1)) == []
    assert made.next_time([SlaveId(2, 1)]) == inf


def test_each_dial_waits_twice_as_long_up_to_a_bound() -> None:
    """A slave that is not there yet is tried often at first."""
    made, now, waits = wanted(member(2)), 5.0, []
    for _ in range(8):
        assert due(made, now) == [SlaveId(2, 1)]
        waits.append(round(made.next_time([]) - now, 6))
        now = made.next_time([])
    assert waits[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert waits[-1] == LAST_RETRY


def test_a_link_that_was_up_is_dialled_again_soon() -> None:
    """Not at once, and not after the long wait that it took to come up."""
    made = wanted(member(2))
    for now in (5.0, 6.0, 7.0, 8.0):
        due(made, now)
    made.up(SlaveId(2, 1))
    made.down(SlaveId(2, 1), 9.0)
    assert due(made, 9.0) == []
    assert made.next_time([]) == 9.0 + FIRST_RETRY


def test_wanting_the_same_again_keeps_the_wait() -> None:
    """New orders are no reason to dial sooner."""
    made = wanted(member(2))
    due(made, 5.0)
    made.change(ME, [member(2), member(3)], 5.0)
    assert due(made, 5.0) == [SlaveId(3, 1)]


def test_a_start_is_replaced_once_a_newer_one_was_wanted() -> None:
    """And stays so, whatever is wanted later; one that is wanted itself is not."""
    made = wanted(member(2))
    assert not made.replaced(SlaveId(2, 1))
    made.change(ME, [member(2), member(2, 2)], 6.0)
    assert not made.replaced(SlaveId(2, 1))
    made.change(ME, [member(2, 2)], 7.0)
    assert made.replaced(SlaveId(2, 1))
    made.change(ME, [], 8.0)
    assert made.replaced(SlaveId(2, 1))
    assert not made.replaced(SlaveId(2, 2))


def test_data_reaches_the_core_from_wanted_slaves_alone() -> None:
    """Not from a master, nor from another start of one of them; from one not known yet it may."""
    made = wanted(member(2, 2))
    assert made.source(SlaveId(2, 2)) == 2
    assert made.source(SlaveId(2, 1)) == -1
    assert made.source(SlaveId(3, 1)) == 3
    assert made.source(MasterId(0, 1)) == -1


def test_nobody_is_dialled_at_the_end() -> None:
    """The slave leaves."""
    made = wanted(member(2))
    made.stop_dialling()
    assert due(made, 6.0) == []
    assert not made.dials(SlaveId(2, 1))
