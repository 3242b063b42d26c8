"""What a local run shows while it runs, event by event."""

from io import StringIO

from ringrun.core.node import MasterId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, EventKind, Live
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record
from ringrun.local.display.bar import Bar
from ringrun.local.display.choice import display_for
from ringrun.local.display.interface import Display, Silent
from ringrun.local.display.lines import Lines
from ringrun.spec import default_run

SPEC = default_run()
HEADING = "demo  4 slaves, 2 masters, model lockstep, seed 0, SEND 2 s, GRACE 1 s"
FIRST_VIEW = Record(
    version=4,
    epoch=1,
    holder="m0-1",
    view=1,
    members=tuple(Member(ordinal=ordinal, incarnation=1) for ordinal in range(4)),
    phase=Phase.SEND,
)


class Terminal(StringIO):
    """Text that believes it is on a terminal."""

    def isatty(self) -> bool:
        return True


def story(display: Display) -> None:
    """A run with three losses, as the supervisor tells it."""
    display.look(Record(version=1, epoch=1, holder="m0-1"), Orders(), 0.2)
    display.event(Event(EventKind.LEADER_ELECTED, "m0 leads (epoch 1)", 0.2, "START"))
    display.look(FIRST_VIEW, Orders(), 0.28)
    display.event(
        Event(EventKind.SLAVES_READY, "4 of 4 slaves ready; view 1 [0 1 2 3]", 0.0, "START")
    )
    display.event(Event(EventKind.SEND_STARTED, "4 slaves in SEND", 0.0, "SEND"))
    display.live(Live(approved=2_000, rate=8_000.0, p99=0.0002, elapsed=0.25))
    lost = "slave 2 (incarnation 1) lost: killed by SIGKILL; view 2 [0 1 3], cut 4,118"
    display.look(FIRST_VIEW, Orders(), 0.80)
    display.event(Event(EventKind.SLAVE_LOST, lost, 0.52, "SEND"))
    display.live(Live(approved=9_000, rate=9_931.0, p99=0.00021, elapsed=1.02))
    display.live(Live(approved=9_900, rate=9_931.0, p99=0.00021, elapsed=1.27))
    display.look(FIRST_VIEW, Orders(), 1.58)
    display.master_lost(MasterId(1, 1), leading=False)
    display.master_lost(MasterId(0, 1), leading=True)
    display.event(Event(EventKind.LEADER_ELECTED, "m1 leads (epoch 2)", 1.4, "SEND"))
    display.live(Live(approved=19_862, rate=9_931.0, p99=0.00021, elapsed=2.0))
    display.event(Event(EventKind.GRACE_STARTED, "4 slaves in GRACE", 2.0, "GRACE"))
    display.live(Live(approved=19_862, rate=0.0, p99=0.00021, elapsed=2.25))
    display.event(Event(EventKind.DRAINED, "drained at index 19,862", 3.0, "GRACE"))
    display.close()


def test_lines_tell_each_thing_once_when_it_happens() -> None:
    """START in one line, figures once a second, a leader's loss together with its successor."""
    out = StringIO()
    story(Lines(SPEC, out))
    assert out.getvalue().splitlines() == [
        HEADING,
        "START  0.28 s  4 of 4 slaves ready; m0 leads (epoch 1); view 1 [0 1 2 3]",
        "SEND   0.52 s  slave 2 (incarnation 1) lost: killed by SIGKILL;",
        "               view 2 [0 1 3], cut 4,118",
        "SEND   1.0 s left   9,000 approved   9,931/s   p99 0.21 ms",
        "SEND   1.30 s  standby master m1 lost",
        "SEND   1.40 s  master m0 lost; m1 leads (epoch 2)",
        "GRACE  3.00 s  drained at index 19,862",
    ]


def test_on_a_terminal_the_figures_are_a_bar_that_goes_away() -> None:
    """The lines are the same, the bar is drawn over and over, and nothing is drawn after SEND."""
    out = Terminal()
    story(Bar(SPEC, out))
    text = out.getvalue()
    for figures in ("1.8 s left   2,000 approved", "0.7 s left   9,900 approved"):
        assert figures in text
    assert "19,862 approved" not in text[text.index("drained") :]
    assert "\nSEND   1.0 s left" not in text
    assert "SEND   1.40 s  master m0 lost; m1 leads (epoch 2)" in text
    assert "view 2 [0 1 3], cut 4,118" in text


def test_where_the_output_goes_decides_how_it_looks() -> None:
    """A bar on a terminal, lines in a pipe, nothing if nothing is wanted."""
    assert isinstance(display_for(SPEC, Terminal(), silent=False), Bar)
    assert type(display_for(SPEC, StringIO(), silent=False)) is Lines
    out = Terminal()
    silent = display_for(SPEC, out, silent=True)
    assert isinstance(silent, Silent)
    story(silent)
    assert out.getvalue() == ""
