"""Who is let in, and who is told why not."""

import pytest

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.record import Member
from ringrun.runtime.links.admission import Name, refusal
from ringrun.runtime.links.wanted import Wanted
from ringrun.runtime.wire.handshake import NONCE_BYTES, Identity, Open

ME = SlaveId(1, 1)
NAME = Name(run="r", node=ME)
MASTER = Identity.master(MasterId(0, 1))


def opened(me: Identity, *, run: str = "r", dialled: SlaveId = ME) -> Open:
    return Open(run=run, me=me, dialled=Identity.slave(dialled), nonce=bytes(NONCE_BYTES))


def slave(ordinal: int, incarnation: int = 1) -> Identity:
    return Identity.slave(SlaveId(ordinal, incarnation))


def test_the_masters_and_the_lower_slaves_of_the_run_are_let_in() -> None:
    """Under the name that this slave has."""
    assert refusal(opened(MASTER), NAME, Wanted(), free=False) == ""
    assert refusal(opened(slave(0)), NAME, Wanted(), free=False) == ""


@pytest.mark.parametrize(
    ("knock", "why"),
    [
        (opened(MASTER, run="q"), "of run q, this is run r"),
        (opened(MASTER, dialled=SlaveId(1, 2)), "this is s1-1, not s1-2"),
        (opened(slave(0), run="q"), "of run q, this is run r"),
        (opened(slave(0), dialled=SlaveId(2, 1)), "this is s1-1, not s2-1"),
        (opened(slave(1, 2)), "the lower ordinal dials, and this is s1-1"),
        (opened(slave(2)), "the lower ordinal dials, and this is s1-1"),
    ],
)
def test_others_are_told_why_not(knock: Open, why: str) -> None:
    """In words for a log."""
    assert refusal(knock, NAME, Wanted(), free=False) == why


def test_a_start_that_was_replaced_is_refused() -> None:
    """Its place in the ring is taken."""
    wanted = Wanted()
    wanted.change(ME, [Member(ordinal=0, incarnation=2)], 0.0)
    assert refusal(opened(slave(0)), NAME, wanted, free=False) == (
        "incarnation 1 of slave 0 was replaced"
    )
    assert refusal(opened(slave(0, 2)), NAME, wanted, free=False) == ""


def test_a_slave_that_is_free_takes_any_master_and_no_slave() -> None:
    """By hand, before a master gave a name and while nothing came of it."""
    assert refusal(opened(MASTER, run="q"), None, Wanted(), free=True) == ""
    assert refusal(opened(MASTER, run="q"), NAME, Wanted(), free=True) == ""
    why = refusal(opened(slave(0)), None, Wanted(), free=True)
    assert why == "no master has named this slave yet"
    assert refusal(opened(slave(0), run="q"), NAME, Wanted(), free=True) == (
        "of run q, this is run r"
    )
