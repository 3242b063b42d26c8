"""In which order a command moves a slave's view and its clock."""

import msgspec
import pytest
from lone import MEMBERS, VIEW_1, close, install, sync, wedge
from made_parts import NOW, Parts

from ringrun.core.messages import Command, Install, Installed, Kick, Kicked, Wedge, Wedged
from ringrun.core.outputs import Finish
from ringrun.core.phase import Phase


def test_an_answer_to_install_says_how_long_ago_go_was() -> None:
    """The view is entered, then the clock started, and only then is it said."""
    parts = Parts()
    parts.obedience.obey(sync(), NOW)
    parts.obedience.obey(install(elapsed=0.5), NOW)
    ((_, said),) = parts.said(Installed)
    assert said == Installed(epoch=1, view=1, wedged=False, elapsed=0.5)


def test_a_view_that_is_not_entered_starts_no_clock() -> None:
    """It was never synced."""
    parts = Parts()
    parts.obedience.obey(install(), NOW)
    assert (parts.at.view, parts.timeline.phase) == (0, Phase.START)
    assert parts.said(Installed) == []


def test_a_slave_that_missed_install_learns_of_the_view_and_of_go_by_the_wedge() -> None:
    """It ends with the others all the same, and takes no part any more."""
    parts = Parts()
    parts.obedience.obey(sync(), NOW)
    parts.obedience.obey(wedge(elapsed=0.75), NOW)
    assert (parts.at.view, parts.at.wedged, parts.at.model) == (1, True, None)
    ((_, said),) = parts.said(Wedged)
    assert isinstance(said, Wedged)
    assert said.elapsed == 0.75


@pytest.mark.parametrize(("view", "counts"), [(1, True), (2, False)])
def test_a_kick_of_this_view_alone_counts(view: int, *, counts: bool) -> None:
    """And gives the turn once."""
    parts = Parts().installed()
    kick = Kick(epoch=1, holder="m0-1", view=view, elapsed=0.0)
    assert parts.obedience.obey(kick, NOW) is counts
    assert len(parts.said(Kicked)) == counts
    assert not parts.obedience.obey(kick, NOW)


def test_an_older_view_is_neither_installed_nor_wedged() -> None:
    """Views only grow."""
    parts = Parts().installed()
    parts.at.view = 2
    older: tuple[Command, ...] = (install(), wedge())
    for message in older:
        parts.obedience.obey(message, NOW)
    assert (parts.at.view, parts.at.wedged) == (2, False)
    assert parts.said(Installed, Wedged) == []


def test_in_start_no_clock_is_started() -> None:
    """A record that is still in START is no GO."""
    record = msgspec.structs.replace(VIEW_1, phase=Phase.START)
    parts = Parts()
    parts.obedience.obey(sync(), NOW)
    parts.obedience.obey(Install(epoch=1, holder="m0-1", record=record, elapsed=-1.0), NOW)
    assert (parts.at.view, parts.timeline.go) == (1, None)
    parts.obedience.obey(Wedge(epoch=1, holder="m0-1", attempt=1, record=record, elapsed=-1.0), NOW)
    assert (parts.at.wedged, parts.timeline.go) == (True, None)


def test_a_view_without_this_slave_ends_it_only_if_it_was_told_to_end() -> None:
    """It may be in the next one again."""
    without = VIEW_1.evolve(view=2, members=MEMBERS[1:])
    parts = Parts().installed()
    message = Install(epoch=1, holder="m0-1", record=without, elapsed=0.0)
    parts.obedience.obey(message, NOW)
    assert (parts.at.view, parts.timeline.phase) == (1, Phase.SEND)
    parts.course.leave(NOW)
    parts.obedience.obey(message, NOW)
    assert parts.timeline.phase is Phase.STOP


def test_close_gives_the_result() -> None:
    """Whatever the phase: the leader has recorded that the run is over."""
    parts = Parts().installed()
    parts.obedience.obey(close(cut=0), NOW)
    assert [each.result.final for each in parts.taken() if isinstance(each, Finish)] == [True]
