"""What only a supervisor can deal with, done to it (simulation.faults.supervising)."""

import pytest
from disturbed import QUIET_FROM, dead, does, sending, told

from ringrun.core.supervisor.patience import CLUSTER, LOCAL, Bounds
from ringrun.simulation.faults.supervising import (
    masters_gone,
    record_lost,
    results_lost,
    supervisor_restart,
)
from ringrun.simulation.world.objects import Room


@pytest.mark.parametrize(("bounds", "lost"), [(LOCAL, False), (CLUSTER, True)])
def test_only_a_cluster_loses_its_record(bounds: Bounds, lost: bool) -> None:
    """A local supervisor cannot tell a record that is gone from one that was never written."""
    world = sending(bounds=bounds)
    assert does(record_lost, world) is lost
    assert world.record.lost is lost


def test_a_record_is_lost_once() -> None:
    world = sending(bounds=CLUSTER)
    assert does(record_lost, world)
    assert not does(record_lost, world)


def test_all_masters_go_and_come_back_in_time_or_never() -> None:
    """Whether they wait for room or cannot start; while there is none they do not go again."""
    ends = set()
    for seed in range(16):
        world = sending()
        assert does(masters_gone, world, seed)
        room = world.objects.room
        assert world.masters() == []
        assert not does(masters_gone, world, seed)
        world.clock.run(QUIET_FROM)
        ends.add((room, world.objects.room is Room.ENOUGH))
        assert (world.objects.room is Room.ENOUGH) == ("any more" not in told(world)[0])
    assert ends == {(room, back) for room in (Room.FULL, Room.BROKEN) for back in (True, False)}


def test_results_are_lost_of_those_who_were_made_and_of_each_once() -> None:
    """Also before there is one, and of the dead."""
    world = dead()
    while does(results_lost, world):
        pass
    assert world.unreadable == set(world.objects.slaves)
    assert len(told(world)) == len(world.objects.slaves) == 3


def test_another_supervisor_takes_over_within_time() -> None:
    """The one before does nothing any more; slaves that died meanwhile are replaced."""
    world = sending()
    before = world.supervisor
    assert does(supervisor_restart, world)
    assert before.dead
    assert world.supervisor is not before
    assert world.supervisor.away
    world.crash(world.slaves()[0])
    world.clock.run(world.clock.now + 2.0)
    assert not world.supervisor.away
    assert len(world.slaves()) == 3
