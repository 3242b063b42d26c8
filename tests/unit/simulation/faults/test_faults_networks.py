"""Faults of the network: which ways they hit, and for how long (simulation.faults.networks)."""

import pytest
from disturbed import QUIET_FROM, dead, does, sending, told

from ringrun.simulation.faults.networks import NETWORKS
from ringrun.simulation.links import Lane
from ringrun.simulation.world.world import World

KINDS = {fault.__name__: fault for fault, _ in NETWORKS}


def lanes(world: World) -> set[Lane]:
    return {
        lane
        for process in world.processes.values()
        for link in process.links.values()
        for lane in link.lanes
    }


def blocked(world: World) -> set[tuple[str, str]]:
    """Ways that are cut, from whom to whom."""
    return {(lane.sender.name, lane.receiver.name) for lane in lanes(world) if lane.blocked}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_where_everybody_is_dead_there_is_no_network(name: str) -> None:
    assert not does(KINDS[name], dead())


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"_reset"}))
@pytest.mark.parametrize("seed", range(5))
def test_a_fault_that_begins_at_the_very_end_is_over_at_once(name: str, seed: int) -> None:
    """None lasts beyond the quiet, whatever was drawn."""
    world = sending()
    world.clock.run(QUIET_FROM - 0.001)
    assert does(KINDS[name], world, seed)
    world.clock.run(QUIET_FROM)
    assert blocked(world) == set()
    assert {lane.jitter for lane in lanes(world)} == {world.case.jitter}


def test_a_reset_ends_connections_that_are_dialled_again() -> None:
    """Those that live: what is down already cannot be reset."""
    world = sending()
    before = {lane.link for lane in lanes(world) if lane.link.live}
    assert does(KINDS["_reset"], world)
    ended = {link for link in before if not link.live}
    assert len(ended) == len(told(world)) > 0
    for link in before:
        link.reset()
    assert not does(KINDS["_reset"], world)
    world.clock.run(world.clock.now + 0.2)
    assert does(KINDS["_reset"], world)


def test_a_partition_is_between_two_sides_and_within_neither() -> None:
    """In both directions, or in one."""
    directions = set()
    for seed in range(20):
        world = sending()
        assert does(KINDS["_partition"], world, seed)
        [line] = told(world)
        words = line.split()
        apart = set(words[3 : words.index("for")])
        cut = blocked(world)
        assert cut
        assert all((one in apart) != (other in apart) for one, other in cut)
        both = cut == {(other, one) for one, other in cut}
        assert both == (words[2] == "around")
        if not both:
            assert {one for one, _ in cut} <= apart
        directions.add(words[2])
    assert directions == {"from", "around"}


def test_one_alone_is_no_partition() -> None:
    world = sending()
    world.supervisor.away = True
    for process in [*world.processes.values()][1:]:
        world.crash(process)
    assert not does(KINDS["_partition"], world)


def test_a_cut_is_of_one_link() -> None:
    """One of its directions, or both."""
    found = set()
    for seed in range(20):
        world = sending()
        assert does(KINDS["_cut_link"], world, seed)
        cut = blocked(world)
        assert len({frozenset(way) for way in cut}) == 1
        found.add(len(cut))
    assert found == {1, 2}


def test_what_is_blocked_twice_is_open_when_both_have_ended() -> None:
    """The one that ends first opens nothing."""
    world = sending()
    [lane, *_] = (lane for lane in lanes(world) if lane.link.live)
    lane.blocked += 1
    for seed in range(30):
        does(KINDS["_partition"], world, seed)
    world.clock.run(QUIET_FROM)
    assert blocked(world) == {(lane.sender.name, lane.receiver.name)}
    assert lane.blocked == 1


def test_a_slow_link_is_not_made_slower_and_none_loses_its_order_for_long() -> None:
    """A message comes within 0.6 s of its usual time."""
    world = sending(jitter=0.05)
    usual = world.case.jitter
    for seed in range(20):
        does(KINDS["_slow_links"], world, seed)
    slow = [lane for lane in lanes(world) if lane.jitter != usual]
    assert slow
    assert all(usual < lane.jitter <= 0.6 for lane in slow)
    assert all(lane.back.jitter == usual for lane in slow)
