"""Processes that are killed or asked to leave, a supervisor that is away, a run that is aborted."""

from random import Random
from typing import Final

from ringrun.core.reason import Reason, Why
from ringrun.simulation.faults.fault import Weighted, left, tell
from ringrun.simulation.world.world import World


def crash_slave(world: World, draw: Random) -> bool:
    """Kill -9 of any slave."""
    slaves = world.slaves()
    if not slaves:
        return False
    world.crash(draw.choice(slaves))
    return True


def _crash_slaves(world: World, draw: Random) -> bool:
    slaves = world.slaves()
    if not slaves:
        return False
    # All at once ends the run; it has to be rare for others to be tried.
    most = len(slaves) if draw.random() < 0.1 else max(len(slaves) - 1, 1)
    for slave in draw.sample(slaves, draw.randint(1, most)):
        world.crash(slave)
    return True


def crash_leader(world: World, draw: Random) -> bool:
    """Kill -9 of whoever leads, or of another master."""
    leader = world.leader
    if leader is None:
        return _crash_master(world, draw)
    world.crash(leader)
    return True


def _crash_master(world: World, draw: Random) -> bool:
    masters = world.masters()
    if not masters:
        return False
    world.crash(draw.choice(masters))
    return True


def _crash_both(world: World, draw: Random) -> bool:
    return crash_leader(world, draw) | crash_slave(world, draw)


def _leave_slave(world: World, draw: Random) -> bool:
    """SIGTERM, as on the drain of a cluster node."""
    slaves = world.slaves()
    if not slaves:
        return False
    slave = draw.choice(slaves)
    tell(world, f"SIGTERM to {slave.name}")
    slave.call(slave.leave)
    return True


def _release_master(world: World, draw: Random) -> bool:
    """The same for a master, mostly the leading one."""
    masters = world.masters()
    if not masters:
        return False
    master = world.leader or draw.choice(masters)
    tell(world, f"SIGTERM to {master.name}")
    master.call(master.terminate)
    return True


def _supervisor_away(world: World, draw: Random) -> bool:
    """Nothing is replaced and no orders come meanwhile."""
    supervisor = world.supervisor
    if supervisor.away:
        return False
    duration = left(world, draw, 2.0)
    tell(world, f"supervisor away for {duration:.3f}")
    supervisor.away = True
    world.clock.after(duration, supervisor.back)
    return True


def _abort(world: World, draw: Random) -> bool:
    tell(world, "the run is aborted")
    world.supervisor.stop = Reason(Why.ABORTED)
    world.supervisor.look()
    return True


CRASHES: Final[Weighted] = (
    (crash_slave, 4),
    (_crash_slaves, 2),
    (crash_leader, 3),
    (_crash_master, 1),
    (_crash_both, 2),
    (_leave_slave, 1),
    (_release_master, 1),
    (_supervisor_away, 1),
    (_abort, 0.2),
)
