"""The report's one request in flight, and what follows from each answer."""

from made_results import result
from made_term import NOW, ROSTER, STOP, term_of

from ringrun.core.master.leading import End, Leading
from ringrun.core.master.reporting import Reporting
from ringrun.core.messages import ResultSaid, Stored
from ringrun.core.outputs import Outcome, Output, ReadReport, Send, WriteReport

POLL = 0.25


class Desk:
    """A leader of a run that is closed, and its report."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.lead = Leading(term_of(STOP), NOW)
        self.reporting = Reporting(self.outputs, POLL, NOW)

    def pumped(self, now: float = NOW) -> list[Output]:
        """What it asks for at this moment."""
        self.outputs.clear()
        self.reporting.pump(self.lead, now)
        return self.outputs[:]

    def read(self, version: int = 0, document: dict[str, object] | None = None) -> End | None:
        """The stored report has been asked for and is told."""
        assert self.pumped() == [ReadReport()]
        return self.reporting.read(self.lead, version, document)

    def wrote(self, outcome: Outcome, version: int = 0, **document: object) -> End | None:
        """How a write ended."""
        return self.reporting.written(self.lead, outcome, version, document or None, NOW)

    def result(self, ordinal: int) -> None:
        """A slave tells its result."""
        said = ResultSaid(result=result(ordinal, ""))
        self.lead.receive(ROSTER[ordinal].node, said, NOW)

    def stored(self) -> list[object]:
        """Who has been told that its result is kept."""
        outputs = self.lead.term.outputs
        told = [
            each.to
            for each in outputs
            if isinstance(each, Send) and isinstance(each.message, Stored)
        ]
        outputs.clear()
        return told


def test_the_stored_report_is_read_before_anything_is_written() -> None:
    """And one request is in flight at a time."""
    desk = Desk()
    desk.result(0)
    assert desk.pumped() == [ReadReport()]
    assert desk.pumped() == []
    desk.reporting.read(desk.lead, 7, None)
    (write,) = desk.pumped()
    assert isinstance(write, WriteReport)
    assert write.version == 7
    assert desk.pumped() == []


def test_a_slave_may_go_once_its_result_is_in_the_stored_report() -> None:
    """Not when it is only known to this master, nor when it came after the write was sent."""
    desk = Desk()
    desk.read()
    desk.result(0)
    desk.pumped()
    desk.result(1)
    assert desk.stored() == []
    desk.wrote(Outcome.SAVED, 1)
    assert desk.stored() == [ROSTER[0].node]


def test_a_write_that_nobody_answered_for_is_read_back_after_a_while() -> None:
    """Nobody is told that its result is stored."""
    desk = Desk()
    desk.read()
    desk.result(0)
    desk.pumped()
    desk.wrote(Outcome.UNKNOWN)
    assert desk.stored() == []
    assert desk.reporting.due(desk.lead) == NOW + POLL
    assert desk.pumped() == []
    assert desk.pumped(NOW + POLL) == [ReadReport()]


def test_a_report_of_a_higher_epoch_ends_this_leader() -> None:
    """By a conflict, as by a read."""
    overtaken = End(why="the report is of a higher epoch")
    assert Desk().read(4, {"epoch": 4, "complete": False}) == overtaken
    desk = Desk()
    desk.read()
    desk.pumped()
    assert desk.wrote(Outcome.CONFLICT, 4, epoch=4, complete=False) == overtaken


def test_nothing_replaces_a_complete_report() -> None:
    """Neither another's nor the own one."""
    desk = Desk()
    desk.read(3, {"epoch": 2, "complete": True})
    assert desk.pumped() == []
    desk = Desk()
    desk.read()
    for ordinal in range(3):
        desk.result(ordinal)
    (write,) = desk.pumped()
    assert isinstance(write, WriteReport)
    assert write.document["complete"] is True
    desk.wrote(Outcome.SAVED, 1)
    assert desk.pumped() == []


def test_a_report_out_of_reach_is_not_asked_for_in_a_loop() -> None:
    """It sleeps for a poll."""
    desk = Desk()
    desk.pumped()
    desk.reporting.unreachable(NOW)
    assert desk.pumped() == []
    assert desk.pumped(NOW + POLL) == [ReadReport()]


def test_a_write_of_an_earlier_leadership_is_read_before_anything_is_written_over_it() -> None:
    """G10: this master led before, and a result that it stored then is in that report alone."""
    desk = Desk()
    desk.read()
    desk.result(0)
    (write,) = desk.pumped()
    assert isinstance(write, WriteReport)
    desk.lead = Leading(term_of(STOP), NOW)
    assert desk.pumped() == []
    assert desk.wrote(Outcome.SAVED, 1) is None
    desk.read(1, write.document)
    (again,) = desk.pumped()
    assert isinstance(again, WriteReport)
    assert [each["ordinal"] for each in again.document["results"]] == [0]
