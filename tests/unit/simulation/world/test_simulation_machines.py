"""What a run is made of: processes, ways between them, what is kept (simulation.world.machines)."""

from typing import Any

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.record import Record
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.process.master import MasterProcess
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.machines import Machines


class Watched(Machines):
    """Machines that remember what whoever looks after them would see."""

    def __init__(self, **given: Any) -> None:
        case = Case(seed=given.pop("seed", 1), spec=make_spec(), **{"steady": True} | given)
        super().__init__(case, Trace())
        self.seen: list[Any] = []

    def saw_end(self, process: Process) -> None:
        self.seen.append(process.name)

    def saw_record(self, record: Record) -> None:
        self.seen.append((round(self.clock.now, 6), record.version))

    def slave(self, ordinal: int, incarnation: int = 1) -> SlaveProcess:
        process = SlaveProcess(self, SlaveId(ordinal, incarnation))
        self.add(process)
        return process

    def master(self, place: int) -> MasterProcess:
        process = MasterProcess(self, MasterId(place, 1))
        self.add(process)
        return process


def test_the_living_are_told_apart_and_oldest_first() -> None:
    """Not in the order of their names; all that ever ran are kept."""
    machines = Watched()
    two, one, master, again = (
        machines.slave(2),
        machines.slave(1),
        machines.master(0),
        machines.slave(0, 2),
    )
    machines.crash(one)
    assert machines.slaves() == [two, again]
    assert machines.masters() == [master]
    assert list(machines.processes.values()) == [two, one, master, again]


def test_when_a_process_began_and_ended_is_kept() -> None:
    machines = Watched()
    machines.clock.run(1.0)
    slave = machines.slave(0)
    machines.clock.run(2.5)
    machines.crash(slave)
    assert (machines.begun, machines.gone) == ({slave.key: 1.0}, {slave.key: 2.5})


def test_a_process_dies_once() -> None:
    machines = Watched()
    slave = machines.slave(0)
    machines.crash(slave)
    machines.clock.run(1.0)
    machines.crash(slave)
    assert machines.seen == ["s0-1"]
    assert machines.gone[slave.key] == 0.0


def test_an_exit_is_told_with_its_code_and_its_reason() -> None:
    machines = Watched()
    machines.slave(0)
    machines.exited(SlaveId(0, 1), 1, "lost")
    assert machines.exits == [("s0-1", 1, "lost")]
    assert (machines.seen, machines.slaves()) == (["s0-1"], [])


def test_ways_are_given_from_the_first_of_the_two() -> None:
    """Whoever of them dials; one link for both, made when it is first asked for."""
    machines = Watched()
    one, other = machines.slave(0), machines.slave(1)
    out, back = machines.lanes(other, one)
    assert (out.sender, out.receiver, back.sender) == (other, one, one)
    assert machines.lanes(one, other) == (back, out)
    assert out.link is one.links[other.key] is other.links[one.key]
    assert out.link.dialler is one


def test_masters_never_meet() -> None:
    machines = Watched()
    assert machines.lanes(machines.master(0), machines.master(1)) == ()


def test_to_a_process_that_is_not_there_is_no_link() -> None:
    machines = Watched()
    assert machines.link(machines.slave(0), SlaveId(1, 1)) is None


def test_clocks_go_right_unless_the_case_says_otherwise() -> None:
    """Then each has its own, within the skew, and one case has always the same."""
    assert {Watched(seed=seed).clock_of() for seed in range(5)} == {(1.0, 100.0)}
    machines, again = Watched(skew=0.1), Watched(skew=0.1)
    clocks = [machines.clock_of() for _ in range(20)]
    assert clocks == [again.clock_of() for _ in range(20)]
    assert len(set(clocks)) == 20
    assert all(0.9 <= rate <= 1.1 and 1 <= offset <= 1000 for rate, offset in clocks)


def test_a_change_of_the_record_is_seen_later_and_by_masters_only_if_they_watch() -> None:
    """News travel; each master hears of them in its own time."""
    for watch in (False, True):
        machines = Watched(watch=watch)
        master = machines.master(0)
        heard: list[Record] = []
        master.watched = heard.append  # type: ignore[method-assign]
        record = Record(version=1, epoch=1)
        assert machines.record.swap(1, record)
        assert machines.seen == []
        machines.clock.run(1.0)
        assert machines.seen == [(machines.case.store_delay, 1)]
        assert heard == ([record] if watch else [])


def test_only_a_complete_report_is_the_report() -> None:
    """A draft is kept for what it has of results, whatever becomes of it."""
    machines = Watched()
    assert machines.whole_report is None
    results = [{"ordinal": 2, "incarnation": 1}]
    machines.report.swap(1, {"complete": False, "results": results})
    assert (machines.whole_report, machines.drafted) == (None, {SlaveId(2, 1)})
    for version, had in [(2, results), (3, [])]:
        machines.report.swap(version, {"complete": False, "results": had})
        assert machines.drafted == {SlaveId(2, 1)}
    machines.report.swap(4, {"complete": True})
    assert machines.whole_report == {"complete": True}


def test_a_refusal_is_a_breach_in_words() -> None:
    """What a frame says is not repeated."""
    machines = Watched()
    machines.refused("s0-1", "s1-1", b"\0\1", "too short")
    machines.refused("s0-1", str(MasterId(0, 1)), Record(), "no command")
    assert machines.breaches == [
        "s0-1 refuses a data frame of s1-1: too short",
        "s0-1 refuses Record of m0-1: no command",
    ]
