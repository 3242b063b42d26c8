"""A slave in views: what it says of its links, when it may enter, and what it drops by that."""

import msgspec
import pytest
from lone import ME, MEMBERS, OTHER, PLAN, VIEW_1, sync, wedge
from made_parts import NOW, Parts
from rings import LEADER

from ringrun.core.log.log import Log
from ringrun.core.messages import Fetch, Fetched, Kick, Kicked, Meet, Met, Sync, Synced, Wedged
from ringrun.core.node import SlaveId
from ringrun.core.outputs import Links
from ringrun.core.record import Member
from ringrun.core.slave.views import Arrival

JOINER = Member(ordinal=2, incarnation=1, host="h", port=9)


def meet(attempt: int = 1, *joiners: Member) -> Meet:
    """MEET with the members, and these."""
    return Meet(
        epoch=1, holder=str(LEADER), attempt=attempt, joiners=joiners, members=MEMBERS, plan=PLAN
    )


def sync_1(cut: int, attempt: int = 2) -> Sync:
    """SYNC of view 1, from the other."""
    return msgspec.structs.replace(sync(), view=1, cut=cut, attempt=attempt, donor=MEMBERS[1])


def holding(count: int) -> Parts:
    """In view 1, wedged, with so many entries and none of them approved."""
    parts = Parts().installed()
    assert parts.at.log is not None
    parts.at.log.append(1, 1, bytes(8 * count))
    parts.views.wedge(wedge(), NOW)
    parts.taken()
    return parts


def test_the_links_that_work_are_said_when_asked_and_when_all_do() -> None:
    """Not for each one that comes up in between."""
    parts = Parts()
    up = parts.contact.up
    parts.views.meet(meet(1, JOINER))
    assert parts.said(Met) == [(LEADER, Met(epoch=1, attempt=1, links=()))]
    up.add(JOINER.node)
    parts.views.link_up()
    assert parts.said(Met) == []
    up.add(OTHER)
    parts.views.link_up()
    assert parts.said(Met) == [(LEADER, Met(epoch=1, attempt=1, links=(JOINER.node, OTHER)))]


def test_an_older_meet_ends_no_link_that_is_wanted_by_now() -> None:
    """It was delayed."""
    parts = Parts()
    parts.views.meet(meet(2, JOINER))
    assert [each for each in parts.taken() if isinstance(each, Links)] == [
        Links((MEMBERS[1], JOINER))
    ]
    parts.views.meet(meet(1))
    assert parts.taken() == []


@pytest.mark.parametrize(
    ("record", "arrival"),
    [
        (VIEW_1, Arrival.THERE),
        (VIEW_1.evolve(view=0), Arrival.PAST),
        (VIEW_1.evolve(view=2, cut=3), Arrival.THERE),
        (VIEW_1.evolve(view=2, cut=4), Arrival.LACKING),
        (VIEW_1.evolve(view=2, members=MEMBERS[1:]), Arrival.OUTSIDE),
        (VIEW_1.evolve(view=2, members=(Member(ordinal=0, incarnation=2),)), Arrival.OUTSIDE),
    ],
    ids=["the same", "an older", "all is held", "one is lacking", "without it", "its successor"],
)
def test_a_view_is_entered_with_all_that_it_begins_with(record: object, arrival: Arrival) -> None:
    """G3; and only by the incarnation that is in it."""
    parts = holding(3)
    assert parts.views.arrive(record, NOW) is arrival  # type: ignore[arg-type]
    entered = record is not VIEW_1 and arrival is Arrival.THERE
    assert (parts.at.view, parts.at.wedged) == ((2, False) if entered else (1, True))


def test_by_entering_a_view_the_cut_is_approved_and_the_rest_dropped() -> None:
    """What lies above the cut was never approved by anyone."""
    parts = holding(5)
    parts.views.arrive(VIEW_1.evolve(view=2, cut=3), NOW)
    log = parts.at.log
    assert log is not None
    assert (log.held, log.approved, parts.tally.issued) == (3, 3, 3)
    assert parts.at.model is not None


def test_the_digest_at_each_cut_is_kept_for_the_result() -> None:
    """Without it a shorter result could not be proved to be a prefix (G1)."""
    parts = holding(5)
    log = parts.at.log
    assert log is not None
    digest = log.totals(3).digest
    parts.views.arrive(VIEW_1.evolve(view=2, cut=3), NOW)
    assert log.recent_cuts() == ((0, Log(1).totals().digest), (3, digest))


@pytest.mark.parametrize(
    ("after", "sending"),
    [(0.0, True), (PLAN.send, False), (PLAN.send + PLAN.grace, None)],
    ids=["in SEND", "in GRACE", "frozen"],
)
def test_a_view_that_is_entered_changes_no_phase(after: float, sending: bool | None) -> None:
    """G6: in GRACE nobody issues in it, and who is frozen takes no part."""
    parts = holding(0)
    parts.course.move(NOW + after)
    parts.views.arrive(VIEW_1.evolve(view=2), NOW + after)
    model = parts.at.model
    assert parts.at.view == 2
    assert (None if model is None else model.ring.sending) == sending


