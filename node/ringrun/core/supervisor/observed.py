"""What a supervisor sees: all slaves of the run, the masters that live, a wish to stop.

Made by whoever supervises from processes or pods; read by `core.supervisor.roster`.
"""

from dataclasses import dataclass

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaveSeen:
    """One process or pod of a slave. It has an address (`port` > 0) once it listens there."""

    ordinal: int
    incarnation: int
    host: str = ""
    port: int = 0
    ended: bool = False
    deleting: bool = False
    disrupted: bool = False
    cause: str = ""
    result: Result | None = None

    @property
    def node(self) -> SlaveId:
        return SlaveId(self.ordinal, self.incarnation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything that is there: all slaves of the run, the living masters, and a wish to stop.

    It must be whole: what had an address and is missing here counts as dead.
    """

    slaves: tuple[SlaveSeen, ...] = ()
    masters: tuple[str, ...] = ()
    stop: Reason | None = None
