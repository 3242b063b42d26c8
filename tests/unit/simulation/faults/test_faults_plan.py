"""Faults: all of them end, whatever was drawn (simulation.faults.plan)."""

import re
from pathlib import Path
from typing import Any

import pytest

from ringrun.simulation.case import Case, Profile, draw, make_spec
from ringrun.simulation.faults.plan import FAULTS_OF, KINDS, plan
from ringrun.simulation.telling.telling import Telling
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.world import World


@pytest.mark.parametrize("profile", list(Profile))
def test_after_the_last_fault_all_is_healed(profile: Profile) -> None:
    """No way is blocked or slow, nobody is paused, the stores answer, the supervisor is back."""
    happened = 0
    for seed in range(15):
        world = World(draw(seed, profile))
        plan(world)
        world.clock.run(world.case.quiet_from + 1e-6)
        assert world.calm
        assert not world.supervisor.away
        for process in world.processes.values():
            assert (process.paused, process.cost) == (0, 0.0)
            for link in process.links.values():
                assert [(lane.blocked, lane.jitter) for lane in link.lanes] == [
                    (0, world.case.jitter)
                ] * 2
        for master in world.masters():
            assert not master.record.troubles
            assert not master.report.troubles
        happened += world.faults
    assert (happened > 0) == (profile is not Profile.NONE)


def test_every_profile_has_its_faults_and_all_has_every_kind() -> None:
    every = {fault for fault, _ in KINDS[Profile.ALL]}
    for profile in Profile:
        kinds = [fault for fault, _ in KINDS[profile]]
        assert len(kinds) == len(set(kinds))
        assert set(kinds) <= every


def sending(**given: Any) -> World:
    spec = make_spec(nodes=3, send=10.0)
    return World(Case(seed=3, spec=spec, faults_from=1.0, quiet_from=3.0, **given), Trace())


def faults_of(world: World) -> list[str]:
    assert world.trace is not None
    return [line for line in world.trace.lines if "FAULT" in line or "faults stop" in line]


def test_faults_happen_between_their_begin_and_their_end_and_are_counted() -> None:
    """Those that come in pairs come soon after another, and not after the end either."""
    world = sending(profile=Profile.NETWORK, fault_count=40)
    plan(world)
    world.clock.run(1.0 - 1e-6)
    assert world.faults == 0
    world.clock.run(3.0)
    happened = world.faults
    assert happened > 0
    assert faults_of(world)[-1].endswith("faults stop")
    world.clock.run(6.0)
    assert world.faults == happened


def test_which_faults_there_are_is_drawn_from_the_seed_alone() -> None:
    one, other = (sending(profile=Profile.ALL, fault_count=8) for _ in range(2))
    for world in (one, other):
        plan(world)
        world.clock.run(3.0)
    assert faults_of(one) == faults_of(other)
    assert len(faults_of(one)) > 1


def test_a_run_that_is_told_says_beforehand_what_will_go_wrong() -> None:
    """And when a fault found nobody to do it to."""
    spec = make_spec(nodes=3, send=10.0)
    telling = Telling()
    case = Case(
        seed=3, spec=spec, faults_from=1.0, quiet_from=3.0, profile=Profile.CRASH, fault_count=8
    )
    world = World(case, Trace(telling=telling))
    world.supervisor.away = True
    plan(world)
    for process in [*world.processes.values()]:
        world.crash(process)
    world.clock.run(3.0)
    lines = [line.text for line in telling.lines()]
    assert any(line.startswith("faults ") and " at 1." in line for line in lines)
    assert any("nobody to do it to" in line for line in lines)


def test_every_profile_is_told_as_the_page_has_it() -> None:
    page = (Path(__file__).parents[4] / "docs" / "simulation.md").read_text()
    _, _, table = page.partition("| profile | faults |\n")
    rows = re.findall(r"^\| (\w+) \| (.+) \|$", table.partition("\n\n")[0], re.MULTILINE)
    assert rows == [(str(profile), FAULTS_OF[profile]) for profile in Profile]


def test_a_case_without_faults_is_calm_from_its_quiet_on() -> None:
    world = sending(profile=Profile.ALL, fault_count=0)
    plan(world)
    world.clock.run(2.9)
    assert not world.calm
    world.clock.run(3.0)
    assert world.calm
    assert world.faults == 0
