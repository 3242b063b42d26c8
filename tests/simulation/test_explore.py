"""Every order of a few messages, with one fault anywhere among them (simulation.explore)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ringrun.core.messages import Wedge
from ringrun.core.node import SlaveId
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.explore import Explored, explore
from ringrun.simulation.links import Lane
from ringrun.simulation.world.world import World
from ringrun.spec import FailurePolicy, Model

Fault = tuple[str, Callable[[World], None]]


def case_of(model: Model, nodes: int, rules: Rules = ALL_RULES) -> Case:
    spec = make_spec(
        nodes=nodes,
        model=model,
        send=0.3,
        grace=0.05,
        masters=1,
        policy=FailurePolicy.CONTINUE,
    )
    return Case(seed=0, spec=spec, rules=rules, steady=True, jitter=0.0)


def first_turn(world: World) -> bool:
    """The kickstart has arrived, and nothing is issued."""
    return any(slave.core.pending for slave in world.slaves())


class Wedging:
    """The last slave has died after two entries, and the leader has just sent its WEDGE."""

    def __call__(self, world: World) -> bool:
        last = world.processes.get(SlaveId(world.case.spec.nodes - 1, 1))
        if last is None:
            return False
        if last.alive:
            if world.count() >= 2:
                world.crash(last)
            return False
        return any(
            isinstance(getattr(event[2], "__self__", None), Lane) and isinstance(event[3][1], Wedge)
            for event in world.clock.pending
        )


def crash(ordinal: int) -> Fault:
    return f"crash {ordinal}", lambda world: world.crash(world.processes[SlaveId(ordinal, 1)])


def crash_leader() -> Fault:
    def fault(world: World) -> None:
        if world.leader is not None:
            world.crash(world.leader)

    return "crash leader", fault


def reset(one: int, other: int) -> Fault:
    return (
        f"reset {one}-{other}",
        lambda world: world.processes[SlaveId(one, 1)].links[SlaveId(other, 1)].reset(),
    )


def complain(explored: Explored) -> str:
    return "\n".join(f"{' '.join(way)}: {finding}" for way, finding in explored.findings[:3])


@pytest.mark.slow
@pytest.mark.parametrize("model", list(Model))
def test_two_slaves_in_every_order_with_one_fault(model: Model) -> None:
    """From the first turn on, each of the faults at each place."""
    explored = explore(
        case_of(model, 2),
        depth=4,
        faults=(crash(0), crash(1), crash_leader(), reset(0, 1)),
        begin=first_turn,
    )
    assert explored.complete
    assert explored.ends > 50
    assert not explored.findings, complain(explored)


@pytest.mark.slow
@pytest.mark.parametrize("model", list(Model))
def test_a_change_of_view_in_every_order(model: Model) -> None:
    """Three slaves, one of which has died; WEDGE, answers and data in any order."""
    explored = explore(case_of(model, 3), depth=8, begin=Wedging())
    assert explored.complete
    assert explored.ends > 30
    assert not explored.findings, complain(explored)


@pytest.mark.slow
@pytest.mark.parametrize("model", list(Model))
def test_a_change_of_view_with_one_more_fault(model: Model) -> None:
    """A survivor or the leader dies, or a connection ends, at any place of the change."""
    explored = explore(
        case_of(model, 3),
        depth=3,
        faults=(crash(0), crash(1), crash_leader(), reset(0, 1)),
        begin=Wedging(),
    )
    assert explored.complete
    assert explored.ends > 50
    assert not explored.findings, complain(explored)


def test_the_search_finds_what_a_rule_is_there_for() -> None:
    """Approval before confirmation needs one crash at the right place; the search has it."""
    rules = replace(ALL_RULES, confirmed_first=False)
    explored = explore(
        case_of(Model.LOCKSTEP, 3, rules), depth=3, faults=(crash(0),), begin=first_turn
    )
    assert explored.findings


def test_orders_that_differ_in_nothing_are_searched_once() -> None:
    """Two messages to two slaves: both orders are one."""
    explored = explore(case_of(Model.TRAIN, 2), depth=3, begin=first_turn)
    again = explore(case_of(Model.TRAIN, 2), depth=3, begin=first_turn)
    assert (explored.ends, explored.states) == (again.ends, again.states)
    assert explored.ends < explored.states
