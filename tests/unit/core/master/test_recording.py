"""The record from a master's side: what is in flight, and what nobody answered for."""

import pytest

from ringrun.core.master.recording import Purpose, Recording, Write
from ringrun.core.outputs import Output, ReadRecord, WriteRecord
from ringrun.core.record import Record

NOW = 64.0
POLL = 0.25
MINE = Record(version=5, epoch=3, holder="m0-1")


class Desk:
    """A recording, and what it asks for and notes."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.journal: list[tuple[object, ...]] = []
        self.recording = Recording(self.outputs, self.journal, POLL, NOW)

    def outcomes(self) -> list[object]:
        """What was noted."""
        return [note[1]["outcome"] for note in self.journal]  # type: ignore[index]


def test_a_write_that_nobody_answered_for_is_kept_until_a_read() -> None:
    """And is given back once, by that."""
    desk = Desk()
    recording = desk.recording
    recording.write(MINE, Purpose.LEAD, NOW)
    write = recording.was_written()
    recording.not_known(write, NOW + 1.0)
    assert (recording.unknown, recording.read_at) == (write, NOW + 1.0)
    recording.out_of_reach(NOW + 1.0)
    assert recording.unknown is write
    assert recording.saw(MINE, NOW + 2.0) == Write(sent=NOW, record=MINE, purpose=Purpose.LEAD)
    assert recording.saw(MINE, NOW + 2.0) is None
    assert desk.outcomes() == ["unknown", "read"]


def test_what_was_written_is_not_the_newest_until_it_is_known_to_be() -> None:
    """Only what was seen is acted on."""
    recording = Desk().recording
    recording.write(MINE, Purpose.TAKE_OVER, NOW)
    recording.not_known(recording.was_written(), NOW)
    assert recording.newest.version == -1
    recording.saved(MINE)
    assert (recording.newest, recording.unknown) == (MINE, None)


def test_a_record_that_is_told_does_not_end_a_write_in_flight() -> None:
    """One request is in flight at a time; a read is over with its answer."""
    desk = Desk()
    recording = desk.recording
    recording.read()
    assert recording.busy
    recording.was_read()
    assert not recording.busy
    recording.write(MINE, Purpose.LEAD, NOW)
    recording.was_read()
    assert recording.busy
    recording.was_written()
    assert not recording.busy
    assert desk.outputs == [ReadRecord(), WriteRecord(MINE)]


def test_the_next_read_is_a_poll_after_the_last_whether_it_came_to_anything_or_not() -> None:
    """A record out of reach is not asked for in a loop."""
    recording = Desk().recording
    assert recording.read_at == NOW
    recording.out_of_reach(NOW)
    assert recording.read_at == NOW + POLL
    recording.saw(MINE, NOW + 1.0)
    assert recording.read_at == NOW + 1.0 + POLL


@pytest.mark.parametrize(
    ("purpose", "recorded", "took_over"),
    [
        (Purpose.TAKE_OVER, MINE.at(9), True),
        (Purpose.TAKE_OVER, Record(epoch=3, holder="m1-1"), False),
        (Purpose.TAKE_OVER, Record(epoch=4, holder="m0-1"), False),
        (Purpose.LEAD, MINE, False),
        (Purpose.RELEASE, MINE, False),
    ],
)
def test_only_a_take_over_that_is_recorded_begins_a_leadership(
    purpose: Purpose, recorded: Record, *, took_over: bool
) -> None:
    """By epoch and holder: the version may have gone on."""
    assert Write(sent=NOW, record=MINE, purpose=purpose).took_over(recorded) is took_over


def test_the_same_version_read_again_is_noted_once() -> None:
    """A standby polls for as long as the run takes."""
    desk = Desk()
    for version in (5, 5, 6, 6):
        desk.recording.saw(MINE.at(version), NOW)
    assert desk.outcomes() == ["read", "read"]
