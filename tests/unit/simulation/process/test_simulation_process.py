"""A process around a core: its clock, its pauses, what comes in and goes out (simulation.process).

The core is written down here: it notes what it is given, and says what the test wants said.
"""

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import pytest

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Heartbeat, Hello, Leave
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Beat, Drop, Exit, Links, Send
from ringrun.core.record import Member
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.process.process import Process
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.machines import Machines

LEAVE = Leave(view=1)
HELLO = Hello(view=1, held=0, approved=0, turn=0)


@dataclass
class Script:
    """A core that does nothing by itself."""

    deadline: float = inf
    notes: list[tuple[object, ...]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)
    later: list[float] = field(default_factory=list)

    def tick(self, now: float) -> None:
        self.heard.append(("tick", round(now, 6)))
        self.deadline = self.later.pop(0) if self.later else inf


class Scripted(Process):
    """A process of such a core; the lower ordinal dials."""

    def __init__(self, around: Machines, ordinal: int) -> None:
        super().__init__(around, SlaveId(ordinal, 1))
        self.script = Script()
        self.core = self.script  # type: ignore[assignment]
        around.add(self)

    def dials(self, key: NodeId) -> bool:
        return isinstance(key, SlaveId) and self.key < key

    def give(self, sender: NodeId, payload: Any, now: float) -> None:
        del now
        self.script.heard.append(payload)
        if isinstance(payload, Leave):
            raise ProtocolError("nobody leaves")

    def tell_link(self, peer: NodeId, up: bool, now: float) -> None:
        del peer, now
        self.script.heard.append("up" if up else "down")

    def due(self, *seconds: float) -> None:
        """Its core wants to be called in so many seconds."""
        now = self.local()
        self.script.deadline, *self.script.later = (now + each for each in seconds)
        self._rearm()

    def says(self, *outputs: Any) -> None:
        """Its core has this to say."""
        self.script.outputs.extend(outputs)
        self.drain(self.local())

    def heard(self) -> list[Any]:
        """What its core was given since."""
        heard = self.script.heard[:]
        self.script.heard.clear()
        return heard


class Quiet(Machines):
    """Machines that nobody looks after."""

    def saw_end(self, process: Process) -> None:
        del process


def alone(**given: Any) -> tuple[Quiet, Scripted]:
    machines = Quiet(Case(seed=1, spec=make_spec(), steady=True, jitter=0.0, **given), Trace())
    return machines, Scripted(machines, 0)


def linked() -> tuple[Quiet, Scripted, Scripted]:
    """Two of them, and their link is up."""
    machines, one = alone()
    other = Scripted(machines, 1)
    for process, peer in [(other, 0), (one, 1)]:
        process.says(Links(wanted=(Member(ordinal=peer, incarnation=1),)))
    machines.clock.run(1.0)
    assert (one.heard(), other.heard()) == (["up"], ["up"])
    return machines, one, other


# Time


def test_a_clock_that_is_off_goes_forwards_all_the_same() -> None:
    """Between true time and one's own there is a way there and back."""
    machines, process = alone(skew=0.1)
    assert process.rate != 1.0
    machines.clock.run(2.0)
    assert process.true(process.local()) == pytest.approx(2.0)


def test_a_core_is_called_at_its_deadline_and_again_at_the_next() -> None:
    machines, process = alone()
    process.due(0.5, 0.75)
    machines.clock.run(2.0)
    assert [round(time - process.offset, 6) for _, time in process.heard()] == [0.5, 0.75]


def test_what_is_due_is_done_before_a_message_is_read() -> None:
    """As the loop of a real process does, whose timer is late."""
    machines, one, other = linked()
    other.script.deadline = other.local() + 0.001
    one.says(Send(to=other.key, message=HELLO))
    machines.clock.run(2.0)
    [tick, message] = other.heard()
    assert (tick[0], message) == ("tick", HELLO)


# What comes in


def test_messages_are_counted_and_heartbeats_apart() -> None:
    machines, one, other = linked()
    one.says(Send(to=other.key, message=HELLO), Beat(to=(other.key,)))
    machines.clock.run(2.0)
    assert other.heard() == [HELLO, Heartbeat()]
    assert (other.deliveries, other.heartbeats) == (1, 1)


def test_a_message_against_the_rules_ends_the_connection() -> None:
    """It is told as a breach, and the process goes on; the link is dialled again."""
    machines, one, other = linked()
    one.says(Send(to=other.key, message=LEAVE))
    machines.clock.run(1.006)
    assert machines.breaches == ["s1-1 refuses Leave of s0-1: nobody leaves"]
    assert other.alive
    machines.clock.run(3.0)
    assert other.heard() == [LEAVE, "down", "up"]
    assert one.heard() == ["down", "up"]


def test_who_is_paused_hears_it_all_afterwards_and_in_order() -> None:
    """What was due meanwhile comes first."""
    machines, one, other = linked()
    other.pause()
    other.due(0.2)
    one.says(Send(to=other.key, message=HELLO), Beat(to=(other.key,)))
    machines.clock.run(2.0)
    assert other.heard() == []
    other.resume()
    [tick, *rest] = other.heard()
    assert (tick[0], rest) == ("tick", [HELLO, Heartbeat()])


