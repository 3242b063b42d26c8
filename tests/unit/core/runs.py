"""Whole runs in one thread: slaves and masters in a driver, the record in memory, a supervisor.

The supervisor's decisions are `core.supervisor.roster`'s own; carrying them out is a few lines
here. Every request, answer and order travels on a lane of its own, so that the seed may put it
anywhere.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import msgspec
from driver import Driver, Key, Node

from ringrun.core.master.election import Terms
from ringrun.core.master.master import Master
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import (
    Event,
    Outcome,
    ReadRecord,
    ReadReport,
    WriteRecord,
    WriteReport,
)
from ringrun.core.reason import Reason
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.core.slave.slave import Slave
from ringrun.core.supervisor.observed import Observed, SlaveSeen
from ringrun.core.supervisor.roster import decide
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.runtime.planning import plan_of
from ringrun.spec import FailurePolicy, Model, RunSpec, default_run
from ringrun.verify import Evidence, Verification, check

LONGEST = 30.0
"""Seconds of the driver's clock after which a run that is not over has hung."""

TERMS = Terms(lease=0.4, renew=0.1, stop_after=0.3)


def spec_of(**changes: Any) -> RunSpec:
    """A short run of three."""
    made = replace(default_run(), nodes=3, send=2**-6, grace=2**-6, seed=7, burst=1)
    made = replace(made, **changes)
    return made if "window" in changes else replace(made, window=(made.nodes + 1) * made.burst)


