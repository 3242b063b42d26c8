"""Where a slave stands."""

from lone import ME, MEMBERS, OTHER

from ringrun.core.node import SlaveId
from ringrun.core.slave.position import Position


def test_before_the_first_view_nobody_is_a_member() -> None:
    """Not even this slave."""
    at = Position()
    assert (at.view, at.model, at.wedged) == (0, None, False)
    assert not at.holds(ME)


def test_a_member_is_one_incarnation_and_not_the_ordinal() -> None:
    """Its replacement is somebody else (G12)."""
    at = Position()
    at.members = MEMBERS
    assert at.holds(OTHER)
    assert not at.holds(SlaveId(OTHER.ordinal, 2))
