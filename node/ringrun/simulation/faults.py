"""Faults, drawn from the case's seed and done to a world at their time.

Which fault and when is drawn before the run starts; whom it hits is drawn when it happens, among
those who live then. All stop at `case.quiet_from`. Kinds by profile are in `KINDS`.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from ringrun.core.supervisor.roster import ABORTED
from ringrun.simulation.case import Profile
from ringrun.simulation.links import Lane
from ringrun.simulation.processes import Process
from ringrun.simulation.stores import Trouble
from ringrun.simulation.world import World

# What is on its way when the faults stop arrives soon after.
_LONGEST_JITTER = 0.6


def plan(world: World) -> None:
    """Have the case's faults happen in this world."""
    case = world.case
    draw = Random(f"faults {case.seed} {case.profile}")
    kinds = KINDS[case.profile]
    weights = [weight for _, weight in kinds]
    clock = world.clock
    # Half of them come in pairs, since many a failure needs a second one at the wrong moment.
    time = 0.0
    for number in range(case.fault_count):
        if number % 2 and draw.random() < 0.5:
            time += draw.random() * 0.3
        else:
            time = draw.uniform(case.faults_from, case.quiet_from)
        if time < case.quiet_from:
            ((kind, _),) = draw.choices(kinds, weights)
            clock.at(time, _happen, world, Random(f"{case.seed} {number}"), kind)
    clock.at(case.quiet_from, _calm, world)


def _happen(world: World, draw: Random, kind: "Kind") -> None:
    if kind(world, draw):
        world.faults += 1


def _calm(world: World) -> None:
    world.calm = True
    if world.trace is not None:
        world.trace.happened("faults stop")


def _left(world: World, draw: Random, longest: float) -> float:
    """A duration that ends before the quiet."""
    most = min(longest, world.case.quiet_from - world.clock.now)
    return max(most, 0.0) * draw.random()


def _tell(world: World, text: str) -> None:
    if world.trace is not None:
        world.trace.happened(f"FAULT {text}")


# Crashes.


def _crash_slave(world: World, draw: Random) -> bool:
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


def _crash_leader(world: World, draw: Random) -> bool:
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
    return _crash_leader(world, draw) | _crash_slave(world, draw)


def _leave_slave(world: World, draw: Random) -> bool:
    """SIGTERM, as on the drain of a cluster node."""
    slaves = world.slaves()
    if not slaves:
        return False
    slave = draw.choice(slaves)
    _tell(world, f"SIGTERM to {slave.name}")
    slave.call(slave.leave)
    return True


def _release_master(world: World, draw: Random) -> bool:
    """The same for a master, mostly the leading one."""
    masters = world.masters()
    if not masters:
        return False
    master = world.leader or draw.choice(masters)
    _tell(world, f"SIGTERM to {master.name}")
    master.call(master.terminate)
    return True


def _supervisor_away(world: World, draw: Random) -> bool:
    """Nothing is replaced and no orders come meanwhile."""
    supervisor = world.supervisor
    if supervisor.away:
        return False
    duration = _left(world, draw, 2.0)
    _tell(world, f"supervisor away for {duration:.3f}")
    supervisor.away = True
    world.clock.after(duration, supervisor.back)
    return True


def _abort(world: World, draw: Random) -> bool:
    _tell(world, "the run is aborted")
    world.supervisor.stop = ABORTED
    world.supervisor.look()
    return True


# Networks.


def _links(world: World) -> list[tuple[Lane, ...]]:
    """The lanes of every link between two living processes, in the order of their making."""
    return [
        link.lanes
        for process in world.processes.values()
        if process.alive
        for link in process.links.values()
        if link.dialler is process and link.accepter.alive
    ]


def _reset(world: World, draw: Random) -> bool:
    links = [lanes for lanes in _links(world) if lanes[0].link.live]
    if not links:
        return False
    for lanes in draw.sample(links, min(len(links), draw.choice((1, 1, 1, 2, 3)))):
        link = lanes[0].link
        _tell(world, f"reset {link.dialler.name} - {link.accepter.name}")
        link.reset()
    return True


def _block(world: World, draw: Random, lanes: list[Lane], what: str) -> bool:
    if not lanes:
        return False
    duration = _left(world, draw, draw.choice((0.2, 0.6, 1.5)))
    for lane in lanes:
        lane.blocked += 1
        world.clock.after(duration, lane.unblock)
    _tell(world, f"{what} for {duration:.3f}")
    return True


