"""Masters of the simulation: a core, and its ways to the record and to the report.

Started, restarted and given orders by the supervisor, disturbed by `faults`. What it shares with a
slave is in `process`.
"""

from collections.abc import Callable
from typing import Any

from ringrun.core.master.master import Master
from ringrun.core.messages import Command
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import (
    Event,
    Live,
    Outcome,
    ReadRecord,
    ReadReport,
    StoodDown,
    WriteRecord,
    WriteReport,
)
from ringrun.core.runner import MasterCore
from ringrun.simulation.case import TERMS
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.surroundings import Surroundings
from ringrun.simulation.stores import Client


class MasterProcess(Process):
    """One start of one master."""

    core: MasterCore
    key: MasterId

    def __init__(self, around: Surroundings, key: MasterId) -> None:
        super().__init__(around, key)
        self.told_until = 0.0
        case, clock, draw = around.case, around.clock, around.draw
        self.record = Client(clock, draw, self, around.record, case.store_delay)
        self.report = Client(clock, draw, self, around.report, case.store_delay)
        self._stood_down = 0
        self.core = Master(
            me=self.key,
            spec=case.spec,
            plan=case.plan,
            now=self.local(),
            journal=True,
            rules=case.rules,
            poll=case.poll,
            terms=TERMS,
        )

    def start(self) -> None:
        now = self.local()
        self.drain(now)
        self._after(now)

    def dials(self, key: NodeId) -> bool:
        return isinstance(key, SlaveId)

    def give(self, sender: NodeId, payload: Any, now: float) -> None:
        assert isinstance(sender, SlaveId), "masters have no links to each other"
        self.core.receive(sender, payload, now)

    def tell_link(self, peer: NodeId, up: bool, now: float) -> None:
        assert isinstance(peer, SlaveId), "masters have no links to each other"
        if up:
            self.core.link_up(peer, now)
        else:
            self.core.link_down(peer, now)

    def orders(self, orders: Orders) -> None:
        self._given(self.core.orders_read, orders)

    def watched(self, record: Any) -> None:
        """The record has changed, told unasked."""
        if not self.record.troubles:
            self._given(self.core.record_read, record)

    def terminate(self) -> None:
        self._given(self.core.release)

    def wrote(self, outcome: Outcome, version: int, value: Any) -> None:
        """For the trace: what a write did at the store, whether or not anyone hears of it."""
        if self.around.trace is not None:
            self.around.trace.stored(self.name, outcome, version, value)

    def _given(self, function: Callable[..., None], *arguments: Any) -> None:
        if not self.alive:
            return
        now = self.local()
        if now >= self.core.deadline and not self.ticked(now):
            return
        function(*arguments, now)
        self.drain(now)
        if self.alive:
            self._after(now)

    def send(self, to: NodeId, message: Any) -> None:
        if isinstance(message, Command) and message.epoch <= self._stood_down:
            said = type(message).__name__
            self.around.breach(
                f"{self.name} says {said} in epoch {message.epoch}, and leads no more"
            )
        super().send(to, message)
        around = self.around
        if around.case.duplicates and not around.calm and isinstance(message, Command):
            draw = around.draw
            if draw.random() < around.case.duplicates:
                around.clock.after(draw.random() * 0.3, super().send, to, message)

    def put_out(self, output: Any, now: float) -> None:
        kind = type(output)
        if kind is ReadRecord:
            self.record.read(self._record_read)
        elif kind is WriteRecord:
            record = output.record
            self.record.write(record.version, record, self._record_written)
        elif kind is ReadReport:
            self.report.read(self._report_read)
        elif kind is WriteReport:
            self.report.write(output.version + 1, output.document, self._report_written)
        elif kind is StoodDown:
            self._stood_down = output.epoch
            if self.around.trace is not None:
                self.around.trace.said(self.name, output.text)
        elif kind is Event:
            if self.around.trace is not None:
                self.around.trace.said(self.name, f"{output.kind}: {output.text}")
        elif kind is not Live:
            super().put_out(output, now)

    def _record_read(self, reached: bool, _: int, record: Any) -> None:
        self._given(self.core.record_read, record if reached else None)

    def _record_written(self, outcome: Outcome, _: int, record: Any) -> None:
        known = record if outcome is not Outcome.UNKNOWN else None
        self._given(self.core.record_written, outcome, known)

    def _report_read(self, reached: bool, version: int, document: Any) -> None:
        if reached:
            self._given(self.core.report_read, version, document)
        else:
            self._given(self.core.report_unreachable)

    def _report_written(self, outcome: Outcome, version: int, document: Any) -> None:
        self._given(self.core.report_written, outcome, version, document)
