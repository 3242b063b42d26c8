"""Runs that a supervisor gives up: how they end, and that other bounds would be found out."""

from dataclasses import replace
from pathlib import Path

import pytest

from ringrun.core.supervisor.masters import PROCESSES
from ringrun.core.supervisor.patience import CLUSTER, LOCAL, Bounds
from ringrun.simulation.case import Profile, draw
from ringrun.simulation.faults.plan import plan
from ringrun.simulation.finish import Outcome, finish
from ringrun.simulation.script.script import Script
from ringrun.simulation.world.world import World

SCENARIOS = Path(__file__).parent / "scenarios"


def gone(bounds: Bounds, *, reads_disk: bool) -> Outcome:
    """All masters are gone in SEND, and the supervisor has these bounds."""
    script = Script((SCENARIOS / "all_masters_gone.txt").read_text())
    world = script.world
    world.case = replace(world.case, bounds=bounds, reads_disk=reads_disk)
    return script.run()


@pytest.mark.parametrize(("bounds", "reads_disk"), [(LOCAL, True), (CLUSTER, False)])
def test_slaves_without_a_master_are_waited_for(bounds: Bounds, reads_disk: bool) -> None:
    """In a local run and in a cluster all results are found, and they agree."""
    outcome = gone(bounds, reads_disk=reads_disk)
    assert (outcome.verdict, outcome.findings) == ("Agreed", ())


def test_not_to_wait_for_them_is_found() -> None:
    """Results that can be read a moment later are in no report, and praise is withheld."""
    outcome = gone(replace(CLUSTER, orphans=0.0), reads_disk=False)
    assert {finding.promise for finding in outcome.findings} >= {"G10", "G11"}


def test_both_kinds_of_supervisor_are_drawn() -> None:
    """That of a local run, and the operator."""
    cases = [draw(seed, Profile.SUPERVISOR) for seed in range(100)]
    assert {(case.bounds, case.reads_disk) for case in cases} == {(LOCAL, True), (CLUSTER, False)}


def test_random_runs_find_a_supervisor_that_does_not_wait() -> None:
    """Without a scenario too."""
    found = False
    for seed in range(150):
        case = draw(seed, Profile.SUPERVISOR)
        hasty = replace(CLUSTER, orphans=0.0)
        world = World(replace(case, bounds=hasty, reads_disk=False, delays=PROCESSES))
        plan(world)
        found |= bool(finish(world).findings)
    assert found


def test_given_up_runs_are_among_the_random_ones() -> None:
    """For every reason that a supervisor has of its own, but for the one that takes 330 s."""
    reasons = set()
    for seed in range(150):
        world = World(draw(seed, Profile.SUPERVISOR))
        plan(world)
        finish(world)
        if world.objects.ledger.reported is not None:
            reasons.add(world.objects.ledger.reported.word.value)
    assert reasons >= {"RecordLost", "NoMasterLeft", "NoSlaveLeft"}
