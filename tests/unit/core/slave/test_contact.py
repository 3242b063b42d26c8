"""Links, the heartbeats on them, and complaints."""

from dataclasses import dataclass
from math import inf

import pytest
from lone import OTHER, PLAN
from made_parts import NOW, Parts
from rings import LEADER

from ringrun.core.messages import Heartbeat, Hello, Suspect, Trouble
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.outputs import Beat, Output, Send
from ringrun.core.rules import ALL_RULES
from ringrun.core.slave.contact import Contact
from ringrun.core.slave.position import Position
from ringrun.core.slave.voice import Voice

STRANGER = SlaveId(7, 1)


def test_without_a_plan_no_heartbeat_goes() -> None:
    """There is no view yet, and nobody to watch."""
    contact = Contact(rules=ALL_RULES, voice=Voice([], None), at=Position(), now=NOW)
    assert contact.beat_at == inf
    contact.plan(PLAN, NOW)
    assert NOW < contact.beat_at <= NOW + PLAN.heartbeat


@pytest.mark.parametrize(("peer", "told"), [(OTHER, True), (STRANGER, False), (LEADER, False)])
def test_a_member_whose_link_is_restored_is_told_what_is_held(peer: NodeId, *, told: bool) -> None:
    """So that it can send again what was lost; nobody else is told."""
    parts = Parts().installed()
    parts.contact.link_up(peer, NOW)
    assert peer in parts.contact.up
    hello = Hello(view=1, held=0, approved=0, turn=0)
    assert parts.said(Hello) == ([(peer, hello)] if told else [])
    parts.contact.link_down(peer, NOW)
    assert peer not in parts.contact.up


def test_heartbeats_go_on_links_that_are_up_and_once_a_beat() -> None:
    """The first of eight carries times."""
    parts = Parts().installed()
    contact = parts.contact
    contact.link_up(OTHER, NOW)
    contact.link_up(STRANGER, NOW)
    parts.taken()
    beats = []
    for _ in range(9):
        now = contact.beat_at
        contact.tick(now)
        contact.tick(now)
        beats += [each for each in parts.taken() if isinstance(each, Beat) or _measures(each)]
    timed = [each.to for each in beats if isinstance(each, Send)]
    plain = [each.to for each in beats if isinstance(each, Beat)]
    assert (timed, plain) == ([OTHER, OTHER], [(OTHER,)] * 7)
    contact.link_down(OTHER, contact.beat_at)
    contact.tick(contact.beat_at)
    assert [each.to for each in parts.taken() if isinstance(each, Beat)] == [()]


def _measures(output: Output) -> bool:
    return isinstance(output, Send) and isinstance(output.message, Heartbeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What the peer does while this slave's beats go on."""

    linked: bool
    trouble: Trouble


@pytest.mark.parametrize(
    "silence",
    [Silence(linked=True, trouble=Trouble.SILENT), Silence(linked=False, trouble=Trouble.RESET)],
)
def test_the_leader_is_told_of_a_peer_in_trouble(silence: Silence) -> None:
    """After the time that the plan gives; only the leader decides."""
    parts = Parts().installed()
    contact = parts.contact
    if silence.linked:
        contact.link_up(OTHER, NOW)
    else:
        contact.link_down(OTHER, NOW)
    parts.taken()
    while contact.beat_at <= NOW + PLAN.suspect:
        contact.tick(contact.beat_at)
        assert parts.said(Suspect) == []
    contact.tick(contact.beat_at)
    complaint = Suspect(view=1, suspect=OTHER, trouble=silence.trouble)
    assert parts.said(Suspect) == [(LEADER, complaint)]


@pytest.mark.parametrize(
    ("src", "view", "again"),
    [(OTHER, 1, True), (OTHER, 2, False), (SlaveId(1, 2), 1, False)],
    ids=["a member", "another view", "another incarnation"],
)
def test_only_a_member_of_this_view_is_sent_again_what_it_lacks(
    src: SlaveId, view: int, *, again: bool
) -> None:
    """G4: what it says counts as its confirmation."""
    parts = Parts().installed()
    model = parts.at.model
    assert model is not None
    model.issue(NOW)
    parts.frames.clear()
    parts.contact.hello(src, Hello(view=view, held=0, approved=0, turn=0), NOW)
    assert [to for to, _ in parts.frames] == ([(1,)] if again else [])
