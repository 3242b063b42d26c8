"""Connections that are reset, cut, slow, or on two sides of a partition."""

from random import Random
from typing import Final

from ringrun.simulation.faults.fault import Weighted, left, tell
from ringrun.simulation.links import Lane
from ringrun.simulation.world.world import World

# What is on its way when the faults stop arrives soon after.
_LONGEST_JITTER = 0.6


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
        tell(world, f"reset {link.dialler.name} - {link.accepter.name}")
        link.reset()
    return True


def _block(world: World, draw: Random, lanes: list[Lane], what: str) -> bool:
    if not lanes:
        return False
    duration = left(world, draw, draw.choice((0.2, 0.6, 1.5)))
    for lane in lanes:
        lane.blocked += 1
        world.clock.after(duration, lane.unblock)
    tell(world, f"{what} for {duration:.3f}")
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
    duration = left(world, draw, 1.0)
    jitter = min(usual * draw.choice((5.0, 20.0, 60.0)), _LONGEST_JITTER)
    for lanes in draw.sample(links, max(1, len(links) // 3)):
        lane = draw.choice(lanes)
        lane.jitter = jitter
        world.clock.after(duration, setattr, lane, "jitter", usual)
    tell(world, f"slow links for {duration:.3f}, up to {jitter:.3f} a message")
    return True


NETWORKS: Final[Weighted] = (
    (_reset, 4),
    (_partition, 3),
    (_cut_link, 3),
    (_slow_links, 2),
)
