"""A simulated master: who leads no more says nothing, and what becomes of what it asks."""

from math import inf
from typing import Any

import pytest

from ringrun.core.messages import Stored
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.outputs import Links, Outcome, ReadRecord, StoodDown, WriteReport
from ringrun.core.record import Member, Record
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.process.master import MasterProcess
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.stores import Trouble
from ringrun.simulation.world.machines import Machines

SLAVE = SlaveId(0, 1)
DRAFT = {"complete": False, "results": []}


class Quiet(Machines):
    """Machines that nobody looks after; `said` is what would have been sent."""

    def __init__(self, **given: Any) -> None:
        super().__init__(Case(seed=1, spec=make_spec(), **given))
        self.said: list[Any] = []
        self.hook = lambda lane, message: bool(self.said.append(message)) and False

    def saw_end(self, process: Process) -> None:
        del process

    def saw_record(self, record: Record) -> None:
        del record


def leading(**given: Any) -> tuple[Quiet, MasterProcess]:
    """A master that has a link to a slave. Nothing that it says arrives."""
    machines = Quiet(**given)
    master = MasterProcess(machines, MasterId(0, 1))
    for process in (SlaveProcess(machines, SLAVE), master):
        machines.add(process)
    master.put_out(Links(wanted=(Member(ordinal=0, incarnation=1),)), master.local())
    return machines, master


def stored(epoch: int) -> Stored:
    return Stored(epoch=epoch, holder="m0-1")


def test_a_command_after_standing_down_is_a_breach() -> None:
    """As no journal shows: a slave may not hear it (G7). Of the next epoch it is none."""
    machines, master = leading()
    master.send(SLAVE, stored(2))
    master.put_out(StoodDown(2, "m1-1 leads"), master.local())
    master.send(SLAVE, stored(3))
    assert machines.breaches == []
    master.send(SLAVE, stored(2))
    assert machines.breaches == ["m0-1 says Stored in epoch 2, and leads no more"]


@pytest.mark.parametrize("calm", [False, True])
def test_commands_arrive_twice_where_the_case_says_so(calm: bool) -> None:
    """Until the faults stop. The second one is the same, and comes later."""
    machines, master = leading(duplicates=1.0)
    machines.calm = calm
    master.send(SLAVE, stored(1))
    assert machines.said == [stored(1)]
    machines.clock.run(0.3)
    assert machines.said.count(stored(1)) == (1 if calm else 2)


class Noted:
    """A core that asks nothing by itself; `told` is what it was given."""

    def __init__(self) -> None:
        self.deadline = inf
        self.notes: list[Any] = []
        self.outputs: list[Any] = []
        self.told: list[Any] = []

    def record_read(self, record: Record | None, now: float) -> None:
        del now
        self.told.append(record)

    def report_written(self, outcome: Outcome, version: int, document: Any, now: float) -> None:
        del now
        self.told.append((outcome, version, document))


def noted() -> tuple[Quiet, MasterProcess, Noted]:
    machines = Quiet()
    master = MasterProcess(machines, MasterId(0, 1))
    core = Noted()
    master.core = core  # type: ignore[assignment]
    return machines, master, core


def test_a_record_out_of_reach_is_none_and_not_an_empty_one() -> None:
    """Whoever took it for empty would begin the run again."""
    machines, master, core = noted()
    for troubles in ([], [Trouble.REFUSED]):
        master.record.troubles[:] = troubles
        master.put_out(ReadRecord(), master.local())
        machines.clock.run(machines.clock.now + 0.5)
    assert core.told == [Record(), None]


def test_a_report_is_written_as_the_version_after_the_one_that_was_read() -> None:
    machines, master, core = noted()
    for _ in range(2):
        master.put_out(WriteReport(0, DRAFT), master.local())
        machines.clock.run(machines.clock.now + 0.5)
    assert core.told == [(Outcome.SAVED, 1, DRAFT), (Outcome.CONFLICT, 1, DRAFT)]


def test_who_cannot_reach_the_record_is_not_told_of_it_either() -> None:
    """A watch goes the same way as a request."""
    _, master, core = noted()
    for version, troubles in ((1, []), (2, [Trouble.UNREACHABLE])):
        master.record.troubles[:] = troubles
        master.watched(Record(version=version))
    assert core.told == [Record(version=1)]
