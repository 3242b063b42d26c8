"""What a leader does, a file for each stage: prepare, install, steady, change, close.

`AFTER` is which stage may follow which, as docs/protocol.md has it.
"""

from typing import Final

from ringrun.core.master.stages.changing import Changing
from ringrun.core.master.stages.closing import Closing
from ringrun.core.master.stages.installing import Installing
from ringrun.core.master.stages.interface import Stage
from ringrun.core.master.stages.preparing import Preparing
from ringrun.core.master.stages.steady import Steady

_RECORDED: Final = frozenset({Installing, Closing})
"""Whatever the stage: a view or a STOP that is seen recorded is gone on from, whoever meant it."""

AFTER: Final[dict[type[Stage], frozenset[type[Stage]]]] = {
    Preparing: _RECORDED,
    Installing: _RECORDED | {Steady, Changing},
    Steady: _RECORDED | {Changing},
    Changing: _RECORDED | {Changing},
    Closing: frozenset(),
}
"""The stages that may follow each; a leadership begins with Preparing, Installing or Closing."""