class Run(Driver):
    """Slaves and masters of one run, from the first process to the last."""

    def __init__(
        self,
        spec: RunSpec,
        *,
        seed: int = 0,
        masters: int = 2,
        rules: Rules = ALL_RULES,
        pace: float = 2**-14,
    ) -> None:
        super().__init__(seed, pace=pace)
        self.spec = spec
        self.plan = msgspec.structs.replace(plan_of(spec, "run"), result_wait=2.0)
        self.rules = rules
        self.meta = {"run": spec.name, "nodes": spec.nodes, "seed": spec.seed, "send": spec.send}
        self.meta |= {"grace": spec.grace, "model": str(spec.model)}
        self.store = MemoryRecordStore()
        self.reports = MemoryReportStore()
        self.orders = Orders()
        self.causes: dict[SlaveId, str] = {}
        self.events: list[str] = []
        self.stop: Reason | None = None
        self._asked = False
        self._wake = inf
        self.masters = [MasterId(number, 1) for number in range(masters)]
        for name in self.masters:
            self.add(name, lambda now, name=name: self._master(name, now))
        self.look()

    def _master(self, name: MasterId, now: float) -> Master:
        return Master(
            me=name,
            spec=self.spec,
            plan=self.plan,
            now=now,
            journal=True,
            rules=self.rules,
            poll=0.02,
            terms=TERMS,
        )

    # The supervisor

    def look(self) -> None:
        """Something changed: have the supervisor decide, at some later step."""
        if not self._asked:
            self._asked = True
            self.post("world", "supervisor", self._supervise)

    def _supervise(self) -> None:
        self._asked = False
        living = [node.key for node in self.living()]
        slaves = [self._seen(key) for key in self.nodes if isinstance(key, SlaveId)]
        masters = [key for key in living if isinstance(key, MasterId)]
        names = tuple(map(str, masters))
        observed = Observed(slaves=tuple(slaves), masters=names, stop=self.stop)
        record = self.store.read()
        decision = decide(self.spec, self.orders, observed, record, self.now, 0.0)
        if decision.orders != self.orders:
            self.orders = decision.orders
            for name in masters:
                self._tell(name)
        for node in decision.create:
            self.add(
                node, lambda now, key=node: Slave(node=key, now=now, journal=True, rules=self.rules)
            )
            self.look()
        for node in decision.delete:
            if node in living:
                self.kill(node)
        if self.now < decision.deadline < self._wake:
            self._wake = decision.deadline
            self.later(decision.deadline - self.now, self._woken)

    def _woken(self) -> None:
        self._wake = inf
        self.look()

    def _tell(self, name: MasterId) -> None:
        node = self.nodes[name]
        orders = self.orders
        self.post("supervisor", name, lambda: self.call(node, node.core.orders_read, orders))

    def _seen(self, key: SlaveId) -> SlaveSeen:
        node = self.nodes[key]
        return SlaveSeen(
            ordinal=key.ordinal,
            incarnation=key.incarnation,
            host="here",
            port=1000 * key.incarnation + key.ordinal,
            ended=not node.alive,
            cause="" if node.alive else "killed",
            result=self.results.get(key),
        )

    def ended(self, node: Node) -> None:
        """The lease of a master that ended is freed; the roster may change."""
        if isinstance(node.key, MasterId):
            name = str(node.key)
            self.post("supervisor", "record", lambda: self._free(name))
        self.look()

    def _free(self, name: str) -> None:
        self.store.free(name)
        self.look()

    # The stores

    def put_out(self, node: Node, output: Any) -> None:
        """Requests of masters; all else as ever."""
        key = node.key
        if isinstance(output, ReadRecord):
            self._ask(key, "record", lambda: self._answer_read(node))
        elif isinstance(output, WriteRecord):
            self._ask(key, "record", lambda: self._answer_write(node, output))
        elif isinstance(output, ReadReport):
            self._ask(key, "report", lambda: self._answer_report(node))
        elif isinstance(output, WriteReport):
            self._ask(key, "report", lambda: self._answer_report_write(node, output))
        elif isinstance(output, Event):
            self.events.append(f"{output.kind}: {output.text}")
        else:
            super().put_out(node, output)

    def _ask(self, key: Key, store: str, act: Callable[[], None]) -> None:
        self.post(key, store, act)

    def _reply(self, node: Node, store: str, function: Any, *arguments: Any) -> None:
        self.post(store, node.key, lambda: self.call(node, function, *arguments))

    def _answer_read(self, node: Node) -> None:
        self._reply(node, "record", node.core.record_read, self.store.read())

    def _answer_write(self, node: Node, output: WriteRecord) -> None:
        outcome, record = self.store.write(output.record)
        if outcome is Outcome.SAVED:
            self.look()
        self._reply(node, "record", node.core.record_written, outcome, record)

    def _answer_report(self, node: Node) -> None:
        self._reply(node, "report", node.core.report_read, *self.reports.read())

    def _answer_report_write(self, node: Node, output: WriteReport) -> None:
        answer = self.reports.write(output.version, output.document)
        self._reply(node, "report", node.core.report_written, *answer)

    # The run

    def until(self, what: Callable[[], bool]) -> "Run":
        """Let things happen until this is so."""
        while not what():
            assert self.now < LONGEST, f"at {self.now:.3f} still not so: {self.standing()}"
            assert self.step()
        return self

    def started(self) -> bool:
        """Whether the kickstart has been taken: from here on every step is the ring's."""
        return any(
            isinstance(node.core, Slave) and node.core.tally.issued > 0
            for node in self.nodes.values()
        )

    def finish(self) -> "Run":
        """To the end of the last process.

        A replacement that was started when all was over waits for a master that never comes: as in
        a cluster, whoever supervises ends it.
        """
        self.until(self._over)
        for node in self.living():
            self.kill(node.key)
        return self

    def _over(self) -> bool:
        living = self.living()
        masters = any(isinstance(node.core, Master) for node in living)
        return not masters and all(node.core.at.view == 0 for node in living)

    def leader(self) -> MasterId | None:
        """Who leads by its own account, if anyone does."""
        leaders = [
            node.key
            for node in self.living()
            if isinstance(node.core, Master) and node.core.lead is not None
        ]
        return leaders[-1] if leaders else None  # type: ignore[return-value]

    def standing(self) -> str:
        """For a failure: what everyone says of itself."""
        record = self.store.read()
        parts = [f"record view {record.view} {record.phase} epoch {record.epoch} {record.holder}"]
        for node in self.living():
            core = node.core
            if isinstance(core, Slave):
                held = core.at.log.held if core.at.log is not None else None
                parts.append(f"{node.key}: {core.phase} view {core.at.view} held {held}")
            else:
                stage = core.lead and type(core.lead._stage).__name__
                parts.append(f"{node.key}: {stage}")
        return "; ".join([*parts, *self.events[-5:]])

    @property
    def report(self) -> dict[str, Any]:
        """The complete report."""
        document = self.reports.read()[1]
        assert document is not None
        assert document["complete"], document
        return document

    def verify(self, *, grace_faults: bool = False) -> Verification:
        """What the checker, which shares nothing with the core, says of the journals."""
        return check(
            self.journals(),
            self.report,
            same_clock=True,
            grace_faults=grace_faults,
            evidence=Evidence(whole=True),
        )


MODELS = tuple(Model)
REPLACE, CONTINUE, FAIL = FailurePolicy.REPLACE, FailurePolicy.CONTINUE, FailurePolicy.FAIL
