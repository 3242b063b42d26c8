"""Processes that stand still or are slow, and are themselves again (simulation.faults.times)."""

import pytest
from disturbed import QUIET_FROM, dead, does, sending, told

from ringrun.simulation.faults.times import TIMES

KINDS = {fault.__name__: fault for fault, _ in TIMES}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_dead_are_neither_paused_nor_slow(name: str) -> None:
    assert not does(KINDS[name], dead())


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("seed", range(5))
def test_whoever_is_hit_is_known_as_disturbed_and_is_itself_again(name: str, seed: int) -> None:
    """The judge asks for that: who stood still may be late for its own deadlines."""
    world = sending()
    assert does(KINDS[name], world, seed)
    hit = {each.name for each in world.processes.values() if each.paused or each.cost}
    assert world.disturbed == hit
    assert len(hit) == len(told(world)) > 0
    world.clock.run(QUIET_FROM)
    assert not any(each.paused or each.cost for each in world.processes.values())


def test_two_pauses_of_one_process_end_with_the_later_one() -> None:
    world = sending()
    [name] = {each for each in world.processes if str(each) == "s1-1"}
    process = world.processes[name]
    process.pause()
    for seed in range(20):
        does(KINDS["_pause"], world, seed)
    assert process.paused > 1
    world.clock.run(QUIET_FROM)
    assert process.paused == 1


def test_a_slow_process_takes_more_than_a_message_takes_on_its_way() -> None:
    """From half of that to five times, so that messages pile up before it."""
    costs = set()
    for seed in range(30):
        world = sending()
        does(KINDS["_slow_node"], world, seed)
        costs |= {each.cost / world.case.delay for each in world.processes.values() if each.cost}
    assert {round(cost, 6) for cost in costs} == {0.5, 2.0, 5.0}
