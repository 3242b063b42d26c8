"""The states of a slave, and what it does with each command in each of them (docs/protocol.md).

Asked by `core.slave.slave` for every command. How a command is obeyed is up to the parts; whether
it is, is said here and nowhere else. The tables of the page are held to these.
"""

from enum import Enum, auto
from typing import Final

from ringrun.core.messages import (
    Close,
    Command,
    Install,
    Kick,
    Meet,
    Stored,
    Sync,
    Wedge,
)
from ringrun.core.slave.position import Position


class Standing(Enum):
    """Where a slave is on its way; it may go back from WEDGED to RUNNING, by a new view."""

    UNPREPARED = auto()
    """No view and no log: no master has prepared it."""
    PREPARED = auto()
    """A log, and no view yet."""
    RUNNING = auto()
    """In a view, and taking part."""
    WEDGED = auto()
    """In a view, and stopped in it for good; its GRACE may be over as well."""
    FROZEN = auto()
    """GRACE is over by the own clock, or by a CLOSE, and nobody has wedged it."""
    ENDED = auto()
    """The result is made."""


class Does(Enum):
    """What a slave does with a command."""

    OBEY = auto()
    """Does what it says, and answers it."""
    REPEAT = auto()
    """Says its result again, whatever the command."""
    REFUSE = auto()
    """Says who leads, and drops the connection."""
    IGNORE = auto()
    """Nothing: it is early, and will be said again."""
    EXIT = auto()
    """The process ends."""


_OBEY, _REPEAT, _IGNORE, _EXIT = Does.OBEY, Does.REPEAT, Does.IGNORE, Does.EXIT

COMMANDS: Final[tuple[type[Command], ...]] = (Meet, Wedge, Sync, Install, Kick, Close, Stored)
"""All commands, in the order of the columns of `TABLE`."""

_ROWS: Final[dict[Standing, tuple[Does, ...]]] = {
    Standing.UNPREPARED: (_OBEY, _IGNORE, _OBEY, _IGNORE, _IGNORE, _EXIT, _IGNORE),
    Standing.PREPARED: (_OBEY, _OBEY, _OBEY, _OBEY, _IGNORE, _EXIT, _IGNORE),
    Standing.RUNNING: (_OBEY, _OBEY, _IGNORE, _OBEY, _OBEY, _OBEY, _IGNORE),
    Standing.WEDGED: (_OBEY, _OBEY, _OBEY, _OBEY, _OBEY, _OBEY, _IGNORE),
    Standing.FROZEN: (_OBEY, _OBEY, _IGNORE, _OBEY, _OBEY, _OBEY, _IGNORE),
    Standing.ENDED: (_REPEAT, _REPEAT, _REPEAT, _REPEAT, _REPEAT, _REPEAT, _EXIT),
}

TABLE: Final[dict[tuple[Standing, type[Command]], Does]] = {
    (standing, command): does
    for standing, row in _ROWS.items()
    for command, does in zip(COMMANDS, row, strict=True)
}


def standing(at: Position, *, frozen: bool, ended: bool) -> Standing:
    """The state of a slave that stands there."""
    if ended:
        return Standing.ENDED
    if not at.view:
        return Standing.UNPREPARED if at.log is None else Standing.PREPARED
    if at.wedged:
        return Standing.WEDGED
    return Standing.FROZEN if frozen else Standing.RUNNING


def does(state: Standing, command: Command, *, obeyed: bool) -> Does:
    """What a slave in this state does with it. Of a lower epoch, or of a second holder, a command
    is refused in every state (G7)."""
    return TABLE[state, type(command)] if obeyed else Does.REFUSE
