"""Slaves of the simulation: a core, its turns and its frames, and the result that it keeps on disk.

Started by the supervisor, disturbed by `faults`. What it shares with a master is in `process`.
"""

from math import inf
from typing import Any, cast

from ringrun.core.messages import Result
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Finish
from ringrun.core.runner import SlaveCore
from ringrun.core.slave.slave import Slave
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.surroundings import Surroundings

_APPROVED, _VIEW = int(Note.APPROVED), int(Note.VIEW)


class SlaveProcess(Process):
    """A slave: data frames, turns, and the result that it keeps on disk."""

    core: SlaveCore
    key: SlaveId

    def __init__(self, around: Surroundings, key: SlaveId) -> None:
        super().__init__(around, key)
        self.issue_at = inf
        self.approved = 0
        self.viewed = False
        self.result: Result | None = None
        """On disk: it survives the process."""
        case = around.case
        self.core = Slave(
            node=key,
            now=self.local(),
            journal=True,
            rules=case.rules,
            start_deadline=case.spec.start_deadline,
        )

    def start(self) -> None:
        now = self.local()
        self.drain(now)
        self._after(now)

    def dials(self, key: NodeId) -> bool:
        return isinstance(key, SlaveId) and self.key < key

    def give(self, sender: NodeId, payload: Any, now: float) -> None:
        if type(payload) is bytes:
            assert isinstance(sender, SlaveId), "masters send no data"
            self.core.data(sender.ordinal, memoryview(payload), now)
        else:
            self.core.receive(sender, payload, now)

    def tell_link(self, peer: NodeId, up: bool, now: float) -> None:
        if up:
            self.core.link_up(peer, now)
        else:
            self.core.link_down(peer, now)

    def drain(self, now: float) -> None:
        core = self.core
        if core.notes:
            self.write_down(now)
            if not self.alive:
                return
        if core.frames:
            frames = core.frames[:]
            core.frames.clear()
            for ordinals, parts in frames:
                data = parts[0] if len(parts) == 1 else b"".join(parts)
                if type(data) is not bytes:
                    data = bytes(data)
                for ordinal in ordinals:
                    if ordinal == self.key.ordinal:
                        self.around.clock.after(1e-6, self.call, self._own, data)
                    else:
                        self.send(self._route(ordinal), data)
        if core.outputs:
            super().drain(now)

    def write_down(self, now: float) -> None:
        for note in self.core.notes:
            if note[0] == _APPROVED:
                self.approved = cast(int, note[2])
            elif note[0] == _VIEW:
                self.viewed = True
        super().write_down(now)

    def _route(self, ordinal: int) -> SlaveId:
        """The newest incarnation that is connected; else the one that is wanted."""
        found = SlaveId(ordinal, 0)
        for key, link in self.links.items():
            if isinstance(key, SlaveId) and key.ordinal == ordinal and key > found:
                lane = link.lanes[1] if link.dialler is self else link.lanes[0]
                if lane.number:
                    found = key
        return found

    def _own(self, data: bytes) -> None:
        if not self.alive:
            return
        now = self.local()
        if now >= self.core.deadline and not self.ticked(now):
            return
        self.core.data(self.key.ordinal, memoryview(data), now)
        self.drain(now)
        if self.alive:
            self._after(now)

    def _after(self, now: float) -> None:
        self._rearm()
        if self.core.pending:
            # Whatever arrives within this time is handled before the turn.
            around = self.around
            time = max(around.clock.now + around.case.turn, self.true(self.core.pending_at))
            if time < self.issue_at:
                self.issue_at = time
                around.clock.at(time, self.call, self._issue, time)

    def _issue(self, time: float) -> None:
        if not self.alive or time != self.issue_at:
            return
        self.issue_at = inf
        core = self.core
        now = self.local()
        if now >= core.deadline and not self.ticked(now):
            return
        if core.pending and now >= core.pending_at - 1e-9:
            core.issue(now)
            self.drain(now)
        if self.alive:
            if core.fold():
                self.drain(now)
            self._after(now)

    def leave(self) -> None:
        """SIGTERM."""
        now = self.local()
        if now >= self.core.deadline and not self.ticked(now):
            return
        self.core.leave(now)
        self.drain(now)
        if self.alive:
            self._after(now)

    def put_out(self, output: Any, now: float) -> None:
        if type(output) is Finish:
            around = self.around
            around.clock.after(around.case.disk, self.call, self._keep, output.result)
        else:
            super().put_out(output, now)

    def _keep(self, result: Result) -> None:
        """The result is on disk; a crash between this and `finish` loses nothing."""
        if not self.alive:
            return
        self.result = result
        self.around.kept(self.key, result)
        self.around.clock.after(self.around.case.disk, self.call, self._finish, result)

    def _finish(self, result: Result) -> None:
        if not self.alive:
            return
        now = self.local()
        if now >= self.core.deadline and not self.ticked(now):
            return
        self.core.finish(result, now)
        self.drain(now)
        if self.alive:
            self._after(now)