def test_a_pause_that_is_over_in_time_makes_nothing_late() -> None:
    machines, process = alone()
    process.due(0.5)
    process.pause()
    machines.clock.run(0.2)
    process.resume()
    assert process.heard() == []
    machines.clock.run(1.0)
    assert [round(time - process.offset, 6) for _, time in process.heard()] == [0.5]


def test_two_pauses_are_over_with_the_second() -> None:
    _, process = alone()
    done: list[str] = []
    process.pause()
    process.pause()
    process.call(done.append, "a")
    process.resume()
    assert done == []
    process.resume()
    assert done == ["a"]


def test_what_a_paused_process_had_not_read_is_lost_with_its_connection() -> None:
    machines, one, other = linked()
    other.pause()
    one.says(Send(to=other.key, message=HELLO))
    machines.clock.run(1.5)
    one.links[other.key].reset()
    machines.clock.run(1.6)
    other.resume()
    assert HELLO not in other.heard()


def test_a_slow_process_reads_one_message_after_the_other() -> None:
    """Each costs its time, also those that came together."""
    machines, one, other = linked()
    other.cost = 0.1
    one.says(*(Send(to=other.key, message=HELLO) for _ in range(3)))
    read = []
    for tenth in range(1, 5):
        machines.clock.run(1.0 + 0.1 * tenth + 0.01)
        read.append(other.deliveries)
    assert read == [1, 2, 3, 3]


def test_the_dead_do_nothing() -> None:
    """Neither messages nor timers nor calls reach them."""
    machines, one, other = linked()
    other.due(0.2)
    one.says(Send(to=other.key, message=HELLO))
    machines.crash(other)
    other.call(other.heard().append, "called")
    machines.clock.run(2.0)
    assert other.heard() == []
    assert "down" in one.heard()


# What goes out


def test_notes_are_written_before_anything_leaves() -> None:
    """What another knows of a process is in its journal."""
    machines, one, other = linked()
    written: list[int] = []
    before = len(one.journal)
    machines.hook = lambda lane, message: bool(written.append(len(one.journal))) or True
    one.script.notes.append((Note.APPROVED, 1, 5, 0))
    one.says(Send(to=other.key, message=HELLO))
    assert written == [before + 1]
    assert one.script.notes == []


def test_who_has_ended_says_nothing_after_it() -> None:
    machines, one, other = linked()
    one.says(
        Send(to=other.key, message=HELLO),
        Exit(code=1, reason="lost"),
        Exit(code=0, reason=""),
    )
    machines.clock.run(2.0)
    assert machines.exits == [("s0-1", 1, "lost")]
    assert (one.alive, one.exit_code) == (False, 1)
    # What was said before the end arrives: it was closed, not killed.
    assert other.heard() == [HELLO, "down"]


def test_what_is_sent_to_somebody_unknown_is_lost() -> None:
    machines, one, other = linked()
    one.says(Send(to=SlaveId(7, 1), message=HELLO))
    machines.clock.run(2.0)
    assert other.heard() == []


def test_a_message_that_is_hooked_away_is_not_sent() -> None:
    machines, one, other = linked()
    machines.hook = lambda lane, message: message is not HELLO
    one.says(Send(to=other.key, message=HELLO), Beat(to=(other.key,)))
    machines.clock.run(2.0)
    assert other.heard() == [Heartbeat()]


# Links


def test_a_link_that_is_dropped_is_dialled_again_while_it_is_wanted() -> None:
    machines, one, other = linked()
    other.says(Drop(peer=one.key, reason=""))
    machines.clock.run(2.0)
    assert (one.heard(), other.heard()) == (["down", "up"], ["down", "up"])


def test_a_link_that_is_wanted_no_more_is_ended_by_who_dialled() -> None:
    """The other side alone ends nothing."""
    machines, one, other = linked()
    other.says(Links(wanted=()))
    machines.clock.run(2.0)
    assert other.heard() == []
    one.says(Links(wanted=()))
    machines.clock.run(3.0)
    assert (one.heard(), other.heard()) == (["down"], ["down"])


def test_a_link_that_is_wanted_again_at_once_stays() -> None:
    machines, one, other = linked()
    wanted = Links(wanted=(Member(ordinal=1, incarnation=1),))
    one.says(Links(wanted=()), wanted)
    machines.clock.run(2.0)
    assert (one.heard(), other.heard()) == ([], [])


def test_nobody_dials_a_process_that_is_not_there_yet() -> None:
    machines, one = alone()
    one.says(Links(wanted=(Member(ordinal=4, incarnation=1),)))
    machines.clock.run(2.0)
    assert one.links == {}


def test_a_journal_says_first_whose_it_is() -> None:
    """And by which clock, if times of several can be compared."""
    machines, process = alone()
    meta = process._meta()
    assert (meta["node"], meta["role"], meta["nodes"]) == ("s0-1", "slave", 3)
    assert meta["clock"] == "simulated"
    machines.case = replace(machines.case, skew=0.1)
    assert process._meta()["clock"] == ""
