"""Faults, drawn from the case's seed and done to a world at their time.

Which fault and when is drawn before the run starts; whom it hits is drawn when it happens, among
those who live then. All stop at `case.quiet_from`. Called by `run`.
"""

from random import Random
from typing import Final

from ringrun.simulation.case import Profile
from ringrun.simulation.faults.crashes import CRASHES, crash_leader, crash_slave
from ringrun.simulation.faults.fault import Fault, Weighted, called
from ringrun.simulation.faults.networks import NETWORKS
from ringrun.simulation.faults.records import RECORDS
from ringrun.simulation.faults.supervising import SUPERVISING
from ringrun.simulation.faults.times import TIMES
from ringrun.simulation.world.world import World

KINDS: Final[dict[Profile, Weighted]] = {
    Profile.NONE: (),
    Profile.CRASH: CRASHES,
    Profile.NETWORK: NETWORKS,
    # Trouble with the record shows when somebody wants to write it.
    Profile.RECORD: (*RECORDS, (crash_slave, 2), (crash_leader, 2)),
    Profile.CLOCK: TIMES,
    Profile.SUPERVISOR: (*SUPERVISING, (crash_slave, 0.5), (crash_leader, 0.5)),
    Profile.ALL: (*CRASHES, *NETWORKS, *TIMES, *RECORDS, *SUPERVISING),
}

FAULTS_OF: Final[dict[Profile, str]] = {
    Profile.NONE: "none; delays and orders are drawn all the same",
    Profile.CRASH: "kill -9 of slaves and masters, several at once too; SIGTERM; an absent "
    "supervisor; aborts",
    Profile.NETWORK: "resets, partitions (also of one direction), slow links, commands that arrive "
    "twice",
    Profile.RECORD: "record and report unreachable, refusing, slow, late, answering nobody; some "
    "crashes",
    Profile.CLOCK: "pauses, slow nodes, clocks that run up to 10 % too fast or too slow",
    Profile.SUPERVISOR: "no masters for long or for ever; the record lost; results lost on disk; a "
    "supervisor that starts again from its objects alone; some crashes",
    Profile.ALL: "all of these",
}
"""The same in words, as `--faults help` lists them."""


def plan(world: World) -> None:
    """Have the case's faults happen in this world."""
    case = world.case
    draw = Random(f"faults {case.seed} {case.profile}")
    kinds = KINDS[case.profile]
    weights = [weight for _, weight in kinds]
    clock = world.clock
    # Half of them come in pairs, since many a failure needs a second one at the wrong moment.
    time = 0.0
    planned = []
    for number in range(case.fault_count):
        if number % 2 and draw.random() < 0.5:
            time += draw.random() * 0.3
        else:
            time = draw.uniform(case.faults_from, case.quiet_from)
        if time < case.quiet_from:
            ((kind, _),) = draw.choices(kinds, weights)
            clock.at(time, _happen, world, Random(f"{case.seed} {number}"), kind)
            planned.append((time, called(kind)))
    clock.at(case.quiet_from, _calm, world)
    if world.trace is not None:
        world.trace.planned(planned)


def _happen(world: World, draw: Random, kind: Fault) -> None:
    if kind(world, draw):
        world.faults += 1
    elif world.trace is not None:
        world.trace.spared(called(kind))


def _calm(world: World) -> None:
    world.calm = True
    if world.trace is not None:
        world.trace.calm()
