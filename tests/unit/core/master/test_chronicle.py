"""What a leader tells of those that were lost, and of what it sees."""

import pytest
from made_term import NOW, ROSTER, SEND, START, STOP, A, B, C, term_of

from ringrun.core.master.chronicle import Losses
from ringrun.core.master.term import Term
from ringrun.core.messages import Trouble
from ringrun.core.node import SlaveId
from ringrun.core.orders import Cause
from ringrun.core.outputs import Event, EventKind
from ringrun.core.record import Member
from ringrun.report import FailureKind

WITHOUT_C = SEND.evolve(view=2, members=ROSTER[:2], cut=1234)
NOTHING = Losses(causes=(), leavers=(), out=())


def events(term: Term) -> list[tuple[EventKind, str]]:
    """What was told."""
    return [(each.kind, each.text) for each in term.outputs if isinstance(each, Event)]


@pytest.mark.parametrize(
    ("known", "cause"),
    [
        (("killed", "leaves", "out", "trouble"), "exit status 137"),
        (("unsaid", "leaves", "out", "trouble"), "told to end"),
        (("other", "leaves", "out", "trouble"), "told to end"),
        (("out", "trouble"), "left out for its bad links"),
        (("trouble",), "no progress"),
        ((), "no answer to the wedge"),
    ],
)
def test_the_cause_of_a_loss_is_the_surest_that_is_known(
    known: tuple[str, ...], cause: str
) -> None:
    """The supervisor's own, told to end, left out, what was said against it, silence."""
    term = term_of()
    if "trouble" in known:
        term.suspicion.report(A, C, Trouble.WAITING)
    causes = {
        "killed": Cause(2, 1, "exit status 137"),
        "unsaid": Cause(2, 1, ""),
        "other": Cause(2, 2, "evicted"),
    }
    losses = Losses(
        causes=tuple(causes[each] for each in known if each in causes),
        leavers={C} if "leaves" in known else (),
        out={C} if "out" in known else (),
    )
    term.chronicle.lost(SEND, WITHOUT_C, losses, NOW)
    (failure,) = term.collected.failures
    assert (failure.kind, failure.node) == (FailureKind.SLAVE_LOST, str(C))
    assert (failure.cause, failure.view) == (cause, 1)
    text = f"{C.in_words} lost: {cause}; view 2 [0 1], cut 1,234"
    assert events(term) == [(EventKind.SLAVE_LOST, text)]


def test_a_new_view_tells_who_was_lost_and_who_joined() -> None:
    """A replacement is both, under two incarnations."""
    term = term_of()
    replaced = (*ROSTER[:2], Member(ordinal=2, incarnation=2))
    after = SEND.evolve(view=2, members=replaced)
    term.chronicle.entered(SEND, after, "a slave joins", NOTHING, NOW)
    assert [kind for kind, _ in events(term)] == [EventKind.SLAVE_LOST, EventKind.SLAVE_REPLACED]
    assert events(term)[1][1].startswith(f"{SlaveId(2, 2).in_words} joined")
    assert term.collected.views[2].incarnations == (1, 1, 2)


def test_slaves_that_ended_before_they_joined_are_failures_too() -> None:
    """Of the first view, and of a later one; none is who is in it, or has no other in its place."""
    causes = (Cause(1, 1, "exit code 1"), Cause(1, 2, "OOMKilled"), Cause(2, 1, "exit code 0"))
    losses = Losses(causes=causes, leavers=(), out=())
    members = (ROSTER[0], Member(ordinal=1, incarnation=3), ROSTER[2])
    first = SEND.evolve(members=members, incarnations=tuple(each.node for each in members))
    term = term_of()
    term.chronicle.entered(START, first, "", losses, NOW)
    told = [(each.node, each.cause, each.view) for each in term.collected.failures]
    assert told == [("s1-1", "exit code 1", 1), ("s1-2", "OOMKilled", 1)]
    # A leader after it does not know of them, and tells no more of them than it did.
    term.chronicle.entered(first, first.evolve(view=2), "", losses, NOW)
    lost = [each for each in term.collected.failures if each.kind is FailureKind.SLAVE_LOST]
    assert len(lost) == 2


def test_a_member_that_is_replaced_at_once_was_lost_in_the_view_that_it_was_in() -> None:
    """Its cause is among the others', and it is no slave that never joined."""
    replaced = (*ROSTER[:2], Member(ordinal=2, incarnation=2))
    after = SEND.evolve(
        view=2, members=replaced, incarnations=tuple(each.node for each in replaced)
    )
    losses = Losses(causes=(Cause(2, 1, "exit code 137"),), leavers=(), out=())
    term = term_of()
    term.chronicle.entered(SEND, after, "a slave joins", losses, NOW)
    (failure,) = term.collected.failures
    assert (failure.node, failure.cause, failure.view) == (str(C), "exit code 137", 1)


def test_a_run_that_never_began_tells_who_ended() -> None:
    """There is no view in which they could have been."""
    term = term_of()
    term.chronicle.never_joined(START, (Cause(0, 1, "exit code 1"),), NOW)
    (failure,) = term.collected.failures
    assert (failure.node, failure.view) == ("s0-1", 0)


def test_a_healed_link_is_a_failure_though_nobody_is_lost() -> None:
    """What made the ring stop is no secret."""
    term = term_of()
    term.suspicion.report(A, B, Trouble.RESET)
    after = SEND.evolve(view=2)
    term.chronicle.entered(SEND, after, term.suspicion.cause(), NOTHING, NOW)
    assert [kind for kind, _ in events(term)] == [EventKind.SAME_MEMBERS]
    (failure,) = term.collected.failures
    assert (failure.kind, failure.node) == (FailureKind.LINK_LOST, str(B))


def test_the_first_view_loses_nobody() -> None:
    """All are ready."""
    term = term_of(START)
    term.chronicle.entered(START, SEND, "recorded before", NOTHING, NOW)
    assert events(term) == [(EventKind.SLAVES_READY, "3 of 3 slaves ready; view 1 [0 1 2]")]


@pytest.mark.parametrize(("epoch", "lost"), [(1, []), (3, ["epoch 2"])])
def test_a_leader_after_the_first_tells_of_the_loss_of_the_one_before(
    epoch: int, lost: list[str]
) -> None:
    """In the report as well, where the holder's name may become known."""
    term = term_of(STOP)
    term.chronicle.elected(STOP.evolve(epoch=epoch), NOW)
    assert [failure.node for failure in term.collected.failures] == lost
    assert term.collected.epochs[epoch].holder == "m0-1"


def test_times_count_from_go_once_anyone_has_spoken_of_it() -> None:
    """Before that, from the start of this master."""
    term = term_of()
    assert term.chronicle.at(NOW + 3.0) == 3.0
    term.clock.learn(1.0, NOW + 3.0)
    assert term.chronicle.at(NOW + 3.0) == 1.0


def test_a_large_view_is_told_as_ranges() -> None:
    """Forty ordinals would be three lines of a window."""
    ring = tuple(Member(ordinal=ordinal, incarnation=1) for ordinal in range(40))
    term = term_of(SEND.evolve(members=ring))
    rest = SEND.evolve(view=2, members=(*ring[:2], *ring[3:]), cut=7)
    term.chronicle.lost(SEND.evolve(members=ring), rest, NOTHING, NOW)
    [(_, text)] = events(term)
    assert text.endswith("; view 2 [0 1 3..39], cut 7")
