"""What a process finds around it: the run's case, clock, chance, stores, links and transcript.

`world.machines` is this for every process of a run. A process asks and tells; whatever follows for
others (an end that is seen, a result that is kept) is decided there, by the name that it gives.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from ringrun.core.messages import Result
from ringrun.core.node import NodeId, SlaveId
from ringrun.simulation.case import Case
from ringrun.simulation.clock import Clock
from ringrun.simulation.links import End, Lane, Link
from ringrun.simulation.stores import Store
from ringrun.simulation.trace import Trace

Hook = Callable[[Lane, Any], bool]
"""Is shown every message and its way, and says whether it is sent."""


class Surroundings(Protocol):
    """One for all processes of a run."""

    case: Case
    clock: Clock
    draw: Random
    trace: Trace | None
    hook: Hook | None
    record: Store
    report: Store
    calm: bool
    """Faults have stopped: nothing is doubled or delayed on purpose any more."""

    def clock_of(self) -> tuple[float, float]:
        """(rate, offset) of a new process's clock. A machine's processes may share neither."""

    def link(self, dialler: End, key: NodeId) -> Link | None:
        """The link of these two, made at the first call; None if there is no such process yet."""

    def exited(self, node: NodeId, code: int, reason: str) -> None:
        """The process has ended by itself; `reason` is empty if all is well."""

    def kept(self, slave: SlaveId, result: Result) -> None:
        """The result is on disk."""

    def breach(self, text: str) -> None:
        """A rule of leading was broken (G7), as no journal shows."""

    def refused(self, node: str, sender: str, payload: Any, reason: str) -> None:
        """A message was against the rules, and its connection is reset."""
