"""What a core has to say leaves in order: written down, frames, the rest, and then the end."""

from collections.abc import Iterator
from math import inf
from pathlib import Path

import msgspec
import pytest
from made_connections import ME, MadeConnections, has_come, made_connections
from made_results import result

from ringrun.core.messages import Heartbeat, Result
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Beat, Drop, Exit, Finish, Links, Output, ReadRecord, Send
from ringrun.core.phase import Phase
from ringrun.core.record import Member
from ringrun.core.ring.ring import Frames
from ringrun.runtime.journal import Journal
from ringrun.runtime.links.admission import Name
from ringrun.runtime.slave.outlet import HEARTBEAT, Ended, Outlet
from ringrun.runtime.wire.frames import data_preamble, encode_control

NOW = 10.0
RIGHT, MASTER = SlaveId(1, 1), MasterId(0, 1)
NOTE = (Note.APPROVED, 1, 5, 0)
FRAME = ((1,), (b"frame",))
FRAME_BYTES = data_preamble((b"frame",)) + b"frame"


class Core:
    """A core that has said all it has to say; what it is called for is in `calls`."""

    def __init__(self) -> None:
        self.notes: list[tuple[object, ...]] = []
        self.frames: Frames = []
        self.outputs: list[Output] = []
        self.deadline = inf
        self.node = ME
        self.phase = Phase.SEND
        self.pending = False
        self.pending_at = self.spin = 0.0
        self.calls: list[tuple[object, ...]] = []

    def tick(self, now: float) -> None:
        self.calls.append(("tick", now))
        self.deadline = inf
        self.outputs.append(Send(RIGHT, Heartbeat()))

    def finish(self, result: Result, now: float) -> None:
        self.calls.append(("finish", result.cpu_seconds, now))
        self.frames.append(FRAME)


class Leaving:
    """An outlet with everything around it."""

    def __init__(self, made: MadeConnections) -> None:
        self.core = Core()
        self.made = made
        self.kept: list[Result] = []
        self.outlet = self.with_journal(None)

    def with_journal(self, journal: Journal | None) -> Outlet:
        return Outlet(
            self.core,  # type: ignore[arg-type]
            self.made.connections,
            journal=journal,
            log=self.made.log,
            keep=self.keep,
        )

    def keep(self, result: Result) -> Result:
        assert self.core.calls == []
        self.kept.append(result)
        return msgspec.structs.replace(result, cpu_seconds=7.0)

    def flush(self, *outputs: Output) -> None:
        self.core.outputs.extend(outputs)
        self.outlet.flush(NOW)


@pytest.fixture
def leaving() -> Iterator[Leaving]:
    with made_connections(Name(run="r", node=ME)) as made:
        yield Leaving(made)


def test_all_that_there_is_leaves(leaving: Leaving, tmp_path: Path) -> None:
    """Frames before what is said to the same peer; nothing is left for a second time."""
    _, right = leaving.made.up(RIGHT)
    journal = Journal(tmp_path / "j", {})
    before = (tmp_path / "j").stat().st_size
    outlet = leaving.with_journal(journal)
    leaving.core.notes.append(NOTE)
    leaving.core.frames.append(FRAME)
    leaving.core.outputs.append(Send(RIGHT, Heartbeat()))
    outlet.flush(NOW)
    outlet.flush(NOW)
    journal.close()
    assert has_come(right) == FRAME_BYTES + HEARTBEAT
    assert (tmp_path / "j").stat().st_size > before
    assert (leaving.core.notes, leaving.core.frames, leaving.core.outputs) == ([], [], [])


def test_what_could_not_be_written_down_does_not_leave(leaving: Leaving, tmp_path: Path) -> None:
    """A journal hides nothing that others have seen, also when its disk fails."""
    _, right = leaving.made.up(RIGHT)
    journal = Journal(tmp_path / "j", {})
    journal.close()
    leaving.core.notes.append(NOTE)
    leaving.core.frames.append(FRAME)
    leaving.core.outputs.append(Send(RIGHT, Heartbeat()))
    with pytest.raises(OSError, match="file descriptor"):
        leaving.with_journal(journal).flush(NOW)
    assert has_come(right) == b""


def test_without_a_journal_notes_are_forgotten(leaving: Leaving) -> None:
    """They would be held for as long as the run is."""
    leaving.core.notes.append(NOTE)
    leaving.flush()
    assert leaving.core.notes == []


