"""Trouble with the stores: whose it is, and that it ends (simulation.faults.records)."""

import pytest
from disturbed import QUIET_FROM, dead, does, sending, told

from ringrun.simulation.faults.records import RECORDS
from ringrun.simulation.stores import Trouble

[(trouble, _)] = RECORDS


def test_without_a_master_there_is_no_trouble() -> None:
    assert not does(trouble, dead())


def test_of_every_kind_there_is_some_for_one_for_the_leader_and_for_all() -> None:
    """Of the record, of the report, or of both."""
    kinds, stores, whose = set(), set(), set()
    for seed in range(30):
        world = sending()
        assert does(trouble, world, seed)
        record = {master.name for master in world.masters() if master.record.troubles}
        report = {master.name for master in world.masters() if master.report.troubles}
        assert record in (report, set()) or not report
        stores.add((bool(record), bool(report)))
        whose.add(frozenset(record | report))
        kinds.update(
            each
            for master in world.masters()
            for each in master.record.troubles + master.report.troubles
        )
    assert kinds == set(Trouble)
    assert stores == {(True, False), (False, True), (True, True)}
    assert whose == {frozenset(names) for names in (["m0-1"], ["m1-1"], ["m0-1", "m1-1"])}


@pytest.mark.parametrize("seed", range(10))
def test_trouble_of_the_last_moment_is_over_when_the_faults_are(seed: int) -> None:
    world = sending()
    world.clock.run(QUIET_FROM - 0.001)
    assert does(trouble, world, seed)
    world.clock.run(QUIET_FROM)
    assert not any(master.record.troubles or master.report.troubles for master in world.masters())


def test_troubles_that_overlap_end_each_for_itself() -> None:
    """The first end must not heal what came after."""
    world = sending()
    master = world.masters()[0]
    master.record.troubles.append(Trouble.SLOW)
    for seed in range(30):
        does(trouble, world, seed)
    world.clock.run(QUIET_FROM)
    assert master.record.troubles == [Trouble.SLOW]


def test_what_is_wrong_and_for_whom_is_told() -> None:
    world = sending()
    assert does(trouble, world, 2)
    [line] = told(world)
    [kind] = {
        each
        for master in world.masters()
        for each in master.record.troubles + master.report.troubles
    }
    assert f" {kind} for m" in line
