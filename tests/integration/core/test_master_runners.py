"""Every runner of a master keeps the duties of `ringrun.core.runner`, as `test_runners` has it of
slaves. What is said there of links and refusals is not looked at again.
"""

import asyncio
import io
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest
from driver import Node
from puppet import GIVE_UP, Call, Noted
from runs import Run, spec_of
from slave_runners import Disk, Even, SpiedJournal

from ringrun.core.master.master import Master
from ringrun.core.messages import Control
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import (
    Event,
    EventKind,
    Exit,
    Outcome,
    Output,
    ReadRecord,
    ReadReport,
    WriteRecord,
    WriteReport,
)
from ringrun.core.record import Record
from ringrun.record.memory import MemoryRecordStore, MemoryReportStore
from ringrun.runtime.log import Log
from ringrun.runtime.master.process import MasterProcess
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.clock import Clock
from ringrun.simulation.links import End, Link
from ringrun.simulation.process.master import MasterProcess as SimulatedProcess
from ringrun.simulation.stores import Store
from ringrun.simulation.trace import Trace

ME = MasterId(0, 1)
EXACT = 1e-9
# The number of an event that stands behind an Exit.
BEHIND = -1

Act = Callable[["Puppet", Call], None]


class Puppet:
    """A master core by script. Every call leaves a note and an event with its number."""

    def __init__(self, now: float, around: Any, script: dict[str, Act]) -> None:
        self.me = ME
        self.notes: list[tuple[object, ...]] = []
        self.outputs: list[Output] = []
        self.deadline = now + GIVE_UP
        self.around = around
        self.lead = None
        self._until = self.deadline
        self._script = script
        self._inside = False

    def show(self, number: int) -> None:
        """Leave an event behind."""
        kind = EventKind.DRAINED
        self.outputs.append(Event(kind=kind, text=str(number), at=0.0, phase=""))

    def tick(self, now: float) -> None:
        if now >= self._until:
            self.outputs.append(Exit(9, "the script did not end"))
        self._called("tick", now)

    def receive(self, src: SlaveId, message: Control, now: float) -> None:
        self._called("receive", now, src, message)

    def link_up(self, peer: SlaveId, now: float) -> None:
        self._called("link_up", now, peer)

    def link_down(self, peer: SlaveId, now: float) -> None:
        self._called("link_down", now, peer)

    def orders_read(self, orders: Orders, now: float) -> None:
        self._called("orders_read", now, orders)

    def record_read(self, record: Record | None, now: float) -> None:
        self._called("record_read", now, record)

    def record_written(self, outcome: Outcome, record: Record | None, now: float) -> None:
        self._called("record_written", now, outcome, record)

    def report_read(self, version: int, document: dict[str, Any] | None, now: float) -> None:
        self._called("report_read", now, version, document)

    def report_unreachable(self, now: float) -> None:
        self._called("report_unreachable", now)

    def report_written(
        self, outcome: Outcome, version: int, document: dict[str, Any] | None, now: float
    ) -> None:
        self._called("report_written", now, outcome, version, document)

    def release(self, now: float) -> None:
        self._called("release", now)

    def _called(self, name: str, now: float, *what: object) -> None:
        seen = self.around.seen
        number = len(seen) + 1
        call = Call(
            number=number,
            name=name,
            what=what,
            now=now,
            deadline=self.deadline,
            nested=self._inside,
        )
        seen.append(call)
        self._inside = True
        if name == "tick":
            self.deadline = self._until
        self.notes.append((Note.COMMAND, {"puppet": number}))
        self.show(number)
        if name in self._script:
            self._script[name](self, call)
        self._inside = False