def _partition(world: World, draw: Random) -> bool:
    """Some processes against the others; one time in three only one direction."""
    living = [process for process in world.processes.values() if process.alive]
    if len(living) < 2:
        return False
    apart = draw.sample(living, draw.randint(1, len(living) // 2))
    lanes: list[Lane] = []
    one_way = draw.random() < 0.33
    for here in apart:
        for there in living:
            if there not in apart:
                both = world.lanes(here, there)
                lanes.extend(both[:1] if one_way else both)
    names = " ".join(process.name for process in apart)
    return _block(world, draw, lanes, f"partition {'from' if one_way else 'around'} {names}")


def _cut_link(world: World, draw: Random) -> bool:
    links = _links(world)
    if not links:
        return False
    lanes = draw.choice(links)
    chosen = list(lanes) if draw.random() < 0.5 else [draw.choice(lanes)]
    names = " ".join(f"{lane.sender.name}>{lane.receiver.name}" for lane in chosen)
    return _block(world, draw, chosen, f"cut {names}")


def _slow_links(world: World, draw: Random) -> bool:
    usual = world.case.jitter
    links = [lanes for lanes in _links(world) if all(lane.jitter == usual for lane in lanes)]
    if not links:
        return False
    duration = _left(world, draw, 1.0)
    jitter = min(usual * draw.choice((5.0, 20.0, 60.0)), _LONGEST_JITTER)
    for lanes in draw.sample(links, max(1, len(links) // 3)):
        lane = draw.choice(lanes)
        lane.jitter = jitter
        world.clock.after(duration, setattr, lane, "jitter", usual)
    _tell(world, f"slow links for {duration:.3f}, up to {jitter:.3f} a message")
    return True


# Time.


def _pause(world: World, draw: Random) -> bool:
    living = [process for process in world.processes.values() if process.alive]
    if not living:
        return False
    for process in draw.sample(living, min(len(living), draw.choice((1, 1, 2)))):
        duration = _left(world, draw, draw.choice((0.05, 0.5, 2.0)))
        _tell(world, f"pause {process.name} for {duration:.3f}")
        process.pause()
        world.clock.after(duration, process.resume)
        world.disturbed.add(process.name)
    return True


def _slow_node(world: World, draw: Random) -> bool:
    living: list[Process] = [process for process in world.processes.values() if process.alive]
    if not living:
        return False
    process = draw.choice(living)
    duration = _left(world, draw, 1.0)
    process.cost += world.case.delay * draw.choice((0.5, 2.0, 5.0))
    _tell(world, f"slow {process.name} for {duration:.3f}")
    world.clock.after(duration, _quick, process)
    world.disturbed.add(process.name)
    return True


def _quick(process: Process) -> None:
    process.cost = 0.0


# The record.


def _trouble(world: World, draw: Random) -> bool:
    masters = world.masters()
    if not masters:
        return False
    leader = world.leader
    chosen = draw.choice((masters, [draw.choice(masters)], [leader] if leader else masters))
    trouble = draw.choice(tuple(Trouble))
    stores = draw.choice((("record",), ("record",), ("record", "report"), ("report",)))
    duration = _left(world, draw, draw.choice((0.3, 1.0, 3.0)))
    for master in chosen:
        for name in stores:
            troubles = master.record.troubles if name == "record" else master.report.troubles
            troubles.append(trouble)
            world.clock.after(duration, troubles.remove, trouble)
    names = " ".join(master.name for master in chosen)
    _tell(world, f"{' and '.join(stores)} {trouble} for {names}, {duration:.3f}")
    return True


Kind = Callable[[World, Random], bool]

_CRASHES: Final[tuple[tuple[Kind, float], ...]] = (
    (_crash_slave, 4),
    (_crash_slaves, 2),
    (_crash_leader, 3),
    (_crash_master, 1),
    (_crash_both, 2),
    (_leave_slave, 1),
    (_release_master, 1),
    (_supervisor_away, 1),
    (_abort, 0.2),
)
_NETWORK: Final[tuple[tuple[Kind, float], ...]] = (
    (_reset, 4),
    (_partition, 3),
    (_cut_link, 3),
    (_slow_links, 2),
)
_TIME: Final[tuple[tuple[Kind, float], ...]] = ((_pause, 4), (_slow_node, 2))
_RECORD: Final[tuple[tuple[Kind, float], ...]] = ((_trouble, 6),)

KINDS: Final[dict[Profile, tuple[tuple[Kind, float], ...]]] = {
    Profile.NONE: (),
    Profile.CRASH: _CRASHES,
    Profile.NETWORK: _NETWORK,
    # Trouble with the record shows when somebody wants to write it.
    Profile.RECORD: (*_RECORD, (_crash_slave, 2), (_crash_leader, 2)),
    Profile.CLOCK: _TIME,
    Profile.ALL: (*_CRASHES, *_NETWORK, *_TIME, *_RECORD),
}
