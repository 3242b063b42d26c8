"""The judge: a good run is clean, and whatever is wrong with one is found (simulation.judge)."""

from dataclasses import replace

import msgspec
import pytest

from ringrun.core.node import MasterId, SlaveId
from ringrun.core.reason import Reason, Why
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.judge import judge
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.world.objects import Room
from ringrun.simulation.world.world import World


@pytest.fixture
def world() -> World:
    """A run of three slaves that nobody disturbed, at its end."""
    spec = make_spec(nodes=3, send=0.3, grace=0.1, masters=1)
    world = World(Case(seed=1, spec=spec, steady=True))
    while not world.over:
        world.clock.run(world.clock.now + 0.25)
    return world


def promises(world: World) -> set[str]:
    return {finding.promise for finding in judge(world)}


def test_a_good_run_is_clean(world: World) -> None:
    assert judge(world) == []


def test_whoever_still_runs_is_named(world: World) -> None:
    """Every process must end (G9); the report is not looked at before."""
    world.processes[SlaveId(1, 1)].alive = True
    [finding] = judge(world)
    assert finding.promise == "G9"
    assert "s1-1" in finding.text


def test_a_refusal_is_a_broken_promise(world: World) -> None:
    world.breaches.append("s0-1 refuses Wedge of m0-1: no reason")
    assert promises(world) == {"G7"}


def test_a_slave_that_was_in_a_view_must_not_fail(world: World) -> None:
    """One that no view ever had may exit 1: it was started too late."""
    world.exits.append(("s0-1", 1, "lost"))
    assert [str(finding) for finding in judge(world)] == ["end: s0-1 exited 1: lost"]
    slave = world.processes[SlaveId(0, 1)]
    assert isinstance(slave, SlaveProcess)
    slave.viewed = False
    assert judge(world) == []


def test_a_run_without_a_whole_report_has_not_ended_well(world: World) -> None:
    world.report.value = None
    assert "end" in promises(world)


def test_a_result_that_nobody_gave_is_found(world: World) -> None:
    """In the report, but not on that slave's disk (G11)."""
    del world.results[SlaveId(2, 1)]
    texts = [finding.text for finding in judge(world) if finding.promise == "G11"]
    assert any("s2-1 never gave" in text for text in texts)


def test_a_result_that_the_report_lacks_is_found(world: World) -> None:
    """It is on disk, so the report must have it (G10)."""
    document = world.report.value
    slaves = [slave for slave in document["slaves"] if slave["ordinal"] != 2]
    world.report.value = {**document, "slaves": slaves}
    assert "G10" in promises(world)


def test_agreement_that_the_results_do_not_show_is_found(world: World) -> None:
    """The verdict is Agreed, one result on disk is another (G11)."""
    node = SlaveId(0, 1)
    result = world.results[node]
    world.results[node] = msgspec.structs.replace(result, count=result.count + 1)
    assert any("the results say no" in finding.text for finding in judge(world))


def test_failure_that_the_results_do_not_show_is_found(world: World) -> None:
    world.report.value = {**world.report.value, "verdict": "Failed"}
    assert any("but all agree" in finding.text for finding in judge(world))


def test_a_journal_that_lacks_its_end_is_found(world: World) -> None:
    """The checker of real runs reads these journals too."""
    process = world.processes[SlaveId(0, 1)]
    process.journal = process.journal[:1]
    assert judge(world)


def test_only_who_was_disturbed_may_end_a_phase_late() -> None:
    """Whoever stood still at the end of SEND ended it late by its own clock (G6)."""
    spec = make_spec(nodes=3, send=0.5, grace=0.3, masters=1, heartbeat=0.3, suspect=0.9)
    world = World(Case(seed=1, spec=spec, steady=True))
    world.clock.run(0.7)
    slave = world.processes[SlaveId(1, 1)]
    slave.pause()
    world.clock.after(0.25, slave.resume)
    while not world.over:
        world.clock.run(world.clock.now + 0.25)
    assert [str(finding).split()[0] for finding in judge(world)] == ["G6:"]
    assert "[late]" in judge(world)[0].text
    world.disturbed.add("s1-1")
    assert judge(world) == []


def test_a_run_that_must_agree_after_its_faults_is_held_to_it(world: World) -> None:
    """G8: long after the last fault there is no excuse."""
    world.case = replace(world.case, wants_progress=True)
    world.report.value = {**world.report.value, "verdict": "Partial"}
    assert "G8" in promises(world)


# Reports without a master.


@pytest.fixture
def orphaned() -> World:
    """A run whose masters all went for good in SEND: its supervisor reported on it."""
    world = World(Case(seed=1, spec=make_spec(nodes=3, send=0.3, grace=0.1), steady=True))
    world.clock.run(0.5)
    world.objects.make_room(Room.BROKEN)
    for master in world.masters():
        world.crash(master)
    while not world.over:
        world.clock.run(world.clock.now + 0.25)
    return world


def say(world: World, **fields: object) -> None:
    world.report.value = {**world.report.value, **fields}


def test_a_good_report_without_a_master_is_clean(orphaned: World) -> None:
    """All results were there, and equal: it is Agreed, though nobody closed the run."""
    assert orphaned.whole_report is not None
    assert orphaned.whole_report["verdict"] == "Agreed"
    assert judge(orphaned) == []


def test_praise_with_a_result_lost_is_found(orphaned: World) -> None:
    """Nobody could read it, so nobody can say that all agree (G11)."""
    slaves = [slave for slave in orphaned.report.value["slaves"] if slave["ordinal"] != 1]
    orphaned.unreadable.add(SlaveId(1, 1))
    orphaned.objects.orders = msgspec.structs.replace(orphaned.objects.orders, results=())
    say(orphaned, slaves=slaves)
    assert promises(orphaned) == {"G11"}
    say(orphaned, verdict="Partial")
    assert promises(orphaned) == set()


def test_a_result_that_could_be_read_and_is_not_told_is_found(orphaned: World) -> None:
    """G10, of a supervisor as of a leader."""
    slaves = [slave for slave in orphaned.report.value["slaves"] if slave["ordinal"] != 1]
    say(orphaned, slaves=slaves, verdict="Partial")
    assert "G10" in promises(orphaned)


def test_praise_withheld_is_found(orphaned: World) -> None:
    """Unless the run was stopped or lost its record."""
    say(orphaned, verdict="Failed")
    assert promises(orphaned) == {"G11"}
    orphaned.record.lost = True
    orphaned.objects.ledger = replace(orphaned.objects.ledger, reported=Reason(Why.RECORD_LOST))
    assert promises(orphaned) == set()


@pytest.mark.parametrize("word", [Why.RECORD_LOST, Why.OVERDUE, Why.ABORTED, Why.START_DEADLINE])
def test_a_reason_that_is_not_so_is_found(orphaned: World, word: Why) -> None:
    """The record was not lost, nothing was late, nobody has stopped the run."""
    orphaned.objects.ledger = replace(orphaned.objects.ledger, reported=Reason(word))
    assert any("that is not so" in finding.text for finding in judge(orphaned))


def test_a_run_given_up_under_a_living_master_is_found(orphaned: World) -> None:
    """It would have reported (G9)."""
    orphaned.gone[MasterId(0, 1)] = 1e9
    assert {"G9", "G11"} <= promises(orphaned)
