"""A simulated slave: its turns, its disk, and to which incarnation a frame goes."""

from math import inf
from typing import Any

from made_results import result

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.outputs import Finish
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.world.machines import Machines

RESULT = result(1, "abc")


class Quiet(Machines):
    """Machines that nobody looks after."""

    def __init__(self, **given: Any) -> None:
        super().__init__(Case(seed=1, spec=make_spec(), **given))

    def saw_end(self, process: Process) -> None:
        del process

    def slave(self) -> SlaveProcess:
        process = SlaveProcess(self, SlaveId(1, 1))
        self.add(process)
        return process


class Turn:
    """A core whose turn is due, and that does nothing else; `issued` is when it was taken."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self.issued: list[float] = []
        self.pending = True
        self.pending_at = 0.0
        self.deadline = inf
        self.notes: list[Any] = []
        self.frames: list[Any] = []
        self.outputs: list[Any] = []

    def issue(self, now: float) -> None:
        del now
        self.pending = False
        self.issued.append(self._machines.clock.now)

    def fold(self) -> bool:
        return False


def finishing(machines: Quiet, slave: SlaveProcess) -> list[float]:
    """When the core is told that its result is kept."""
    told: list[float] = []
    slave.core.finish = lambda of, now: told.append(machines.clock.now)  # type: ignore[method-assign]
    slave.put_out(Finish(RESULT), slave.local())
    return told


def test_a_result_is_on_disk_before_the_core_goes_on() -> None:
    """The disk takes its time, twice: to keep it, and to say so."""
    machines = Quiet(disk=0.01)
    slave = machines.slave()
    told = finishing(machines, slave)
    machines.clock.run(0.015)
    assert (machines.results, told) == ({slave.key: RESULT}, [])
    machines.clock.run(0.1)
    assert told == [0.02]


def test_a_crash_before_it_is_kept_loses_the_result_and_one_after_it_does_not() -> None:
    """What G10 speaks of: once it is written."""
    for moment, kept in ((0.005, False), (0.015, True)):
        machines = Quiet(disk=0.01)
        slave = machines.slave()
        told = finishing(machines, slave)
        machines.clock.run(moment)
        machines.crash(slave)
        machines.clock.run(1.0)
        assert (slave.key in machines.results, told) == (kept, [])


def test_a_turn_is_taken_when_what_arrives_meanwhile_is_handled() -> None:
    """Receiving goes first; how long it may take is the case's."""
    machines = Quiet(turn=0.02)
    slave = machines.slave()
    turn = Turn(machines)
    slave.core = turn  # type: ignore[assignment]
    slave.start()
    machines.clock.run(0.019)
    assert turn.issued == []
    machines.clock.run(1.0)
    assert turn.issued == [0.02]


def test_the_lower_ordinal_dials_and_slaves_never_dial_masters() -> None:
    slave = Quiet().slave()
    dialled = [slave.dials(key) for key in (SlaveId(0, 1), SlaveId(2, 1), MasterId(0, 1))]
    assert dialled == [False, True, False]


def test_a_frame_to_nobody_that_is_linked_goes_nowhere() -> None:
    """Incarnations begin at 1."""
    assert Quiet().slave()._route(2) == SlaveId(2, 0)
