"""Whom a leader takes out when slaves suspect each other (docs/protocol.md, Suspicion)."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.master.suspicion import Suspicion, worst
from ringrun.core.messages import Trouble
from ringrun.core.node import SlaveId

A, B, C, D = (SlaveId(ordinal, 1) for ordinal in range(4))


def test_no_bad_link_takes_nobody_out() -> None:
    """The first complaint only leads to a new view."""
    assert worst([]) == set()


def test_the_one_with_most_bad_links_goes() -> None:
    """C is bad with two; A and B, each with one, stay."""
    assert worst([(A, C), (B, C)]) == {C}
    assert worst([(B, A), (A, C), (D, A)]) == {A}


def test_a_tie_goes_against_the_higher_ordinal() -> None:
    """Whichever of the two complained."""
    assert worst([(A, B)]) == {B}
    assert worst([(B, A)]) == {B}
    assert worst([(A, B), (B, A)]) == {B}


def test_mutual_complaints_are_one_bad_link() -> None:
    """A and B complain of each other, B and C, and C and D: B and D go, not more."""
    assert worst([(A, B), (B, A), (B, C), (C, D)]) in ({B, D}, {B, C})
    assert worst([(A, B), (B, A), (C, D)]) == {B, D}


edges = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: ((pair[0], 1), (pair[1], 1))),
    max_size=12,
)


@given(edges)
def test_no_bad_link_is_left(bad: list[tuple[SlaveId, SlaveId]]) -> None:
    """Every bad link loses an end, and nobody goes who has no bad link."""
    out = worst(bad)
    assert all(one in out or other in out for one, other in bad)
    assert out <= {node for edge in bad for node in edge}


@given(edges)
def test_nobody_goes_in_vain(bad: list[tuple[SlaveId, SlaveId]]) -> None:
    """The last one taken out still had a bad link with somebody who stays."""
    out = worst(bad)
    if out:
        assert any((one in out) != (other in out) for one, other in bad)


@given(edges, st.randoms(use_true_random=False))
def test_the_order_of_complaints_does_not_matter(
    bad: list[tuple[SlaveId, SlaveId]], random: Random
) -> None:
    """The same links, told in any order or by the other end, take out the same."""
    turned = [(other, one) for one, other in bad]
    random.shuffle(turned)
    assert worst(turned) == worst(bad)


def test_the_first_complaint_of_a_pair_blames_nobody() -> None:
    """If all answer the wedge, it is a new view with the same members."""
    suspicion = Suspicion()
    suspicion.report(A, B, Trouble.RESET)
    assert suspicion.cause() == "slave 0 complains of slave 1: connection reset"
    assert suspicion.blame([A, B], 100.0) == set()
    suspicion.answered(100.0)
    assert suspicion.edges == set()


def test_a_complaint_repeated_before_its_view_is_recorded_blames_nobody() -> None:
    """A change that begins again asks twice; it is still the first complaint."""
    suspicion = Suspicion()
    for now in (100.0, 100.6):
        suspicion.report(A, B, Trouble.SILENT)
        assert suspicion.blame([A, B], now) == set()


def test_the_same_pair_again_within_ten_seconds_loses_one() -> None:
    """Ten seconds exactly is still within; a moment more begins anew."""
    for later, out in ((10.0, {B}), (10.5, set())):
        suspicion = Suspicion()
        suspicion.report(A, B, Trouble.SILENT)
        suspicion.blame([A, B], 100.0)
        suspicion.answered(100.0)
        suspicion.report(A, B, Trouble.SILENT)
        assert suspicion.blame([A, B], 100.0 + later) == out


def test_another_pair_is_not_the_same_pair() -> None:
    """One complaint each of two pairs is a first one each."""
    suspicion = Suspicion()
    suspicion.report(A, B, Trouble.WAITING)
    suspicion.blame([A, B, C], 100.0)
    suspicion.answered(100.0)
    suspicion.report(A, C, Trouble.WAITING)
    assert suspicion.blame([A, B, C], 101.0) == set()


def test_who_did_not_answer_the_wedge_costs_nobody_else() -> None:
    """B is silent and out for that; A, who complained of it rightly, is not blamed."""
    suspicion = Suspicion()
    for now in (100.0, 101.0):
        suspicion.report(C, B, Trouble.SILENT)
        suspicion.report(A, B, Trouble.SILENT)
        assert suspicion.blame([A, C], now) == set()
        suspicion.answered(now)


def test_what_was_said_last_is_remembered_in_words() -> None:
    """For the report, after the view in which it was said is gone."""
    suspicion = Suspicion()
    suspicion.report(A, B, Trouble.SILENT)
    suspicion.report(C, B, Trouble.WAITING)
    suspicion.answered(100.0)
    assert suspicion.trouble(B) == "no progress"
    assert suspicion.trouble(A) == ""
