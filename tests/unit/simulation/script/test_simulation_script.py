"""What each command of a scenario does (simulation.script.script)."""

import pytest

from ringrun.core.messages import Wedge
from ringrun.core.node import MasterId, SlaveId
from ringrun.simulation.finish import Outcome
from ringrun.simulation.links import Lane
from ringrun.simulation.script.script import Script
from ringrun.simulation.stores import Trouble
from ringrun.simulation.world.objects import Room

A, B = SlaveId(0, 1), SlaveId(1, 1)
BEGIN = """
nodes 3                         # a comment is left out
send 2

wait A approves up to 3
"""


def ran(text: str) -> tuple[Script, Outcome]:
    script = Script(BEGIN + text)
    return script, script.run()


def when(script: Script, words: str) -> float:
    """When the first line with these words was written."""
    lines = (line.split() for line in script.trace.lines)
    return next(float(line[0]) for line in lines if words in " ".join(line))


def stopped(text: str) -> Script:
    """A script that breaks off at its last line, before everything is let go of."""
    script = Script(f"{BEGIN}{text}\ncrash")
    with pytest.raises(AttributeError, match="crash"):
        script.run()
    return script


def blocked(script: Script) -> list[tuple[str, str]]:
    lanes: dict[Lane, None] = {}
    for process in script.world.processes.values():
        for link in process.links.values():
            lanes.update(dict.fromkeys(lane for lane in link.lanes if lane.blocked))
    return sorted((lane.sender.name, lane.receiver.name) for lane in lanes)


def test_a_scenario_of_one_wait_is_a_good_run() -> None:
    script, outcome = ran("")
    assert (outcome.verdict, outcome.findings, script.missed) == ("Agreed", (), [])
    assert script.world.case.spec.send == 2.0


def test_a_scenario_is_the_same_every_time() -> None:
    assert ran("kill B")[0].trace.lines == ran("kill B")[0].trace.lines


@pytest.mark.parametrize("unknown", ["crash", "Kill A"])
def test_a_command_that_there_is_not_is_no_scenario(unknown: str) -> None:
    with pytest.raises(AttributeError):
        ran(unknown)


def test_a_node_that_there_is_not_is_no_scenario() -> None:
    with pytest.raises(KeyError):
        ran("kill D")


# Waiting


@pytest.mark.parametrize(
    ("command", "missed", "found"),
    [("wait", 1, 0), ("perhaps", 0, 0), ("must", 0, 1)],
)
def test_what_does_not_happen_is_missed_or_forgiven_or_found(
    command: str, missed: int, found: int
) -> None:
    script, outcome = ran(f"{command} A says: moo or 0.1 s")
    assert (len(script.missed), len(outcome.findings)) == (missed, found)
    assert all("A says: moo" in str(each) for each in [*script.missed, *outcome.findings])


def test_a_wait_lasts_no_longer_than_it_says() -> None:
    script = stopped("perhaps A says: moo or 0.1 s")
    begun = when(script, "A approves up to 3")
    assert begun + 0.1 <= script.world.clock.now < begun + 0.15


def test_what_must_never_happen_is_found_only_from_then_on() -> None:
    assert not ran("never A approves up to 1 in")[1].findings
    [finding, *_] = ran("never A keeps its result")[1].findings
    assert finding.promise == "G9"
    assert "this happened" in finding.text


def test_time_passes() -> None:
    script = stopped("pass 0.25 s")
    assert script.world.clock.now == pytest.approx(
        when(script, "A approves up to 3") + 0.25, abs=1e-4
    )


# Ways


def test_ways_are_blocked_in_one_direction_or_in_both() -> None:
    assert blocked(stopped("block A > B")) == [("s0-1", "s1-1")]
    assert blocked(stopped("block A - B")) == [("s0-1", "s1-1"), ("s1-1", "s0-1")]
    # Twice is not more than once.
    assert blocked(stopped("block A > B\nblock A - B\nrelease A - B")) == []


def test_parted_are_all_of_one_side_from_all_of_the_other() -> None:
    assert len(blocked(stopped("part A | B C"))) == 4
    assert blocked(stopped("part A | B C\nrelease B - A\nrelease C > A")) == [("s0-1", "s2-1")]
    assert blocked(stopped("part A | B C\nrelease")) == []


def test_from_the_first_such_message_on_nothing_more_goes_this_way() -> None:
    """Other ways stay open, and releasing all ends the holding too."""
    assert blocked(stopped("hold A > B MESSAGE\npass 0.1 s")) == [("s0-1", "s1-1")]
    assert blocked(stopped("hold A > B MESSAGE\npass 0.1 s\nrelease\npass 0.1 s")) == []


