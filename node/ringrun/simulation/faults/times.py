"""Processes that stand still or are slow, and so late for everybody."""

from random import Random
from typing import Final

from ringrun.simulation.faults.fault import Weighted, left, tell
from ringrun.simulation.process.process import Process
from ringrun.simulation.world.world import World


def _pause(world: World, draw: Random) -> bool:
    living = [process for process in world.processes.values() if process.alive]
    if not living:
        return False
    for process in draw.sample(living, min(len(living), draw.choice((1, 1, 2)))):
        duration = left(world, draw, draw.choice((0.05, 0.5, 2.0)))
        tell(world, f"pause {process.name} for {duration:.3f}")
        process.pause()
        world.clock.after(duration, process.resume)
        world.disturbed.add(process.name)
    return True


def _slow_node(world: World, draw: Random) -> bool:
    living: list[Process] = [process for process in world.processes.values() if process.alive]
    if not living:
        return False
    process = draw.choice(living)
    duration = left(world, draw, 1.0)
    process.cost += world.case.delay * draw.choice((0.5, 2.0, 5.0))
    tell(world, f"slow {process.name} for {duration:.3f}")
    world.clock.after(duration, _quick, process)
    world.disturbed.add(process.name)
    return True


def _quick(process: Process) -> None:
    process.cost = 0.0


TIMES: Final[Weighted] = ((_pause, 4), (_slow_node, 2))