class Asyncio:
    """The process of a master, in an event loop and with stores in memory."""

    late = inf

    def __init__(self, folder: Path, script: dict[str, Act]) -> None:
        self.seen: list[Any] = []
        self.folder = folder
        self.script = script

    def run(self) -> int:
        return asyncio.run(self._run())

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        journal = SpiedJournal(self.folder / "m0-1.journal", self.seen, lambda: None)  # type: ignore[arg-type]
        self.process = MasterProcess(
            Puppet(loop.time(), self, self.script),
            run="run",
            token=b"",
            record=Awaited(MemoryRecordStore()),
            report=Awaited(MemoryReportStore()),
            log=Log("m0-1", stream=io.StringIO()),
            show=lambda output: self.seen.append(int(output.text)),  # type: ignore[union-attr]
            journal=journal,
        )
        running = asyncio.ensure_future(self.process.run())
        self.order()
        code = await asyncio.wait_for(running, 2 * GIVE_UP)
        # What is still to be called back comes now.
        for _ in range(10):
            await asyncio.sleep(0)
        return code

    def order(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(self.process.orders, Orders(version=1))

    def terminate(self) -> None:
        asyncio.get_running_loop().call_soon(self.process.terminate)


class Awaited:
    """A store whose answers are awaited, for as short as can be."""

    def __init__(self, store: Any) -> None:
        self.store = store

    async def read(self) -> Any:
        await asyncio.sleep(0)
        return self.store.read()

    async def write(self, *what: Any) -> Any:
        await asyncio.sleep(0)
        return self.store.write(*what)


class SpiedTrace(Trace):
    """Tells what a master says as it does."""

    def __init__(self, seen: list[Any], clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._seen = seen

    def said(self, node: str, text: str) -> None:
        self._seen.append(int(text.partition(": ")[2]))


class Simulated:
    """A process of the simulation, which has this around it."""

    late = EXACT

    hook = None
    calm = True

    def __init__(self, folder: Path, script: dict[str, Act]) -> None:
        self.seen: list[Any] = []
        self.case = Case(seed=0, spec=make_spec(), store_delay=2**-8)
        self.clock = Clock()
        self.draw = Even()
        self.trace = SpiedTrace(self.seen, self.clock)
        self.record, self.report = Store(0, Record()), Store(0, None)
        self._code: int | None = None
        self.process = SimulatedProcess(self, ME)  # type: ignore[arg-type]
        self.process.core = Puppet(self.process.local(), self, script)
        self.process.journal = Disk(self.seen, self.process.journal)

    def run(self) -> int:
        self.process.start()
        self.order()
        while self._code is None:
            assert self.clock.step()
        self.clock.run(self.clock.now + 1.0)
        return self._code

    def order(self) -> None:
        self.clock.at(self.clock.now, self.process.call, self.process.orders, Orders(version=1))

    def terminate(self) -> None:
        self.clock.at(self.clock.now, self.process.call, self.process.terminate)

    # Surroundings of the process.

    def clock_of(self) -> tuple[float, float]:
        return 1.0, 128.0

    def link(self, dialler: End, key: NodeId) -> Link | None:
        raise AssertionError("the puppet dials nobody")

    def exited(self, node: NodeId, code: int, reason: str) -> None:
        self._code = code
        self.process.end(killed=False)


class SpiedRun(Run):
    """One master and nobody who looks after it."""

    def __init__(self, seen: list[Any], make: Callable[[float], Puppet]) -> None:
        self._events_seen = seen
        self._make = make
        super().__init__(spec_of(), masters=1)

    def _master(self, name: MasterId, now: float) -> Master:
        return self._make(now)  # type: ignore[return-value]

    def look(self) -> None:
        """Nobody does."""

    def put_out(self, node: Node, output: Any) -> None:
        """Tell of events when they leave."""
        if isinstance(output, Event):
            self._events_seen.append(int(output.text))
        super().put_out(node, output)


class Driven:
    """The tests' driver with its stores."""

    late = 2**-14

    def __init__(self, folder: Path, script: dict[str, Act]) -> None:
        self.seen: list[Any] = []
        self.driver = SpiedRun(self.seen, lambda now: Puppet(now, self, script))
        self.node = self.driver.nodes[ME]
        self.node.journal = Disk(self.seen, self.node.journal)

    def run(self) -> int:
        self.order()
        self.driver.run(60.0)
        assert self.node.exit is not None
        return self.node.exit.code

    def order(self) -> None:
        self._given(lambda now: self.node.core.orders_read(Orders(version=1), now))

    def terminate(self) -> None:
        self._given(self.node.core.release)

    def _given(self, call: Callable[[float], None]) -> None:
        self.driver.post("supervisor", ME, lambda: self.driver.call(self.node, call))


RUNNERS = {"asyncio": Asyncio, "simulation": Simulated, "driver": Driven}
Runner = Asyncio | Simulated | Driven


def play(kind: type[Runner], folder: Path, **script: Act) -> list[Call]:
    """This script in this runner to its end: the calls from the first orders on."""
    runner = kind(folder, script)
    code = runner.run()
    calls = [each for each in runner.seen if isinstance(each, Call)]
    assert code == 0, [call.name for call in calls]
    always(runner.seen, runner.late)
    assert BEHIND not in runner.seen
    first = next(at for at, call in enumerate(calls) if call.name == "orders_read")
    return calls[first:]


def always(seen: list[Any], late: float) -> None:
    """Each call's note, and then its event, before the next call; deadlines; time."""
    before = 0.0
    for at, call in enumerate(seen):
        if not isinstance(call, Call):
            continue
        assert seen[at + 1] == Noted(number=call.number), call
        assert seen[at + 2] == call.number, call
        assert not call.nested
        assert before <= call.now + EXACT
        before = call.now
        if call.name == "tick":
            assert call.now <= call.deadline + late, call
        else:
            assert call.now < call.deadline, call


@pytest.fixture(params=RUNNERS.values(), ids=RUNNERS)
def kind(request: pytest.FixtureRequest) -> type[Runner]:
    """Each runner."""
    return request.param  # type: ignore[no-any-return]


def test_requests_are_answered_once_and_later(kind: type[Runner], tmp_path: Path) -> None:
    """Record and report, read and written."""

    def leave(*outputs: Output) -> Act:
        return lambda core, call: core.outputs.extend(outputs)

    record = Record().evolve(holder=str(ME))
    calls = play(
        kind,
        tmp_path,
        orders_read=leave(ReadRecord()),
        record_read=leave(WriteRecord(record)),
        record_written=leave(ReadReport()),
        report_read=leave(WriteReport(0, {"a": 1})),
        report_written=leave(Exit(0)),
    )
    assert [(call.name, call.what) for call in calls[1:]] == [
        ("record_read", (Record(),)),
        ("record_written", (Outcome.SAVED, record)),
        ("report_read", (0, None)),
        ("report_written", (Outcome.SAVED, 1, {"a": 1})),
    ]


def test_a_deadline_comes_before_all_else(kind: type[Runner], tmp_path: Path) -> None:
    """Orders, an answer and the end that come at it."""

    def orders_read(core: Puppet, call: Call) -> None:
        core.deadline = call.now
        core.outputs.append(ReadRecord())

    def record_read(core: Puppet, call: Call) -> None:
        core.around.terminate()
        core.deadline = call.now

    def release(core: Puppet, call: Call) -> None:
        core.outputs.append(Exit(0))

    calls = play(kind, tmp_path, orders_read=orders_read, record_read=record_read, release=release)
    steps = "orders_read tick record_read tick release"
    assert [call.name for call in calls] == steps.split()


def test_after_exit_nothing_comes(kind: type[Runner], tmp_path: Path) -> None:
    """Neither what is due or asked for, nor what stands behind it."""

    def orders_read(core: Puppet, call: Call) -> None:
        core.around.order()
        core.around.terminate()
        core.deadline = call.now
        core.outputs += [ReadRecord(), Exit(0)]
        core.show(BEHIND)

    calls = play(kind, tmp_path, orders_read=orders_read)
    assert [call.name for call in calls] == ["orders_read"]


def test_what_comes_at_a_deadline_that_ends_it_is_not_given(
    kind: type[Runner], tmp_path: Path
) -> None:
    """The deadline comes first, and after its Exit nothing."""

    def orders_read(core: Puppet, call: Call) -> None:
        core.around.terminate()
        core.deadline = call.now

    def tick(core: Puppet, call: Call) -> None:
        core.outputs.append(Exit(0))

    calls = play(kind, tmp_path, orders_read=orders_read, tick=tick)
    assert [call.name for call in calls] == ["orders_read", "tick"]
