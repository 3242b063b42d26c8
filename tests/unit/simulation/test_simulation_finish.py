"""A run from any moment to its end: what comes of it, and when it is enough (simulation.finish)."""

import pytest

from ringrun.simulation.case import RECOVERY, Case, make_spec
from ringrun.simulation.finish import crash, finish
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.objects import Room
from ringrun.simulation.world.world import World
from ringrun.spec import FailurePolicy


def world_of(trace: Trace | None = None, *, send: float = 0.3, **given: object) -> World:
    policy = FailurePolicy.CONTINUE if given.pop("continues", False) else FailurePolicy.REPLACE
    spec = make_spec(nodes=3, send=send, grace=0.1, policy=policy)
    case = Case(seed=4, spec=spec, steady=True, **given)  # type: ignore[arg-type]
    return World(case, trace)


def raises(text: str) -> None:
    raise LookupError(text)


def test_a_good_run_is_told_by_its_verdict_and_its_figures() -> None:
    """The same from any moment on."""
    world, later = world_of(), world_of()
    later.clock.run(0.4)
    outcome = finish(world)
    assert (outcome.seed, outcome.verdict, outcome.findings) == (4, "Agreed", ())
    assert outcome.deliveries == world.deliveries > 0
    assert outcome.heartbeats == world.heartbeats > 0
    assert outcome.faults == 0
    assert outcome.seconds < 3.0
    assert finish(later).verdict == "Agreed"


def test_only_a_run_with_a_transcript_has_its_digest() -> None:
    """Two runs are the same whether or not anyone wrote them down."""
    trace = Trace()
    told, untold = finish(world_of(trace)), finish(world_of())
    assert (told.digest, untold.digest) == (trace.digest(), "")
    assert told == untold


def test_a_run_that_does_not_end_is_left_at_last_and_found() -> None:
    """One that stands still for ever: nobody waits longer than for the slowest honest run."""
    world = world_of()
    world.clock.run(0.5)
    for process in world.processes.values():
        process.pause()
    outcome = finish(world)
    assert outcome.verdict == "none"
    assert "G9" in {finding.promise for finding in outcome.findings}
    assert outcome.seconds < 20.0


def test_a_run_without_masters_is_given_the_time_to_be_given_up() -> None:
    """Its supervisor replaces slaves for as long as nothing says that it is over."""
    world = world_of()
    world.objects.make_room(Room.FULL)
    outcome = finish(world)
    assert outcome.verdict != "none"
    assert outcome.findings == ()
    assert outcome.seconds > 20.0


def test_a_fault_of_our_own_is_a_finding_with_its_place() -> None:
    """The run is not judged then; its transcript has the whole traceback."""
    trace = Trace()
    world = world_of(trace)
    world.clock.after(0.5, raises, "no such thing")
    [finding] = finish(world).findings
    assert finding.promise == "crash"
    assert finding.text.startswith("LookupError at test_simulation_finish.py:")
    assert finding.text.endswith(": no such thing")
    assert "Traceback" in "".join(trace.lines)


def test_without_a_transcript_a_crash_is_told_all_the_same() -> None:
    with pytest.raises(LookupError) as caught:
        raises("nothing")
    assert crash(caught.value, world_of()).promise == "crash"


# Progress after the faults


def test_a_count_that_grows_again_is_progress() -> None:
    world = world_of(send=8.0, quiet_from=0.6, wants_progress=True)
    outcome = finish(world)
    assert (outcome.verdict, outcome.findings) == ("Agreed", ())


def test_a_count_that_stands_still_long_after_the_faults_is_found() -> None:
    """Slaves that are in SEND and send nothing: G9."""
    world = world_of(send=20.0, quiet_from=0.6, wants_progress=True)
    world.clock.run(0.6)
    for one in world.slaves():
        for other in world.slaves():
            for lane in world.lanes(one, other) if one is not other else ():
                lane.blocked += 1
    world.supervisor.away = True
    for master in world.masters():
        master.pause()
    texts = [finding.text for finding in finish(world).findings if finding.promise == "G9"]
    assert any(
        text.startswith(f"{RECOVERY + 1:.0f} s after the faults the count") for text in texts
    )


@pytest.mark.parametrize("continues", [False, True])
def test_a_slave_that_is_still_missing_then_is_found(continues: bool) -> None:
    """Unless the run was to go on without it."""
    world = world_of(send=8.0, quiet_from=0.6, wants_progress=True, continues=continues)
    world.clock.run(0.6)
    world.crash(world.slaves()[0])
    world.supervisor.away = not continues
    texts = [finding.text for finding in finish(world).findings if finding.promise == "G9"]
    assert any("lacks 1 slaves" in text for text in texts) is not continues


def test_without_masters_no_progress_is_asked_for() -> None:
    world = world_of(send=8.0, quiet_from=0.6, wants_progress=True)
    world.clock.run(0.6)
    world.objects.make_room(Room.BROKEN)
    for master in world.masters():
        world.crash(master)
    world.crash(world.slaves()[0])
    assert "G9" not in {finding.promise for finding in finish(world).findings}
