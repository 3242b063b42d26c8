"""A run told in lines, for pipes and files: what is said, when, and what is left out."""

from io import StringIO

import pytest

from ringrun.core.node import MasterId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, EventKind, Live
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record
from ringrun.local.display.lines import Lines, figures_text, left_text
from ringrun.spec import RunSpec
from ringrun.streams import ReaderGoneError

SPEC = RunSpec.from_document({"periods": {"sendMilliseconds": 5000}}, name="demo")
MEMBERS = tuple(Member(ordinal=ordinal, incarnation=1) for ordinal in (0, 1, 3))
RECORD = Record(version=3, epoch=2, holder="m1-1", view=1, members=MEMBERS)


class Told:
    """Lines, and what was said since they were last asked for."""

    def __init__(self) -> None:
        self.out = StringIO()
        self.lines = Lines(SPEC, self.out)
        self.new()

    def new(self) -> list[str]:
        said = self.out.getvalue().splitlines()
        self.out.seek(0)
        self.out.truncate()
        return said

    def live(self, elapsed: float) -> list[str]:
        """What is said of figures at this moment."""
        self.lines.live(Live(approved=2_000, rate=8_000.0, p99=0.0002, elapsed=elapsed))
        return self.new()


def happened(kind: EventKind, text: str, at: float, phase: Phase = Phase.SEND) -> Event:
    return Event(kind, text, at, str(phase))


def test_the_first_line_is_the_run_itself() -> None:
    """Before anything is started: whoever waits sees for what."""
    out = StringIO()
    Lines(SPEC, out)
    [line] = out.getvalue().splitlines()
    assert line.startswith("demo  4 slaves, 2 masters, model lockstep, seed 0, SEND 5 s")


def test_a_line_is_there_at_once() -> None:
    """A pipe would keep it for later."""

    class Pipe(StringIO):
        """Counts what is pushed on."""

        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    out = Pipe()
    lines = Lines(SPEC, out)
    lines.say("a")
    assert out.flushed == 2


def test_how_the_run_began_is_said_once_there_is_a_view() -> None:
    """Neither without a record nor while slaves are still awaited, and never again."""
    told = Told()
    told.lines.look(None, Orders(), 0.1)
    told.lines.look(Record(version=1, epoch=2, holder="m1-1"), Orders(), 0.2)
    assert told.new() == []
    told.lines.look(RECORD, Orders(), 0.314)
    assert told.new() == ["START  0.31 s  3 of 4 slaves ready; m1 leads (epoch 2); view 1 [0 1 3]"]
    told.lines.look(RECORD.evolve(view=2), Orders(), 0.5)
    assert told.new() == []


def test_a_run_that_begins_while_its_leader_is_lost_has_nobody_to_name() -> None:
    """The lease is freed by whoever saw the leader end."""
    told = Told()
    told.lines.look(RECORD.evolve(holder=""), Orders(), 0.5)
    [line] = told.new()
    assert "; nobody leads (epoch 2); " in line


@pytest.mark.parametrize("kind", EventKind)
def test_of_start_the_events_are_left_to_the_line_of_its_end(kind: EventKind) -> None:
    told = Told()
    told.lines.event(happened(kind, "x", 0.1, Phase.START))
    assert told.new() == []


def test_what_happens_is_said_in_the_leaders_words_and_on_its_clock() -> None:
    told = Told()
    told.lines.event(happened(EventKind.SLAVE_LOST, "slave 2 lost", 0.524))
    told.lines.event(happened(EventKind.DRAINED, "drained", 5.5, Phase.GRACE))
    assert told.new() == ["SEND   0.52 s  slave 2 lost", "GRACE  5.50 s  drained"]


@pytest.mark.parametrize(
    "kind",
    [
        EventKind.SLAVES_READY,
        EventKind.SEND_STARTED,
        EventKind.GRACE_STARTED,
        EventKind.RESULTS_COLLECTED,
    ],
)
def test_what_other_lines_say_is_not_said_twice(kind: EventKind) -> None:
    told = Told()
    told.lines.event(happened(kind, "x", 0.0))
    assert told.new() == []


