"""A run in words and columns (simulation.telling.telling)."""

from pathlib import Path

from ringrun.core.messages import Kick, Kicked
from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome
from ringrun.simulation.case import Case, Profile, draw, make_spec
from ringrun.simulation.run import simulate
from ringrun.simulation.telling.telling import Telling
from ringrun.simulation.trace import Trace


def told(telling: Telling, width: int = 100) -> list[str]:
    return [line.text for line in telling.lines(width)]


def test_columns_stand_below_each_other() -> None:
    telling = Telling()
    telling.delivered(0.5, "m0-1", "s0-1", Kick(epoch=1, holder="m0-1", view=1, elapsed=-1.0))
    telling.delivered(10.25, "s10-1", "m0-1", Kicked(epoch=1, view=1))
    telling.noted(11.0, "s0-1", (Note.APPROVED, 1, 4, 0))
    telling.ordered(11.5, Orders())
    telling.stored(12.0, "m0-1", Outcome.SAVED, 2, None)
    assert told(telling) == [
        "    0.5000  s0-1   <- m0-1   KICK    send first in view 1",
        "   10.2500  m0-1   <- s10-1  KICKED  was pushed in view 1",
        "   11.0000  s0-1   approves to 4 in view 1 (all members hold it)",
        "   11.5000  supervisor  orders START: roster [] masters []",
        "   12.0000  m0-1   writes report 2",
    ]


def test_what_goes_wrong_stands_out_in_the_margin() -> None:
    telling = Telling()
    telling.did(0.5, "s0-1", "is killed", stands_out=True)
    telling.did(0.5, "s1-1", "link to s0-1 down")
    telling.stands_out(1.0, "cut s0-1>s1-1 for 0.1")
    lines = list(telling.lines())
    assert [line.stands_out for line in lines] == [True, False, True]
    assert [line.text.startswith("!!") for line in lines] == [True, False, True]


def test_what_is_too_long_goes_on_below_itself() -> None:
    telling = Telling()
    telling.did(0.5, "s0-1", " ".join(["word"] * 40), stands_out=True)
    lines = list(telling.lines(60))
    assert len(lines) > 1
    assert all(len(line.text) <= 60 and line.stands_out for line in lines)
    column = lines[0].text.index("word")
    assert all(line.text.index("word") == column for line in lines)


def test_nodes_may_be_called_otherwise() -> None:
    telling = Telling(lambda text: text.replace("s0-1", "A"))
    telling.did(0.5, "s0-1", "link to s0-1 down")
    assert told(telling) == ["    0.5000  A  link to A down"]


def test_a_whole_run_begins_with_what_it_is_and_ends_with_its_verdict() -> None:
    """No line but the last is wider than was asked for."""
    telling = Telling()
    case = draw(7, Profile.ALL)
    outcome = simulate(case, Trace(telling=telling))
    lines = told(telling)
    assert lines[0] == "seed 7, faults all"
    assert "4 slaves, 3 masters" in lines[1]
    assert any(line.startswith("faults   cut link at 1.2115, record trouble") for line in lines)
    assert lines[-1].startswith(f"{outcome.verdict}: 4 of 4 slaves counted the same 18 messages")
    page = (Path(__file__).parents[4] / "docs" / "simulation.md").read_text()
    shown = page.partition("## A run in words")[2].split("```\n")[1].splitlines()
    assert len(shown) == 5
    assert set(shown) <= set(lines)
    assert max(len(line) for line in lines[:-1]) <= 100
    assert max(len(line) for line in told(telling, 80)[:-1]) <= 80


def test_a_run_without_a_report_says_so() -> None:
    telling = Telling()
    telling.begin(Case(seed=1, spec=make_spec()))
    telling.end(None)
    assert told(telling)[-1] == "No complete report."


def test_a_crash_of_the_core_is_told_with_its_place() -> None:
    telling = Telling()
    telling.crashed(["Traceback:\n", '  File "x"\n    y\n'])
    assert told(telling) == ["Traceback:", '  File "x"', "    y"]
