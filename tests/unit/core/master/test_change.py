"""One view change: survivors, cut, donor, the next record, the starter, joiners."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_results import fold, members

from ringrun.core.master.change import Change, reachable, starter
from ringrun.core.messages import Synced, Wedged
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import FoldValue, Plan, Record

A, B, C, C2 = SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1), SlaveId(2, 2)
PLAN = Plan(run="r", nodes=3, seed=0, model="lockstep", send=2.0, grace=1.0)


def wedged(held: int, approved: int = 0) -> Wedged:
    """An answer to WEDGE."""
    return Wedged(epoch=1, attempt=1, view=1, held=held, approved=approved, elapsed=0.5)


def synced(log: str, sender: int) -> Synced:
    """An answer to SYNC."""
    return Synced(epoch=1, attempt=1, view=1, fold=fold(log), sender=sender)


def changing(held: dict[SlaveId, int], **changes: object) -> Change:
    """A change in which these have answered the wedge."""
    change = Change(attempt=1, cause="test", **changes)  # type: ignore[arg-type]
    change.wedged = {node: wedged(count) for node, count in held.items()}
    return change


def in_send(view: int = 1, cut: int = 0, first: int = 0, *nodes: SlaveId) -> Record:
    """A record in SEND."""
    return Record(
        version=5,
        epoch=3,
        holder="m1-1",
        view=view,
        members=members(*(nodes or (A, B, C))),
        cut=cut,
        starter=first,
        phase=Phase.SEND,
        incarnations=(SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)),
        count=77,
    )


def test_the_cut_is_the_most_that_any_survivor_holds() -> None:
    """And the donor is one that holds it."""
    change = changing({A: 3, B: 5, C: 4})
    change.choose(members(A, B, C))
    assert change.survivors == members(A, B, C)
    assert (change.cut, change.donor) == (5, members(B)[0])


def test_who_did_not_answer_or_is_left_out_counts_for_nothing() -> None:
    """C holds the most, but is evicted; B is silent."""
    change = changing({A: 3, C: 9}, without={C})
    change.choose(members(A, B, C))
    assert change.survivors == members(A)
    assert (change.cut, change.donor) == (3, members(A)[0])


def test_another_incarnation_is_no_survivor() -> None:
    """Members are compared by incarnation: what C answered does not speak for its replacement."""
    change = changing({C2: 9})
    change.choose(members(A, C))
    assert change.survivors == ()
    assert (change.cut, change.donor) == (0, None)


@given(st.dictionaries(st.tuples(st.integers(0, 5), st.just(1)), st.integers(0, 9), min_size=1))
def test_the_donor_is_a_survivor_that_holds_the_cut(held: dict[SlaveId, int]) -> None:
    """For any answers."""
    change = changing(held)
    change.choose(members(*(SlaveId(ordinal, 1) for ordinal in range(6))))
    assert change.donor in change.survivors
    assert change.donor is not None
    assert held[change.donor.node] == change.cut == max(held.values())


def test_the_new_view_is_in_ring_order_and_waits_for_all() -> None:
    """The joiner stands at its ordinal; whoever has not synced is asked again."""
    change = changing({A: 1, C: 1}, joiners=members(SlaveId(1, 2)))
    change.choose(members(A, B, C))
    assert [member.node for member in change.everyone] == [A, (1, 2), C]
    change.synced = {A: synced("a", 0), C: synced("a", 0)}
    assert [member.node for member in change.unsynced()] == [(1, 2)]


def test_unequal_folds_are_diverged() -> None:
    """One fold, however often said, is not."""
    change = changing({A: 1, B: 1})
    assert not change.diverged
    change.synced = {A: synced("a", 0), B: synced("a", 0)}
    assert not change.diverged
    change.synced[B] = synced("b", 0)
    assert change.diverged


def test_the_record_of_a_new_view_changes_only_what_it_must() -> None:
    """View plus one, members, cut, fold, starter and incarnations; epoch, holder, phase stay."""
    change = changing({A: 3, B: 2}, joiners=members(C2))
    change.choose(members(A, B, C))
    change.synced = {node: synced("abc", 1) for node in (A, B, C2)}
    before = in_send()
    after = change.next_record(before, PLAN)
    assert after == msgspec.structs.replace(
        before,
        version=6,
        view=2,
        members=members(A, B, C2),
        cut=3,
        fold=fold("abc"),
        starter=2,
        incarnations=(A, B, C2),
        plan=PLAN,
    )
    assert all(isinstance(node, SlaveId) for node in after.incarnations)


def test_who_was_left_out_stays_among_those_that_were_admitted() -> None:
    """Or it could be admitted once more, with its old log (G12)."""
    change = changing({A: 3, B: 3}, without={C})
    change.choose(members(A, B, C))
    change.synced = {node: synced("abc", 1) for node in (A, B)}
    after = change.next_record(in_send(), PLAN)
    assert after.members == members(A, B)
    assert after.admitted(C.ordinal) == C.incarnation


def test_the_record_that_closes_says_stop_and_who_was_there() -> None:
    """STOP, closed, the reason; sendMembers are those of the end of SEND if they are known."""
    change = changing({A: 1}, closing=True, stop_reason=Reason(Why.ABORTED))
    change.choose(members(A, B))
    change.synced = {A: synced("a", 0)}
    early = change.next_record(in_send(1, 0, 0, A, B), PLAN)
    assert (early.phase, early.closed, early.stop_reason) == (Phase.STOP, True, Reason(Why.ABORTED))
    assert early.send_members == members(A, B)
    late = in_send(1, 0, 0, A, B)
    late = msgspec.structs.replace(late, phase=Phase.GRACE, send_members=members(A, B, C))
    assert change.next_record(late, PLAN).send_members == members(A, B, C)


def test_without_a_fold_the_cut_alone_is_recorded() -> None:
    """Only with `sync_before_record` switched off is a view recorded that nobody synced."""
    change = changing({A: 4})
    change.choose(members(A))
    assert change.next_record(in_send(), PLAN).fold == FoldValue(count=4)


@pytest.mark.parametrize(
    ("nodes", "view", "old", "sender", "cut", "first"),
    [
        ((A, B, C), 0, -1, -1, 0, 0),  # view 1: the first member
        (((1, 2), C), 0, -1, -1, 0, 1),
        ((A, B, C), 1, 0, 0, 7, 1),  # the first member after the sender of the cut
        ((A, B, C), 1, 0, 2, 7, 0),  # round the end
        ((A, C), 1, 0, 0, 7, 2),  # the successor is out
        ((A, C), 1, 0, 1, 7, 2),  # the sender itself is out
        ((A, B), 1, 0, 2, 7, 0),
        ((A, B, C2), 1, 0, 1, 7, 2),  # a replacement starts like any other
        ((A, B, C), 1, 1, -1, 0, 1),  # nothing issued: the old starter
        ((A, C), 1, 1, -1, 0, 2),  # or its successor
        ((A, B), 1, 2, -1, 0, 0),
        ((), 1, 2, 1, 7, 2),  # nobody is left: it does not matter
    ],
)
def test_the_starter(
    nodes: tuple[SlaveId, ...], view: int, old: int, sender: int, cut: int, first: int
) -> None:
    """docs/protocol.md, Starter."""
    assert starter(in_send(view=view, first=old), members(*nodes), sender, cut) == first


@given(
    st.sets(st.integers(0, 7), min_size=1),
    st.integers(1, 9),
    st.integers(0, 7),
    st.integers(0, 7),
    st.integers(0, 9),
)
def test_the_starter_is_always_a_member(
    ordinals: set[int], view: int, old: int, sender: int, cut: int
) -> None:
    """Else the ring would stand still."""
    inside = members(*(SlaveId(ordinal, 1) for ordinal in sorted(ordinals)))
    assert starter(in_send(view=view, first=old), inside, sender, cut) in ordinals


def both_ways(*pairs: tuple[SlaveId, SlaveId]) -> dict[SlaveId, frozenset[SlaveId]]:
    """What everyone would say if these links worked."""
    met: dict[SlaveId, set[SlaveId]] = {}
    for one, other in pairs:
        met.setdefault(one, set()).add(other)
        met.setdefault(other, set()).add(one)
    return {node: frozenset(links) for node, links in met.items()}


D = (3, 2)


def test_a_joiner_with_all_links_is_reachable() -> None:
    """Both ways, to every member."""
    assert reachable(members(C2), members(A, B), both_ways((C2, A), (C2, B))) == members(C2)
    assert reachable(members(C2), (), {}) == members(C2)


@pytest.mark.parametrize("silent", [C2, A, B])
def test_a_joiner_that_lacks_one_link_is_held_back(silent: SlaveId) -> None:
    """It does not matter which of the two ends has not said that it works."""
    met = both_ways((C2, A), (C2, B))
    del met[silent]
    assert reachable(members(C2), members(A, B), met) == ()


def test_joiners_need_links_to_each_other() -> None:
    """Of two that do not reach each other, the first is taken and the other waits."""
    met = both_ways((C2, A), (D, A))
    assert reachable(members(C2, D), members(A), met) == members(C2)
    met = both_ways((C2, A), (D, A), (C2, D))
    assert reachable(members(C2, D), members(A), met) == members(C2, D)
