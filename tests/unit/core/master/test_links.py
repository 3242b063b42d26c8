"""Which slaves a master dials."""

from made_term import GRACE, ROSTER, SEND, A, B, C

from ringrun.core.master.links import WantedLinks
from ringrun.core.orders import Leaving, Orders
from ringrun.core.record import Member, Record

ORDERS = Orders(roster=ROSTER)


def test_all_that_are_on_the_roster_or_in_the_record_are_dialled_in_order() -> None:
    """Also those that were members when SEND ended: their results count."""
    replaced = Member(ordinal=2, incarnation=2, host="h", port=9)
    record = GRACE.evolve(members=ROSTER[:1], send_members=ROSTER[1:])
    orders = Orders(roster=(replaced,))
    assert WantedLinks().changed(record, orders) == (*ROSTER, replaced)


def test_the_dead_and_those_without_an_address_are_not_dialled() -> None:
    """Nobody answers there."""
    orders = Orders(roster=(*ROSTER, Member(ordinal=3, incarnation=1)), dead=(B,))
    assert WantedLinks().changed(SEND, orders) == (ROSTER[0], ROSTER[2])


def test_nothing_is_said_while_the_links_stay_the_same() -> None:
    """Whatever else changed in the record or the orders."""
    links = WantedLinks()
    assert links.changed(SEND, ORDERS) == ROSTER
    assert links.changed(SEND, ORDERS) is None
    assert links.changed(SEND.evolve(cut=5), ORDERS) is None
    assert links.changed(SEND, Orders(roster=ROSTER, version=7)) is None
    assert links.changed(SEND, Orders(roster=ROSTER, dead=(A,))) == ROSTER[1:]


def test_the_link_of_who_leaves_is_kept_until_it_is_dead() -> None:
    """It has a result to tell, and is nowhere named any more."""
    links = WantedLinks()
    links.changed(Record(), ORDERS)
    leaving = (Leaving(2, 1, 0.0),)
    assert links.changed(Record(), Orders(roster=ROSTER[:2], leaving=leaving)) is None
    gone = Orders(roster=ROSTER[:2], leaving=leaving, dead=(C,))
    assert links.changed(Record(), gone) == ROSTER[:2]
