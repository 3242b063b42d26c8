"""A whole run: who leads, whether it is over, what it has come to (simulation.world.world)."""

from ringrun.core.reason import Reason, Why
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.objects import Room
from ringrun.simulation.world.world import World


def world_of(send: float = 0.5) -> World:
    return World(Case(seed=2, spec=make_spec(nodes=3, send=send), steady=True), Trace())


def test_a_run_begins_as_soon_as_its_clock_goes() -> None:
    """Masters are made at once, the rest once somebody has decided."""
    world = world_of()
    assert (world.processes, world.objects.starting) == ({}, 2)
    assert (world.leader, world.sending, world.over, world.count()) == (None, False, False, 0)
    world.clock.run(0.6)
    assert (len(world.masters()), len(world.slaves())) == (2, 3)
    assert world.sending
    assert world.count() > 0


def test_the_leader_is_whom_the_record_names_if_it_lives() -> None:
    world = world_of()
    world.clock.run(0.6)
    leader = world.leader
    assert leader is not None
    assert leader.name == world.record.value.holder
    world.crash(leader)
    assert world.leader is None


def test_the_count_is_that_of_the_living() -> None:
    """What a dead slave had approved and nobody else, no one can show."""
    world = world_of()
    world.clock.run(0.6)
    first = world.slaves()[0]
    first.approved += 1000
    assert world.count() == first.approved
    world.crash(first)
    assert world.count() < 1000


def test_messages_and_heartbeats_are_counted_over_all_that_ever_ran() -> None:
    world = world_of()
    world.clock.run(0.6)
    before = (world.deliveries, world.heartbeats)
    world.crash(world.slaves()[0])
    assert (world.deliveries, world.heartbeats) == before
    assert before[0] > before[1] > 0


def test_a_run_is_over_when_it_is_reported_and_everybody_has_ended() -> None:
    """A report alone is not the end."""
    world = world_of()
    while world.whole_report is None:
        world.clock.run(world.clock.now + 0.01)
    assert not world.over
    world.clock.run(world.clock.now + 5.0)
    assert world.over
    world.supervisor.look()
    assert not world.over
    world.clock.run(world.clock.now + 1.0)
    assert world.over
    [*_, last] = world.processes.values()
    last.alive = True
    assert not world.over


def test_a_run_is_bereft_while_nobody_can_lead() -> None:
    """For now, or for good."""
    world = world_of()
    world.clock.run(0.6)
    assert not world.bereft
    world.objects.make_room(Room.FULL)
    assert world.bereft
    world.objects.make_room(Room.ENOUGH)
    assert not world.bereft
    world.objects.masters_given_up = True
    assert world.bereft
    world.objects.masters_given_up = False
    world.lose_record()
    assert world.bereft


def test_who_wants_the_run_to_end_has_said_so_to_the_next_supervisor_too() -> None:
    world = world_of(send=5.0)
    world.supervisor.stop = Reason(Why.ABORTED)
    world.restart_supervisor(0.5)
    assert world.supervisor.stop == Reason(Why.ABORTED)


def test_another_supervisor_goes_on_with_the_same_objects_once_it_is_there() -> None:
    world = world_of(send=5.0)
    world.clock.run(0.6)
    before = world.supervisor
    world.restart_supervisor(0.5)
    assert (before.dead, world.supervisor.away) == (True, True)
    assert world.supervisor.objects is before.objects
    world.crash(world.slaves()[0])
    world.clock.run(1.0)
    assert len(world.slaves()) == 2
    world.clock.run(2.0)
    assert len(world.slaves()) == 3