def test_a_wedged_slave_takes_no_part_and_answers_each_attempt() -> None:
    """With what it holds, which does not grow any more."""
    parts = holding(3)
    assert parts.at.model is None
    for attempt in (4, 5):
        parts.views.wedge(wedge(attempt=attempt), NOW)
    said = [message for _, message in parts.said(Wedged)]
    assert [(each.attempt, each.held) for each in said if isinstance(each, Wedged)] == [
        (4, 3),
        (5, 3),
    ]


def test_by_the_wedge_what_waits_for_an_earlier_entry_is_forgotten() -> None:
    """What comes by SYNC is put in its place, and must not go on with it by itself."""
    parts = Parts().installed()
    log = parts.at.log
    assert log is not None
    log.offer(2, 1, 2, bytes(8))
    parts.views.wedge(wedge(), NOW)
    log.offer(1, 1, 1, bytes(8))
    assert log.held == 1


@pytest.mark.parametrize(("cut", "synced"), [(3, True), (2, True), (4, False)])
def test_synced_is_said_once_the_cut_is_held(cut: int, *, synced: bool) -> None:
    """Otherwise the donor is asked for the rest."""
    parts = holding(3)
    parts.views.sync(sync_1(cut))
    kinds = [type(message) for _, message in parts.said(Synced, Fetch)]
    assert kinds == ([Synced] if synced else [Fetch])


def test_a_sync_of_another_view_is_not_answered() -> None:
    """It was delayed; what it says of a cut is in another view's numbering."""
    parts = holding(3)
    for view in (0, 2):
        parts.views.sync(msgspec.structs.replace(sync_1(3), view=view))
        parts.views.sync(msgspec.structs.replace(sync_1(4), view=view))
    assert parts.said(Synced, Fetch) == []


@pytest.mark.parametrize(("wedged", "view", "served"), [(True, 1, 1), (True, 2, 0), (False, 1, 0)])
def test_a_donor_serves_while_it_is_wedged_in_that_view(
    view: int, served: int, *, wedged: bool
) -> None:
    """And not longer."""
    parts = holding(3)
    parts.at.wedged = wedged
    fetch = Fetch(epoch=1, attempt=2, view=view, first=2, last=3, snapshot=False)
    parts.views.fetch(OTHER, fetch)
    said = parts.said(Fetched)
    assert [to for to, _ in said] == [OTHER] * served


def test_what_was_not_asked_for_is_not_taken() -> None:
    """Only the donor of this SYNC answers it."""
    parts = holding(3)
    parts.views.sync(sync_1(4))
    parts.taken()
    answer = Fetched(epoch=1, attempt=2, view=1, batches=((4, 1, 4, 1),), numbers=bytes(8))
    log = parts.at.log
    assert log is not None
    parts.views.fetched(SlaveId(2, 1), answer)
    assert (log.held, parts.said(Synced)) == (3, [])
    parts.views.fetched(OTHER, answer)
    assert (log.held, len(parts.said(Synced))) == (4, 1)


def test_a_second_kick_of_a_view_is_answered_and_gives_no_second_turn() -> None:
    """The answer to the first may be lost."""
    parts = Parts().installed()
    kick = Kick(epoch=1, holder=str(LEADER), view=1, elapsed=0.0)
    assert parts.views.kick(kick, NOW)
    assert not parts.views.kick(kick, NOW)
    assert len(parts.said(Kicked)) == 2


def test_a_kick_after_send_is_answered_and_gives_no_turn() -> None:
    """G6: it was delayed, and nobody issues any more."""
    parts = Parts().installed()
    parts.course.move(NOW + PLAN.send)
    kick = Kick(epoch=1, holder=str(LEADER), view=1, elapsed=0.0)
    assert not parts.views.kick(kick, NOW + PLAN.send)
    assert len(parts.said(Kicked)) == 1


@pytest.mark.parametrize(("model", "watched"), [("lockstep", [1, 2, 3]), ("train", [1, 3])])
def test_whoever_the_model_has_a_link_to_is_watched(model: str, watched: list[int]) -> None:
    """In a ring of trains those are the two neighbours."""
    parts = holding(0)
    parts.timeline.plan = msgspec.structs.replace(PLAN, model=model)
    members = tuple(Member(ordinal=ordinal, incarnation=1) for ordinal in range(4))
    parts.views.arrive(VIEW_1.evolve(view=2, members=members), NOW)
    assert [peer.ordinal for peer in parts.contact.watch.peers] == watched


def test_a_view_wants_links_to_its_other_members() -> None:
    """And to nobody else."""
    parts = holding(0)
    parts.views.arrive(VIEW_1.evolve(view=2, members=(*MEMBERS, JOINER)), NOW)
    (links,) = (each for each in parts.taken() if isinstance(each, Links))
    assert [member.node for member in links.wanted] == [OTHER, JOINER.node]
    assert ME not in {member.node for member in links.wanted}
