"""Who may lead, by the candidate's own clock alone (docs/protocol.md, Leading; G7)."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.master.election import Election, Terms

TERMS = Terms(lease=4.0, renew=1.0, stop_after=3.0)
START = 64.0


def candidate(version: int = 7, holder: str = "m0-1", at: float = START) -> Election:
    """Candidate m1-1, which saw another hold the lease."""
    made = Election("m1-1", now=START, terms=TERMS)
    made.saw(version, holder, at)
    return made


def leader(sent: float = START) -> Election:
    """A candidate that has won epoch 2."""
    made = candidate(holder="")
    made.won(2, sent)
    return made


def test_a_candidate_that_saw_no_record_does_not_stand() -> None:
    """What was never read may be held by anybody."""
    assert not Election("m1-1", now=START, terms=TERMS).may_stand(START + 1e6)


def test_a_held_lease_expires_when_it_has_not_changed_for_its_length() -> None:
    """Counted from when this candidate saw the change, not from when it looked again."""
    other = candidate()
    for late in (1.0, 2.0, 3.0, 3.99):
        other.saw(7, "m0-1", START + late)
        assert not other.may_stand(START + late)
    assert other.next_time(START + 3.99) == START + 4.0
    assert other.may_stand(START + 4.0)


def test_every_renewal_begins_the_wait_again() -> None:
    """A new version of the record is a sign of life, whoever wrote it."""
    other = candidate()
    other.saw(8, "m0-1", START + 3.5)
    assert not other.may_stand(START + 7.0)
    assert other.may_stand(START + 7.5)


def test_a_freed_lease_is_taken_at_once() -> None:
    """Nobody need wait for a holder that ended."""
    other = candidate()
    other.saw(8, "", START + 0.5)
    assert other.may_stand(START + 0.5)
    assert other.next_time(START + 0.5) <= START + 0.5


def test_the_own_name_in_the_lease_is_not_waited_for() -> None:
    """It is an earlier term of this very candidate, which has stopped."""
    again = candidate(holder="m1-1")
    assert again.may_stand(START)


def test_a_leader_does_not_stand() -> None:
    """It leads in its epoch, and in no other."""
    assert leader().leads
    assert not leader().may_stand(START + 100.0)


def test_a_leader_renews_and_gives_up_by_when_it_sent() -> None:
    """The answer's way back does not lengthen the term."""
    lead = leader(sent=START)
    assert not lead.renewal_due(START + 0.99)
    assert lead.renewal_due(START + 1.0)
    assert lead.next_time(START + 0.5) == START + 1.0
    assert not lead.too_late(START + 2.99)
    assert lead.too_late(START + 3.0)
    assert lead.gives_up_at() == START + 3.0
    lead.renewed(START + 2.0)
    assert not lead.too_late(START + 4.99)
    assert lead.too_late(START + 5.0)


def test_an_older_answer_does_not_shorten_the_term() -> None:
    """Read back late, a write that was sent earlier takes nothing away."""
    lead = leader(sent=START + 2.0)
    lead.renewed(START + 1.0)
    assert lead.gives_up_at() == START + 5.0


def test_a_leader_that_stopped_needs_a_new_epoch() -> None:
    """It neither renews nor is late; only winning makes it lead again."""
    lead = leader()
    lead.stop()
    assert not lead.leads
    assert not lead.renewal_due(START + 10.0)
    assert not lead.too_late(START + 10.0)
    assert lead.gives_up_at() == inf
    lead.won(9, START + 10.0)
    assert lead.epoch == 9


def test_standing_aside_lasts_until_its_time() -> None:
    """Even a freed lease is left to the standby; after that this candidate leads all the same."""
    other = candidate(holder="")
    other.stand_aside(START + 8.0)
    assert not other.may_stand(START + 7.99)
    assert other.next_time(START) == START + 8.0
    assert other.may_stand(START + 8.0)


rates = st.floats(0.9, 1.1)


@given(
    leader_rate=rates,
    standby_rate=rates,
    offsets=st.tuples(st.floats(-100.0, 100.0), st.floats(-100.0, 100.0)),
    renewals=st.lists(
        st.tuples(st.floats(0.0, 2.9), st.floats(0.0, 1.0), st.booleans(), st.floats(0.0, 2.0)),
        max_size=6,
    ),
)
def test_a_leader_stops_before_another_may_take_over(
    leader_rate: float,
    standby_rate: float,
    offsets: tuple[float, float],
    renewals: list[tuple[float, float, bool, float]],
) -> None:
    """Two candidates, clocks 10 % off either way, writes that arrive late or are never answered.

    In true time: the moment at which the leader stops by itself lies before the first moment at
    which the standby may stand, however late the standby reads what was written.
    """

    def local(rate: float, offset: float, true: float) -> float:
        return offset + rate * true

    lead = Election("m0-1", now=local(leader_rate, offsets[0], 0.0), terms=TERMS)
    other = Election("m1-1", now=local(standby_rate, offsets[1], 0.0), terms=TERMS)
    lead.saw(0, "", local(leader_rate, offsets[0], 0.0))
    assert lead.may_stand(local(leader_rate, offsets[0], 0.0))
    lead.won(1, local(leader_rate, offsets[0], 0.0))
    # (true time of sending, of the change being in the store); the first was the take-over.
    sent = written = 0.0
    versions = [(written, 1)]
    for wait, way, answered, _ in renewals:
        sent = max(sent + wait, written)
        if lead.too_late(local(leader_rate, offsets[0], sent)):
            break
        written = sent + way
        versions.append((written, len(versions) + 1))
        if answered:
            lead.renewed(local(leader_rate, offsets[0], sent))
    stops = (lead.gives_up_at() - offsets[0]) / leader_rate
    seen = 0.0
    for (when, version), (_, _, _, late) in zip(versions, [*renewals, (0, 0, 0, 0)], strict=False):
        seen = max(seen, when + late)
        other.saw(version, "m0-1", local(standby_rate, offsets[1], seen))
    stands = (other.next_time(0.0) - offsets[1]) / standby_rate
    assert stops < stands
    assert not other.may_stand(local(standby_rate, offsets[1], stops))


@pytest.mark.parametrize("stop_after", [3.7, 4.0])
def test_a_leader_that_stops_too_late_would_overlap(stop_after: float) -> None:
    """The margin is needed: nearer to the lease's end, a slow leader meets a fast standby."""
    terms = Terms(lease=4.0, renew=1.0, stop_after=stop_after)
    lead = Election("m0-1", now=0.0, terms=terms)
    lead.won(1, 0.0)
    other = Election("m1-1", now=0.0, terms=terms)
    other.saw(1, "m0-1", 0.0)
    assert lead.gives_up_at() / 0.9 >= other.next_time(0.0) / 1.1