def test_nodes_that_never_meet_have_no_way() -> None:
    with pytest.raises(AssertionError, match="L and M never meet"):
        ran("block L > M")


def test_a_connection_that_is_reset_comes_up_again() -> None:
    script, outcome = ran("reset A - B\nwait B link to A down\nwait B link to A up")
    assert (script.missed, outcome.findings) == ([], ())


def test_a_message_that_arrives_again_is_the_last_such() -> None:
    script = stopped("wait A > B MESSAGE turn=7\nagain A > B MESSAGE\npass 0.02 s")
    turns = [line.split()[6] for line in script.trace.lines if "B  <- A  MESSAGE" in line]
    assert turns == ["turn=1", "turn=4", "turn=7", "turn=7"]


def test_a_message_that_was_never_sent_cannot_arrive_again() -> None:
    with pytest.raises(StopIteration):
        ran(f"again L > A {Wedge.__name__}")


# Processes


def test_who_is_killed_or_paused_or_leaves() -> None:
    assert not stopped("kill A").world.processes[A].alive
    paused = stopped("pause A")
    assert paused.world.processes[A].paused == 1
    assert paused.world.disturbed == {"s0-1"}
    assert stopped("pause A\nresume A").world.processes[A].paused == 0
    assert ("s0-1", 0, "") in ran("leave A\nwait A exits 0")[0].world.exits


def test_whoever_is_paused_at_the_end_goes_on() -> None:
    script, outcome = ran("pause B\npause B\npause B\npass 0.05 s\nend")
    assert script.world.processes[B].paused == 0
    assert outcome.verdict == "Agreed"


def test_masters_go_and_come_back() -> None:
    for word, room in [("off", Room.FULL), ("broken", Room.BROKEN)]:
        script = stopped(f"masters {word}")
        assert (script.world.objects.room, script.world.masters()) == (room, [])
    back = stopped("masters off\npass 1 s\nmasters on\npass 1 s")
    assert back.world.objects.room is Room.ENOUGH
    assert len(back.world.masters()) == 2


def test_a_supervisor_that_is_off_replaces_nobody() -> None:
    assert len(stopped("supervisor off\nkill C\npass 0.3 s").world.slaves()) == 2
    assert len(stopped("supervisor off\nkill C\nsupervisor on\npass 0.3 s").world.slaves()) == 3
    assert len(stopped("supervisor restart\nkill C\npass 0.3 s").world.slaves()) == 3


def test_a_run_that_is_stopped_says_why() -> None:
    script, outcome = ran("stop Aborted")
    assert not script.missed
    assert str(script.world.record.value.stop_reason).startswith("Aborted")
    assert outcome.verdict != "Agreed"


# The record and results


def test_trouble_with_the_record_is_of_one_master_and_ends_for_all() -> None:
    script = stopped("record slow for M")
    troubles = {each.key: each.record.troubles for each in script.world.masters()}
    assert troubles == {MasterId(0, 1): [], MasterId(1, 1): [Trouble.SLOW]}
    fine = stopped("record slow for M\nrecord refused for L\nrecord fine")
    assert not any(each.record.troubles for each in fine.world.masters())


def test_a_lease_that_is_freed_is_nobodys() -> None:
    assert stopped("free L").world.record.value.holder == ""
    assert stopped("free M").world.record.value.holder == "m0-1"


def test_what_is_lost_stays_lost() -> None:
    script, _ = ran("lose result of B\nlose record\nend")
    assert script.world.record.lost
    assert script.world.unreadable == {B}


# At the very moment


def test_a_command_at_the_moment_is_done_before_anything_else() -> None:
    script, outcome = ran("when B approves up to 6 do kill B")
    assert when(script, "B is killed") == when(script, "B approves up to 6")
    assert outcome.findings == ()


def test_a_command_at_the_moment_is_done_once() -> None:
    """However often the moment comes again."""
    script = stopped("when Heartbeat do pause C\npass 0.3 s")
    assert script.world.processes[SlaveId(2, 1)].paused == 1


def test_a_fault_of_our_own_is_found_with_its_place() -> None:
    """The scenario goes on to its end, and is judged."""
    script = Script(f"{BEGIN}pass 0.1 s")
    script.world.clock.after(0.3, script.world.processes.__getitem__, None)
    assert "crash" in {finding.promise for finding in script.run().findings}
