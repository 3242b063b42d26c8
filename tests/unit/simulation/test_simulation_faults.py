"""Faults: all of them end, whatever was drawn (simulation.faults)."""

from random import Random

import pytest

from ringrun.core.supervisor.patience import CLUSTER, LOCAL, Bounds
from ringrun.simulation.case import Case, Profile, draw, make_spec
from ringrun.simulation.faults.plan import KINDS, plan
from ringrun.simulation.faults.supervising import record_lost
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


@pytest.mark.parametrize(("bounds", "lost"), [(LOCAL, False), (CLUSTER, True)])
def test_only_a_cluster_loses_its_record(bounds: Bounds, lost: bool) -> None:
    """A local supervisor cannot tell a record that is gone from one that was never written."""
    world = World(Case(seed=1, spec=make_spec(), bounds=bounds))
    assert record_lost(world, Random(1)) is lost
    assert world.record.lost is lost
