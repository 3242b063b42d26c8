"""The seam between a core and whoever runs it: what a core has, and what its runner must do.

A core is pure: it is told what happened and when, and leaves behind what is to be done. Three
runners carry that out (the slave's loop over real sockets, the simulation's processes, the tests'
driver), and `tests/integration/core/test_runners.py` holds all three to these duties; so does
`test_master_runners.py` the runners of masters:

1. *Notes first.* After every call, what is in `notes` is written down before anything else of that
   call leaves; then `frames` go out in order, then `outputs` are carried out in order. Each list is
   emptied. A journal can then hide nothing that others have seen.
2. *Deadlines.* Once it is `deadline`, `tick` comes before anything else. Of what a runner takes in
   together it looks at the time before the first: `data`, `receive` and `issue` see to a deadline
   that passes meanwhile themselves. Time never runs back between two calls.
3. *Receiving goes first.* A turn that is `pending` is taken by `issue` not before `pending_at`, and
   not before everything that has arrived by then was given to the core. (In the tests' driver,
   which is for any order at all, what it has delivered has arrived.)
4. *Own frames come in like others'.* A frame to the slave's own ordinal comes back through `data`,
   later, never from within a call.
5. *Links.* A peer's messages come only between its `link_up` and its `link_down`, in the order in
   which they were sent, but that control may overtake data. What is sent to a peer without a link
   is lost, and nobody is told.
6. *Results.* After `Finish` the result is kept outside of the process and printed, and then given
   to `finish`; a crash in between loses nothing that was promised.
7. *The end.* After `Exit` a core is not called again, and what stands behind it in `outputs` is not
   carried out.
8. *Refusals.* A `ProtocolError` from `data` or `receive` costs the link it came by, and nothing
   else. What the call had left behind by then is carried out all the same.
9. *Idle work.* `fold` is called, if at all, when there is nothing else to do, and leaves notes at
   most.

mypy holds `Slave` and `Master` to the Protocols where they are handed to a runner.
"""

from typing import Any, Protocol

from ringrun.core.messages import Control, Result
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome, Output
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.core.ring.ring import Frames


class Core(Protocol):
    """What slaves and masters have in common. Times are seconds of the process's own clock."""

    notes: list[tuple[object, ...]]
    outputs: list[Output]
    deadline: float

    def tick(self, now: float) -> None:
        """Time has passed."""


class SlaveCore(Core, Protocol):
    """A slave, as its runner knows it; the first start of one is `core.slave.slave.Slave`."""

    node: SlaveId
    frames: Frames
    pending: bool
    pending_at: float
    spin: float
    """Seconds for which a runner may poll before it blocks."""

    @property
    def phase(self) -> Phase:
        """The phase by the own clock: before SEND little comes."""

    def data(self, src: int, frame: memoryview, now: float) -> None:
        """A data frame of the slave with this ordinal, or of this slave itself."""

    def receive(self, src: NodeId, message: Control, now: float) -> None:
        """A control message of a slave or a master."""

    def heard(self, peer: SlaveId, now: float) -> None:
        """A plain heartbeat of this slave: `receive` without the message. Leaves nothing behind."""

    def link_up(self, peer: NodeId, now: float) -> None:
        """A link is authenticated."""

    def link_down(self, peer: NodeId, now: float) -> None:
        """It is gone."""

    def issue(self, now: float) -> None:
        """Take the turn that is pending."""

    def fold(self) -> bool:
        """Do some idle work; whether there was any."""

    def finish(self, result: Result, now: float) -> None:
        """The result is kept."""

    def leave(self, now: float) -> None:
        """The process was told to end."""


class MasterCore(Core, Protocol):
    """A master, as its runner knows it; the first start of one is `core.master.master.Master`."""

    me: MasterId

    def receive(self, src: SlaveId, message: Control, now: float) -> None:
        """A control message of a slave."""

    def link_up(self, peer: SlaveId, now: float) -> None:
        """A link to this slave is authenticated."""

    def link_down(self, peer: SlaveId, now: float) -> None:
        """It is gone."""

    def orders_read(self, orders: Orders, now: float) -> None:
        """The newest orders."""

    def record_read(self, record: Record | None, now: float) -> None:
        """The record, asked for or not; None if it is out of reach."""

    def record_written(self, outcome: Outcome, record: Record | None, now: float) -> None:
        """How the write in flight ended; with the current record if another was first."""

    def report_read(self, version: int, document: dict[str, Any] | None, now: float) -> None:
        """The stored report and its version; None and 0 if there is none."""

    def report_unreachable(self, now: float) -> None:
        """The report could not be read."""

    def report_written(
        self, outcome: Outcome, version: int, document: dict[str, Any] | None, now: float
    ) -> None:
        """How the write of the report ended; with the stored one if another was first."""

    def release(self, now: float) -> None:
        """The process was told to end."""