def test_a_message_goes_to_its_peer_alone(leaving: Leaving) -> None:
    """A master by its name, a slave by its start; without a link it is lost."""
    _, right = leaving.made.up(RIGHT)
    _, master = leaving.made.up(MASTER)
    message = Heartbeat()
    leaving.flush(
        Send(MASTER, message), Send(SlaveId(1, 2), message), Send(MasterId(1, 1), message)
    )
    assert has_come(master) == encode_control(message)
    assert has_come(right) == b""


def test_a_beat_is_a_heartbeat_to_each(leaving: Leaving) -> None:
    """Of those to whom there is a link."""
    far = [leaving.made.up(SlaveId(ordinal, 1))[1] for ordinal in (1, 2, 3)]
    leaving.flush(Beat((SlaveId(1, 1), SlaveId(9, 1), SlaveId(3, 1))))
    beat = encode_control(Heartbeat())
    assert [has_come(each) for each in far] == [beat, b"", beat]


@pytest.mark.parametrize("output", [Send(RIGHT, Heartbeat()), Beat((RIGHT,))])
def test_a_link_that_cannot_be_sent_to_is_left_to_the_loop(
    leaving: Leaving, output: Output
) -> None:
    """It is not closed under the hands of whoever called."""
    link, right = leaving.made.up(RIGHT)
    right.close()
    leaving.flush(output)
    assert leaving.outlet.broken == [link]
    assert link.up


def test_links_that_are_wanted_are_dialled(leaving: Leaving) -> None:
    host, port = leaving.made.address
    leaving.flush(Links((Member(ordinal=1, incarnation=1, host=host, port=port),)))
    [link] = leaving.made.connections.unfinished.values()
    assert link.dialled == RIGHT


def test_a_dropped_peer_still_reads_what_was_said(leaving: Leaving) -> None:
    """Then its connection ends; the reason is one line. Of a stranger there is nothing to drop."""
    _, master = leaving.made.up(MASTER)
    leaving.flush(Send(MASTER, Heartbeat()), Drop(MASTER, "unseated"), Drop(RIGHT, "nobody"))
    assert has_come(master) == HEARTBEAT
    assert master.recv(1) == b""
    assert leaving.made.lines() == ["connection with m0-1 dropped: unseated"]


def test_a_result_is_kept_before_the_core_hears_of_it(leaving: Leaving) -> None:
    """It gets what was kept, and what it then leaves behind leaves too."""
    _, right = leaving.made.up(RIGHT)
    said = result(0, "abc")
    leaving.flush(Finish(said), Send(RIGHT, Heartbeat()))
    assert leaving.kept == [said]
    assert leaving.core.calls == [("finish", 7.0, NOW)]
    assert has_come(right) == HEARTBEAT + FRAME_BYTES


@pytest.mark.parametrize(("deadline", "ticks"), [(NOW, 1), (NOW + 1e-6, 0)])
def test_a_deadline_comes_before_the_result(leaving: Leaving, deadline: float, ticks: int) -> None:
    """With all that follows from it; the time is that of the turn."""
    _, right = leaving.made.up(RIGHT)
    leaving.core.deadline = deadline
    leaving.flush(Finish(result(0, "abc")))
    assert leaving.core.calls == [("tick", NOW)] * ticks + [("finish", 7.0, NOW)]
    assert has_come(right) == HEARTBEAT * ticks + FRAME_BYTES


def test_after_the_result_the_log_is_calm(leaving: Leaving) -> None:
    """The others end as this one does: that is no news."""
    leaving.made.up(MASTER)
    leaving.flush(Finish(result(0, "abc")))
    leaving.flush(Drop(MASTER, "closed"))
    assert leaving.made.lines() == []


@pytest.mark.parametrize(("reason", "lines"), [("nobody came", ["nobody came"]), ("", [])])
def test_exit_is_the_end_of_everything(leaving: Leaving, reason: str, lines: list[str]) -> None:
    """What stands before it is carried out, what stands behind it is not."""
    _, right = leaving.made.up(RIGHT)
    with pytest.raises(Ended) as ended:
        leaving.flush(Send(RIGHT, Heartbeat()), Exit(3, reason), Send(RIGHT, Heartbeat()))
    assert ended.value.code == 3
    assert has_come(right) == HEARTBEAT
    assert leaving.made.lines() == lines


def test_what_is_a_master_s_to_ask_for_is_our_own_bug(leaving: Leaving) -> None:
    with pytest.raises(AssertionError, match="does not ask for ReadRecord"):
        leaving.flush(ReadRecord())
