"""What outlives a supervisor: an object a process, orders, room (simulation.world.objects)."""

from typing import Any

import msgspec

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.record import Record
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.process.process import Process
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.machines import Machines
from ringrun.simulation.world.objects import Objects, Room

SLAVE, MASTER = SlaveId(1, 1), MasterId(0, 1)


class Kept(Machines):
    """Machines whose ends are written down, and nothing else is done about them."""

    def __init__(self, **given: Any) -> None:
        super().__init__(Case(seed=1, spec=make_spec(), **{"steady": True} | given), Trace())
        self.changes = 0
        self.objects = Objects(self, self.change)

    def change(self) -> None:
        self.changes += 1

    def saw_end(self, process: Process) -> None:
        self.objects.ended(process)

    def saw_record(self, record: Record) -> None:
        del record


def test_what_was_made_has_its_object_before_it_runs() -> None:
    """So that a supervisor which begins anew makes none twice; it has no address yet."""
    machines = Kept()
    objects = machines.objects
    objects.make_slave(SLAVE)
    objects.make_master(MASTER)
    assert (objects.slaves[SLAVE].port, objects.masters[MASTER].running) == (0, False)
    assert (objects.starting, machines.processes, machines.changes) == (2, {}, 0)
    machines.clock.run(1.0)
    assert (objects.starting, set(machines.processes), machines.changes) == (0, {SLAVE, MASTER}, 2)
    assert objects.slaves[SLAVE].port > 0
    assert objects.masters[MASTER].running


def test_no_two_slaves_have_one_address() -> None:
    machines = Kept()
    nodes = [SlaveId(ordinal, incarnation) for ordinal in range(5) for incarnation in range(1, 5)]
    for node in nodes:
        machines.objects.make_slave(node)
    machines.clock.run(1.0)
    assert len({each.port for each in machines.objects.slaves.values()}) == len(nodes)


def test_an_end_is_written_down_with_how_it_came() -> None:
    """Killed, or ended by itself; of a master also how long it lived."""
    machines = Kept()
    objects = machines.objects
    assert not objects.slaves_live
    objects.make_slave(SLAVE)
    objects.make_master(MASTER)
    machines.clock.run(3.0)
    assert objects.slaves_live
    machines.crash(machines.processes[SLAVE])
    process = machines.processes[MASTER]
    process.exit_code = 1
    machines.exited(MASTER, 1, "no")
    assert (objects.slaves[SLAVE].ended, objects.slaves[SLAVE].cause) == (True, "killed")
    assert not objects.slaves_live
    assert (objects.masters[MASTER].ended_at, objects.last_words) == (3.0, "m0-1: ended")
    assert objects.masters[MASTER].lifetime == 3.0 - machines.begun[MASTER] < 3.0


def test_masters_wait_for_room_and_start_when_there_is_some() -> None:
    """They count as about to start meanwhile."""
    machines = Kept()
    objects = machines.objects
    objects.make_room(Room.FULL)
    objects.make_master(MASTER)
    machines.clock.run(2.0)
    assert (objects.starting, machines.masters()) == (1, [])
    objects.make_room(Room.ENOUGH)
    machines.clock.run(4.0)
    assert (objects.starting, len(machines.masters())) == (0, 1)


def test_masters_that_cannot_start_have_lived_for_no_time() -> None:
    """Slaves are not concerned."""
    machines = Kept()
    objects = machines.objects
    objects.make_room(Room.BROKEN)
    objects.make_master(MASTER)
    objects.make_slave(SLAVE)
    machines.clock.run(2.0)
    seen = objects.masters[MASTER]
    assert (seen.ended, seen.running, seen.lifetime) == (True, False, 0.0)
    assert objects.last_words == "m0-1: could not be started"
    assert (objects.starting, len(machines.slaves()), machines.changes) == (0, 1, 2)


def test_a_slave_that_is_deleted_may_leave_and_is_killed_if_it_does_not() -> None:
    machines = Kept()
    objects = machines.objects
    for node in (SLAVE, SlaveId(2, 1)):
        objects.make_slave(node)
    machines.clock.run(1.0)
    machines.processes[SLAVE].pause()
    for node in (SLAVE, SlaveId(2, 1)):
        objects.delete(node)
    assert objects.slaves[SlaveId(2, 1)].cause == "ended"
    assert objects.slaves[SLAVE].deleting
    machines.clock.run(6.9)
    assert [slave.name for slave in machines.slaves()] == ["s1-1"]
    machines.clock.run(7.1)
    assert machines.slaves() == []
    assert objects.slaves[SLAVE].cause == "killed"


def test_a_slave_that_never_ran_can_be_deleted() -> None:
    machines = Kept()
    machines.objects.make_slave(SLAVE)
    machines.objects.delete(SLAVE)
    assert machines.objects.slaves[SLAVE].deleting


def test_a_result_is_read_from_its_slave_unless_it_is_lost() -> None:
    """Before it is there or after."""
    for lost in ("never", "before", "after"):
        machines = Kept()
        objects = machines.objects
        objects.make_slave(SLAVE)
        machines.clock.run(1.0)
        if lost == "before":
            objects.lose_result(SLAVE)
        process = machines.processes[SLAVE]
        machines.clock.run(1.1)
        process.result = object()  # type: ignore[attr-defined]
        machines.crash(process)
        if lost == "after":
            objects.lose_result(SLAVE)
        assert (objects.slaves[SLAVE].result is None) == (lost != "never")


def test_orders_reach_masters_in_order_and_those_that_start_later_too() -> None:
    """However often they are told and however long that takes."""
    machines = Kept(steady=False, duplicates=0.5)
    objects = machines.objects
    told: list[tuple[str, int]] = []
    objects.make_master(MASTER)
    machines.clock.run(1.0)
    machines.processes[MASTER].orders = (  # type: ignore[attr-defined]
        lambda orders: told.append(("m0-1", orders.version))
    )
    for version in range(1, 20):
        objects.keep(msgspec.structs.replace(Orders(), version=version))
    objects.make_master(MasterId(1, 1))
    machines.clock.run(3.0)
    versions = [version for _, version in told]
    assert versions == sorted(versions)
    assert set(versions) == set(range(1, 20))
    assert len(versions) > 19
    late = machines.masters()[1]
    assert late.told_until > 1.0


def test_when_a_run_is_over_everybody_leaves_and_nobody_waits() -> None:
    """Whoever does not leave is killed."""
    machines = Kept()
    objects = machines.objects
    objects.make_master(MASTER)
    objects.make_slave(SLAVE)
    machines.clock.run(1.0)
    objects.make_room(Room.FULL)
    objects.make_master(MasterId(1, 1))
    machines.clock.run(2.0)
    machines.processes[MASTER].pause()
    objects.clear()
    assert objects.starting == 0
    machines.clock.run(9.0)
    assert not any(process.alive for process in machines.processes.values())
    objects.make_room(Room.ENOUGH)
    machines.clock.run(10.0)
    assert machines.masters() == []


def test_steady_surroundings_take_the_same_time_every_time() -> None:
    """The first master to be made is the first to be there."""
    machines = Kept()
    for place in (1, 0):
        machines.objects.make_master(MasterId(place, 1))
    machines.clock.run(0.1)
    assert list(machines.begun.items()) == [(MasterId(1, 1), 0.01), (MasterId(0, 1), 0.02)]


def test_the_ledger_begins_with_the_run() -> None:
    machines = Kept()
    assert machines.objects.ledger.times.started == 0.0