def test_figures_are_said_once_in_each_second_of_send() -> None:
    """Also when some come late; the last second's are in the report."""
    told = Told()
    assert told.live(0.99) == []
    assert told.live(1.0) == ["SEND   4.0 s left   2,000 approved   8,000/s   p99 0.20 ms"]
    assert told.live(1.9) == []
    assert len(told.live(3.4)) == 1
    assert told.live(3.9) == []
    assert len(told.live(4.0)) == 1
    assert told.live(5.0) == []
    assert told.live(6.5) == []


def test_a_standby_is_lost_when_it_is_seen_on_the_rings_clock() -> None:
    """Which is known from the last event: its time, and when it was looked at."""
    told = Told()
    told.lines.look(None, Orders(), 0.75)
    told.lines.master_lost(MasterId(1, 1), leading=False)
    assert told.new() == ["START  0.75 s  standby master m1 lost"]
    told.lines.event(happened(EventKind.SEND_STARTED, "x", 0.25))
    told.lines.look(RECORD, Orders(), 2.0)
    told.new()
    told.lines.master_lost(MasterId(1, 2), leading=False)
    assert told.new() == ["SEND   1.50 s  standby master m1 lost"]


def test_the_loss_of_a_leader_is_said_once_with_its_successor() -> None:
    """Alone it would leave open how the run goes on."""
    told = Told()
    told.lines.master_lost(MasterId(0, 1), leading=True)
    assert told.new() == []
    told.lines.event(happened(EventKind.SLAVE_LOST, "slave 2 lost", 1.0))
    told.lines.event(happened(EventKind.LEADER_ELECTED, "m1 leads (epoch 2)", 1.5))
    told.lines.event(happened(EventKind.LEADER_ELECTED, "m2 leads (epoch 3)", 2.5))
    assert told.new() == [
        "SEND   1.00 s  slave 2 lost",
        "SEND   1.50 s  master m0 lost; m1 leads (epoch 2)",
        "SEND   2.50 s  m2 leads (epoch 3)",
    ]


@pytest.mark.parametrize(
    ("elapsed", "text"), [(0.0, "5.0 s left"), (4.94, "0.1 s left"), (5.3, "0.0 s left")]
)
def test_what_is_left_of_send_is_never_less_than_nothing(elapsed: float, text: str) -> None:
    assert left_text(SPEC, Live(approved=0, rate=0.0, p99=0.0, elapsed=elapsed)) == text


def test_figures_are_rounded_for_people() -> None:
    live = Live(approved=1_234_567, rate=98_765.4, p99=0.00021, elapsed=1.0)
    assert figures_text(live) == "1,234,567 approved   98,765/s   p99 0.21 ms"


def test_it_is_noticed_that_nobody_reads_any_more() -> None:
    """The supervisor then stops the run; nothing is raised into it."""

    class Gone(StringIO):
        """A pipe whose reader leaves after the heading."""

        def write(self, text: str) -> int:
            if "m1 leads" in text:
                raise ReaderGoneError
            return super().write(text)

    lines = Lines(SPEC, Gone())
    assert not lines.gone
    lines.look(RECORD, Orders(), 0.314)
    assert lines.gone


def test_lines_fit_in_80_columns_and_go_on_below_their_text() -> None:
    """Names of hosts are long, and views are large."""
    told = Told()
    members = tuple(Member(ordinal=ordinal, incarnation=1) for ordinal in range(0, 60, 2))
    told.lines.look(RECORD.evolve(members=members), Orders(), 123.4)
    told.lines.event(
        happened(EventKind.SLAVE_LOST, f"slave 2 lost: {'no answer ' * 9}; view 2 [0 1]", 0.5)
    )
    shown = told.new()
    assert max(map(len, shown)) <= 80
    assert [line[:5].strip() for line in shown if line[0] != " "] == ["START", "SEND"]
    assert all(line.startswith(" " * 15) for line in shown if line[0] == " ")
