"""A run in SEND, to be disturbed by hand: for the tests of single faults."""

from random import Random
from typing import Any

from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.faults.fault import Fault
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.world import World

QUIET_FROM = 5.0


def sending(**given: Any) -> World:
    """Three slaves and two masters at 0.6 s; all faults are to end at `QUIET_FROM`."""
    spec = make_spec(nodes=3, send=10.0, masters=2)
    case = Case(seed=1, spec=spec, steady=True, quiet_from=QUIET_FROM, **given)
    world = World(case, Trace(every=False))
    world.clock.run(0.6)
    assert world.sending
    return world


def dead() -> World:
    """The same after everybody died, with nobody to start others."""
    world = sending()
    world.supervisor.away = True
    for process in [*world.processes.values()]:
        world.crash(process)
    return world


def does(fault: Fault, world: World, seed: int = 1) -> bool:
    """Whether there was anybody to do it to."""
    return fault(world, Random(seed))


def told(world: World) -> list[str]:
    """What the transcript says of faults."""
    assert world.trace is not None
    return [line[11:] for line in world.trace.lines if "FAULT" in line]
