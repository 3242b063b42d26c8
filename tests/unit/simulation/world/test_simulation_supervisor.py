"""The supervisor of the simulation: what it has done, and when (simulation.world.supervisor)."""

from dataclasses import replace
from typing import Any

import pytest

from ringrun.core.node import SlaveId
from ringrun.core.reason import Reason, Why
from ringrun.core.supervisor.patience import AFTER_STOP, CLUSTER
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.objects import Room
from ringrun.simulation.world.world import World

SUPERVISION = 0.05


def world_of(send: float = 5.0, start_deadline: float = 20.0, **given: Any) -> World:
    spec = make_spec(nodes=3, send=send, grace=0.1, start_deadline=start_deadline)
    return World(Case(seed=2, spec=spec, steady=True, supervision=SUPERVISION, **given), Trace())


def sending(**given: Any) -> World:
    world = world_of(**given)
    world.clock.run(0.6)
    assert world.sending
    return world


def passes(world: World, seconds: float) -> None:
    world.clock.run(world.clock.now + seconds)


def test_what_is_seen_is_decided_upon_a_moment_later_and_once() -> None:
    """However much happens until then."""
    world = sending()
    for slave in world.slaves()[:2]:
        world.crash(slave)
    assert world.supervisor.busy
    pending = len(world.clock.pending)
    world.supervisor.look()
    assert len(world.clock.pending) == pending
    made = set(world.objects.slaves)
    passes(world, SUPERVISION - 0.001)
    assert set(world.objects.slaves) == made
    passes(world, 0.002)
    assert set(world.objects.slaves) - made == {SlaveId(0, 2), SlaveId(1, 2)}
    assert not world.supervisor.busy


def test_a_master_that_ended_is_followed_and_its_lease_is_freed() -> None:
    """So that nobody waits for it to expire."""
    world = sending()
    leader = world.leader
    assert leader is not None
    world.crash(leader)
    assert world.record.value.holder == leader.name
    passes(world, SUPERVISION + 0.001)
    assert world.record.value.holder == ""
    passes(world, 1.5)
    assert world.leader is not None
    assert len(world.masters()) == 2


def test_only_its_own_lease_is_taken_from_a_master() -> None:
    """And nothing else of the record changes, nor is it freed by one that is dead."""
    world = sending()
    before = world.record.value
    world.supervisor.free("m7-1")
    assert world.record.value is before
    world.supervisor.dead = True
    world.supervisor.free(before.holder)
    assert world.record.value is before
    world.supervisor.dead = False
    world.supervisor.free(before.holder)
    assert world.record.value == before.evolve(holder="")


def test_orders_are_kept_only_where_they_are_new() -> None:
    """A look that finds nothing new tells nobody anything."""
    world = sending()
    version = world.objects.orders.version
    assert world.trace is not None
    told = sum("orders" in line for line in world.trace.lines)
    for _ in range(3):
        world.supervisor.look()
        passes(world, 0.1)
    assert world.objects.orders.version == version
    assert sum("orders" in line for line in world.trace.lines) == told
    world.crash(world.slaves()[0])
    passes(world, 0.1)
    assert world.objects.orders.version > version


def test_one_that_is_away_or_dead_decides_nothing() -> None:
    world = sending()
    world.supervisor.away = True
    world.crash(world.slaves()[0])
    passes(world, 1.0)
    assert len(world.slaves()) == 2
    world.supervisor.back()
    passes(world, 1.0)
    assert len(world.slaves()) == 3


def test_a_run_that_does_not_start_in_time_is_stopped() -> None:
    """Pods that find no room; its deadline comes by itself."""
    world = world_of(start_deadline=1.0)
    late = 1.0 + world.case.bounds.start_slack
    world.objects.make_room(Room.FULL)
    world.clock.run(late - 0.01)
    assert world.supervisor.stop is None
    world.clock.run(late + 2 * SUPERVISION)
    assert world.supervisor.stop == Reason(Why.START_DEADLINE)


def test_what_is_ordered_stays_the_reason_whatever_is_wished_for_later() -> None:
    """As in a local run."""
    world = sending(send=20.0)
    world.objects.make_room(Room.FULL)
    for master in world.masters():
        world.crash(master)
    for word in (Why.ABORTED, Why.INTERRUPTED):
        world.supervisor.stop = Reason(word)
        world.supervisor.look()
        passes(world, 1.0)
    assert world.objects.orders.stop_reason == Reason(Why.ABORTED)
    passes(world, AFTER_STOP)
    assert world.objects.ledger.reported == Reason(Why.ABORTED)


def test_without_masters_it_reports_itself_once_all_slaves_have_ended() -> None:
    """And has everybody leave then."""
    world = sending(send=1.0)
    world.objects.make_room(Room.BROKEN)
    for master in world.masters():
        world.crash(master)
    while world.whole_report is None:
        assert world.slaves() or world.supervisor.busy or world.clock.now < 20.0
        passes(world, 0.05)
    reported = world.objects.ledger.reported
    assert reported is not None
    assert reported.word is Why.NO_MASTER
    assert world.whole_report["verdict"] == "Agreed"
    passes(world, 2.0)
    assert world.over


def test_a_report_that_another_wrote_meanwhile_is_not_overwritten() -> None:
    """It looks again, and finds it complete."""
    world = sending(send=1.0)
    world.objects.make_room(Room.BROKEN)
    for master in world.masters():
        world.crash(master)
    # It reads and writes so slowly that there is time for another.
    world.case = replace(world.case, store_delay=1.0)
    while world.slaves():
        passes(world, 0.05)
    passes(world, 0.5)
    assert world.supervisor.busy
    theirs = {"complete": True, "verdict": "Partial"}
    assert world.report.swap(world.report.version + 1, theirs)
    passes(world, 5.0)
    assert world.whole_report == theirs
    assert world.objects.ledger.reported is None


@pytest.mark.parametrize("reads_disk", [True, False])
def test_a_report_has_the_results_that_can_be_read(reads_disk: bool) -> None:
    """From one's own disk as from the objects of slaves that ended; what is lost is missing."""
    world = sending(send=1.0, reads_disk=reads_disk)
    world.objects.lose_result(SlaveId(2, 1))
    world.objects.make_room(Room.BROKEN)
    for master in world.masters():
        world.crash(master)
    passes(world, 10.0)
    assert len(world.results) == 3
    assert world.whole_report is not None
    assert {each["ordinal"] for each in world.whole_report["slaves"]} == {0, 1}


def test_a_lost_record_is_no_record_and_the_run_is_given_up() -> None:
    """Of a cluster, whose bounds are shorter here than its masters' patience."""
    world = sending(bounds=CLUSTER, send=0.5)
    assert world.supervisor.record is not None
    world.lose_record()
    passes(world, 0.1)
    assert world.supervisor.record is None
    while world.whole_report is None:
        assert world.clock.now < 60.0
        passes(world, 0.5)
    assert world.objects.ledger.reported is not None
    assert world.objects.ledger.reported.word is Why.RECORD_LOST


def test_another_begins_again_from_the_objects_alone() -> None:
    """It reads the record, and frees the leases of masters that had ended before it began."""
    world = sending()
    leader = world.leader
    assert leader is not None
    world.supervisor.away = world.supervisor.dead = True
    world.crash(leader)
    passes(world, 0.2)
    assert world.record.value.holder == leader.name
    world.restart_supervisor(0.1)
    passes(world, 0.1 + SUPERVISION + 0.02)
    assert world.supervisor.record is not None
    assert world.record.value.holder != leader.name
