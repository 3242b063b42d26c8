"""What only a supervisor can deal with: no masters, no record, lost results, its own restart."""

from random import Random
from typing import Final

from ringrun.simulation.faults.fault import Weighted, left, tell
from ringrun.simulation.world.objects import Room
from ringrun.simulation.world.world import World


def masters_gone(world: World, draw: Random) -> bool:
    """All masters die, and no others can be started for long; half of the time for ever."""
    objects = world.objects
    if objects.room is not Room.ENOUGH:
        return False
    room = draw.choice((Room.FULL, Room.BROKEN))
    if draw.random() < 0.5:
        duration = left(world, draw, 4.0)
        world.clock.after(duration, objects.make_room, Room.ENOUGH)
        tell(world, f"no masters for {duration:.3f}, {room}")
    else:
        tell(world, f"no masters any more, {room}")
    objects.make_room(room)
    for master in world.masters():
        world.crash(master)
    return True


def record_lost(world: World, draw: Random) -> bool:
    """The record is deleted under everybody's hands, in a cluster alone."""
    if world.record.lost or not world.case.can_lose_record:
        return False
    tell(world, "the record is lost")
    world.lose_record()
    return True


def results_lost(world: World, draw: Random) -> bool:
    """What some slaves leave on disk, or have left there, cannot be read by others."""
    slaves = [key for key in world.objects.slaves if key not in world.unreadable]
    if not slaves:
        return False
    for key in draw.sample(slaves, draw.randint(1, min(len(slaves), 2))):
        tell(world, f"the result of {key} is lost")
        world.objects.lose_result(key)
    return True


def supervisor_restart(world: World, draw: Random) -> bool:
    """It ends, and another begins with nothing but what was kept."""
    duration = left(world, draw, draw.choice((0.1, 1.0)))
    tell(world, f"supervisor restarts, {duration:.3f}")
    world.restart_supervisor(duration)
    return True


SUPERVISING: Final[Weighted] = (
    (masters_gone, 0.5),
    (record_lost, 0.15),
    (results_lost, 0.5),
    (supervisor_restart, 0.5),
)
