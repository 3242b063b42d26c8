"""The states of a slave and what it does with a command in each: every pair, on a live slave."""

from collections.abc import Callable

import pytest
from lone import MEMBERS, PLAN, VIEW_1, Lone, close, install, sync, wedge
from rings import LEADER

from ringrun.core.messages import (
    Close,
    Command,
    Install,
    Installed,
    Kick,
    Kicked,
    Meet,
    Met,
    Refused,
    Result,
    ResultSaid,
    Stored,
    Sync,
    Synced,
    Wedge,
    Wedged,
)
from ringrun.core.node import MasterId
from ringrun.core.outputs import Beat, Drop, Exit, Finish, Output, Send
from ringrun.core.record import Record
from ringrun.core.slave.standing import COMMANDS, TABLE, Does, Standing, does

NEXT_VIEW = VIEW_1.evolve(view=2)
SAID = {"epoch": 1, "holder": str(LEADER)}


def frozen() -> Lone:
    """GRACE is over by its own clock, and its CLOSE has not come."""
    slave = Lone().installed()
    slave.after(PLAN.send + PLAN.grace)
    return slave


def wedged() -> Lone:
    """It has stopped in view 1."""
    slave = Lone().installed()
    slave.say(wedge())
    return slave


MADE: dict[Standing, Callable[[], Lone]] = {
    Standing.UNPREPARED: Lone,
    Standing.PREPARED: lambda: Lone().prepared(),
    Standing.RUNNING: lambda: Lone().installed(),
    Standing.WEDGED: wedged,
    Standing.FROZEN: frozen,
    Standing.ENDED: lambda: Lone().finished(),
}


def command(kind: type[Command], state: Standing) -> Command:
    """One that fits a slave in this state, if any of its kind does."""
    made: dict[type[Command], Command] = {
        Meet: Meet(**SAID, attempt=1, joiners=MEMBERS, members=(), plan=PLAN),  # type: ignore[arg-type]
        Wedge: wedge(),
        Sync: sync()
        if state in {Standing.UNPREPARED, Standing.PREPARED}
        else Sync(**SAID, attempt=1, view=1, cut=0, donor=None, plan=PLAN),  # type: ignore[arg-type]
        Install: install()
        if state in {Standing.UNPREPARED, Standing.PREPARED}
        else Install(**SAID, record=NEXT_VIEW, elapsed=0.0),  # type: ignore[arg-type]
        Kick: Kick(**SAID, view=1, elapsed=0.0),  # type: ignore[arg-type]
        Close: close(cut=0),
        Stored: Stored(**SAID),  # type: ignore[arg-type]
    }
    return made[kind]


def seen(slave: Lone, outputs: list[Output]) -> Does | type[object]:
    """What a slave did, by what it let out: for a command that was obeyed, what it answered."""
    said = [each for each in outputs if not isinstance(each, Beat)]
    messages = [each.message for each in said if isinstance(each, Send)]
    answered = [
        type(each)
        for each in messages
        if isinstance(each, Met | Wedged | Synced | Installed | Kicked)
    ]
    if any(isinstance(each, Exit) for each in said):
        return Does.EXIT
    if any(isinstance(each, Refused) for each in messages):
        return Does.REFUSE if any(isinstance(each, Drop) for each in said) else Does.IGNORE
    if any(isinstance(each, ResultSaid) for each in messages):
        return Does.REPEAT
    if any(isinstance(each, Finish) for each in said):
        return Result
    return answered[0] if answered else Does.IGNORE


ANSWERS: dict[type[Command], type[object]] = {
    Meet: Met,
    Wedge: Wedged,
    Sync: Synced,
    Install: Installed,
    Kick: Kicked,
    Close: Result,
}


@pytest.mark.parametrize("state", list(Standing))
def test_every_state_is_reached(state: Standing) -> None:
    """By what masters say, and by time."""
    assert MADE[state]().core.standing is state


@pytest.mark.parametrize("kind", COMMANDS)
@pytest.mark.parametrize("state", list(Standing))
def test_a_slave_does_what_the_table_says(state: Standing, kind: type[Command]) -> None:
    """Every pair of state and command."""
    slave = MADE[state]()
    expected: Does | type[object] = TABLE[state, kind]
    if expected is Does.OBEY:
        expected = ANSWERS[kind]
    assert seen(slave, slave.say(command(kind, state))) is expected


@pytest.mark.parametrize("kind", COMMANDS)
@pytest.mark.parametrize("state", list(Standing))
def test_of_a_lower_epoch_everything_is_refused(state: Standing, kind: type[Command]) -> None:
    """In every state, and it changes nothing (G7)."""
    slave = MADE[state]()
    leads = MasterId(1, 1)
    slave.say(Meet(epoch=5, holder=str(leads), attempt=1, joiners=(), members=(), plan=PLAN), leads)
    before = slave.core.standing
    said = command(kind, state)
    assert does(before, said, obeyed=False) is Does.REFUSE
    assert seen(slave, slave.say(said)) is Does.REFUSE
    assert slave.core.standing is before


def test_a_wedge_counts_for_more_than_the_own_clock() -> None:
    """Frozen and then wedged, or wedged and then frozen: it serves the closing's SYNC."""
    slave = frozen()
    slave.say(wedge())
    assert slave.core.standing is Standing.WEDGED
    other = wedged()
    other.after(PLAN.send + PLAN.grace)
    assert other.core.standing is Standing.WEDGED
    assert seen(other, other.say(command(Sync, Standing.WEDGED))) is Synced


def test_the_table_has_every_pair() -> None:
    """And none beside them."""
    assert set(TABLE) == {(state, kind) for state in Standing for kind in COMMANDS}


def test_a_wedge_goes_by_a_later_view_alone() -> None:
    """INSTALL of the same view leaves it; of the next, the slave runs."""
    slave = wedged()
    slave.say(install())
    assert slave.core.standing is Standing.WEDGED
    slave.say(Install(**SAID, record=NEXT_VIEW, elapsed=0.0))  # type: ignore[arg-type]
    assert slave.core.standing is Standing.RUNNING


def test_a_view_that_lacks_entries_is_not_entered() -> None:
    """Nor answered: the leader will sync first."""
    slave = wedged()
    ahead: Record = NEXT_VIEW.evolve(cut=9)
    assert seen(slave, slave.say(Install(**SAID, record=ahead, elapsed=0.0))) is Does.IGNORE  # type: ignore[arg-type]
    assert slave.core.standing is Standing.WEDGED
