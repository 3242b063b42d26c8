"""The slaves of a local run as processes: which there are, where they listen, how they ended.

Used by `supervisor`, which says who is to be; the masters are in `masters`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ringrun.core.node import SlaveId
from ringrun.core.supervisor.observed import SlaveSeen
from ringrun.core.supervisor.roster import DELETE_AFTER
from ringrun.local.folders import Folders
from ringrun.local.processes.child import Child


@dataclass(slots=True, kw_only=True)
class _Slave:
    child: Child
    host: str = ""
    port: int = 0
    condemned: bool = False


class Slaves:
    """All that were started and are not forgotten. `start` makes the process of one."""

    def __init__(self, folders: Folders, start: Callable[[SlaveId], Child]) -> None:
        self._folders = folders
        self._start = start
        self._slaves: dict[SlaveId, _Slave] = {}

    @property
    def living(self) -> tuple[Child, ...]:
        """The processes that run, in the order in which they were started."""
        found = (slave.child for slave in self._slaves.values())
        return tuple(child for child in found if child.alive)

    @property
    def seen(self) -> tuple[SlaveSeen, ...]:
        """As a supervisor decides by them."""
        return tuple(self._seen(node, slave) for node, slave in self._slaves.items())

    def start(self, node: SlaveId) -> None:
        """Start this one."""
        self._slaves[node] = _Slave(child=self._start(node))

    def listens(self, child: Child, host: str, port: int) -> None:
        """This process has said where it listens."""
        for slave in self._slaves.values():
            if slave.child is child:
                slave.host, slave.port = host, port

    def condemn(self, node: SlaveId) -> None:
        """Kill one that left the ring and did not end."""
        self._slaves[node].condemned = True
        self._slaves[node].child.kill()

    def forget(self, dead: Iterable[SlaveId]) -> None:
        """Of these, those that have ended: what the orders keep of them is all that is needed."""
        for node in dead:
            if node in self._slaves and not self._slaves[node].child.alive:
                del self._slaves[node]

    def _seen(self, node: SlaveId, slave: _Slave) -> SlaveSeen:
        ended = not slave.child.alive
        return SlaveSeen(
            ordinal=node.ordinal,
            incarnation=node.incarnation,
            host=slave.host,
            port=slave.port,
            ended=ended,
            cause=self._cause(slave) if ended else "",
            result=self._folders.result(slave.child.name) if ended else None,
        )

    def _cause(self, slave: _Slave) -> str:
        if slave.condemned:
            return f"killed {DELETE_AFTER:g} s after it left the ring"
        return cause_of(slave.child, self._folders)


def cause_of(child: Child, folders: Folders) -> str:
    """How a process ended: who failed says why; who was killed could not."""
    words = folders.last_words(child.name) if (child.code or 0) > 0 else ""
    return f"{child.cause}: {words}" if words else child.cause
