"""Transcripts: in order of time, and told apart by their digest (simulation.trace)."""

from ringrun.core.messages import Heartbeat
from ringrun.core.notes import Note
from ringrun.core.record import Member, Record
from ringrun.simulation.clock import Clock
from ringrun.simulation.telling.telling import Telling
from ringrun.simulation.trace import Trace, message, record


def trace_of(*, every: bool = True) -> Trace:
    trace = Trace(every=every)
    trace.clock = Clock()
    return trace


def test_a_line_has_its_time_and_who_it_is_about() -> None:
    trace = trace_of()
    trace.clock.run(1.5)
    trace.said("s0-1", "hello")
    assert trace.lines == ["   1.5000  s0-1  says: hello"]


def test_messages_can_be_left_out() -> None:
    """What follows from them is told all the same."""
    trace = trace_of(every=False)
    trace.delivered("m0-1", "s0-1", Heartbeat())
    trace.noted("s0-1", [(Note.APPROVED, 2, 40, 1)])
    assert [line[11:] for line in trace.lines] == ["s0-1  approves up to 40 in view 2 (cut)"]


def test_what_is_told_in_words_is_in_no_digest() -> None:
    """Words may change, and every seed is the same run as before."""
    plain, telling = trace_of(), Trace(telling=Telling())
    telling.clock = plain.clock
    for trace in (plain, telling):
        trace.planned([(1.0, "pause")])
        trace.spared("pause")
        trace.fault("cut A>B for 0.100")
        trace.did("s0-1", "is killed", stands_out=True)
        trace.calm()
        trace.breach("m0-1 says Kick in epoch 1, and leads no more")
        trace.crashed(["Traceback\n"])
        trace.ended(None)
    assert plain.lines == telling.lines
    assert [line[11:] for line in plain.lines[:-1]] == [
        "FAULT cut A>B for 0.100",
        "s0-1 is killed",
        "faults stop",
        "m0-1 says Kick in epoch 1, and leads no more",
    ]
    assert telling.telling is not None
    told = [line.text for line in telling.telling.lines() if line.stands_out]
    assert told[0].endswith("pause: there was nobody to do it to")
    assert len(told) == 6


def test_one_more_line_is_another_digest() -> None:
    one, other = trace_of(), trace_of()
    assert one.digest() == other.digest()
    one.happened("a")
    assert one.digest() != other.digest()
    other.happened("a")
    assert one.digest() == other.digest()


def test_a_record_is_told_by_who_leads_and_what_is_installed() -> None:
    members = (Member(ordinal=0, incarnation=1, host="h", port=1),)
    line = record(Record(epoch=3, view=2, members=members, cut=7))
    assert line.startswith("epoch 3 of nobody")
    assert "view 2 [s0-1] cut 7" in line


def test_a_message_is_told_by_its_name() -> None:
    assert message(Heartbeat()).startswith("Heartbeat")
