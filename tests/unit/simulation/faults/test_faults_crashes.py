"""Crashes and partings: who is hit, and what becomes of it (simulation.faults.crashes)."""

import pytest
from disturbed import QUIET_FROM, dead, does, sending, told

from ringrun.core.reason import Reason, Why
from ringrun.simulation.faults.crashes import CRASHES, crash_leader, crash_slave
from ringrun.simulation.faults.fault import Fault

KINDS = {fault.__name__: fault for fault, _ in CRASHES}
NEED_SOMEBODY = sorted(set(KINDS) - {"_abort", "_supervisor_away"})


def test_a_slave_is_killed_and_no_master() -> None:
    world = sending()
    assert does(crash_slave, world)
    assert (len(world.slaves()), len(world.masters())) == (2, 2)


def test_the_leader_is_the_one_that_dies() -> None:
    world = sending()
    leader = world.leader
    assert leader is not None
    assert does(crash_leader, world)
    assert not leader.alive
    assert len(world.masters()) == 1


def test_where_nobody_leads_another_master_dies() -> None:
    """Between two leaders it is a standby that is hit."""
    world = sending()
    assert does(crash_leader, world)
    assert world.leader is None
    assert does(crash_leader, world)
    assert world.masters() == []


@pytest.mark.parametrize("name", NEED_SOMEBODY)
def test_where_everybody_is_dead_nothing_happens(name: str) -> None:
    """It is no fault then, and is not counted as one."""
    assert not does(KINDS[name], dead())


def test_both_is_one_fault_even_where_only_one_was_left() -> None:
    world = sending()
    for master in world.masters():
        world.crash(master)
    assert does(KINDS["_crash_both"], world)
    assert len(world.slaves()) == 2


def test_many_slaves_at_once_mostly_leave_one() -> None:
    """All at once ends the run, so it is rare; it is tried all the same."""
    left = []
    for seed in range(50):
        world = sending()
        does(KINDS["_crash_slaves"], world, seed)
        left.append(len(world.slaves()))
    assert set(left) == {0, 1, 2}
    assert left.count(0) < 5


@pytest.mark.parametrize(("name", "who"), [("_leave_slave", "s"), ("_release_master", "m")])
def test_whoever_is_asked_to_leave_is_not_killed(name: str, who: str) -> None:
    """It ends by itself, in order: its exit is told, and its code is 0."""
    world = sending()
    assert does(KINDS[name], world)
    assert told(world)[0].startswith(f"FAULT SIGTERM to {who}")
    world.clock.run(world.clock.now + 1.0)
    [(left, code, reason)] = world.exits
    assert (left[0], code, reason) == (who, 0, "")
    assert world.gone.keys() == {key for key, each in world.processes.items() if each.name == left}


def test_of_masters_it_is_the_leader_that_is_asked_to_leave() -> None:
    """A standby only where nobody leads."""
    for seed in range(5):
        world = sending()
        leader = world.leader
        assert leader is not None
        assert does(KINDS["_release_master"], world, seed)
        assert told(world) == [f"FAULT SIGTERM to {leader.name}"]


def test_a_supervisor_that_is_away_replaces_nobody_until_it_is_back() -> None:
    """At the latest when all faults end; it goes away only once at a time."""
    away = KINDS["_supervisor_away"]
    world = sending()
    assert does(away, world)
    assert not does(away, world)
    world.crash(world.slaves()[0])
    seconds = float(told(world)[0].split()[-1])
    world.clock.run(world.clock.now + seconds - 0.01)
    assert len(world.slaves()) == 2
    world.clock.run(QUIET_FROM)
    assert len(world.slaves()) == 3


def test_an_aborted_run_is_told_to_its_supervisor() -> None:
    world = sending()
    assert does(KINDS["_abort"], world)
    world.clock.run(world.clock.now + 0.5)
    assert world.record.value.stop_reason == Reason(Why.ABORTED)


def test_the_same_draw_hits_the_same() -> None:
    """A seed is the same run every time."""

    def hit(fault: Fault) -> list[str]:
        world = sending()
        assert does(fault, world, 5)
        dead = [process.name for process in world.processes.values() if not process.alive]
        return told(world) + dead

    for fault in KINDS.values():
        assert hit(fault) == hit(fault) != []
