"""What stands above a run that is told (simulation.telling.head)."""

from dataclasses import replace

from ringrun.core.rules import ALL_RULES
from ringrun.core.supervisor.patience import CLUSTER
from ringrun.report_text import heading
from ringrun.simulation.case import Case, Profile, draw, make_spec
from ringrun.simulation.telling.head import head

CASE = Case(seed=1, spec=make_spec(nodes=3, masters=2), quiet_from=2.5)


def lines(case: Case, faults: list[tuple[float, str]] | None = None) -> dict[str, str]:
    return dict(head(case, faults, "who is who"))


def test_the_head_says_what_the_run_is_as_a_real_run_does() -> None:
    """Nodes, masters, model, seed, periods."""
    told = lines(CASE)
    assert told["run"] == heading(CASE.spec)
    assert "3 slaves, 2 masters, model lockstep" in told["run"]
    assert "burst 1" in told["ring"]
    assert told["names"] == "who is who"


def test_faults_are_listed_by_their_times_whatever_was_drawn_first() -> None:
    told = lines(CASE, [(2.0, "pause"), (1.25, "crash slave")])
    assert told["faults"] == "crash slave at 1.2500, pause at 2.0000; they stop at 2.5000"


def test_a_run_without_faults_says_so_and_a_scenario_leaves_it_out() -> None:
    assert lines(CASE, [])["faults"] == "none"
    assert "faults" not in lines(CASE)


def test_only_what_is_unusual_is_said() -> None:
    usual = lines(CASE)
    assert "clocks" not in usual["around"]
    assert "twice" not in usual["around"]
    assert "without" not in usual
    odd = lines(
        replace(
            CASE, skew=0.1, duplicates=0.1, watch=True, bounds=CLUSTER,
            rules=replace(ALL_RULES, kick_once=False),
        )
    )  # fmt: skip
    assert "clocks run up to 10 % too fast or too slow" in odd["around"]
    assert "10 % of the commands come twice" in odd["around"]
    assert odd["others"].startswith(
        "standby masters are told of the record; the supervisor is a cl"
    )
    assert odd["without"] == "kick_once"


def test_every_drawn_case_has_a_head() -> None:
    for seed in range(30):
        assert all(text for _, text in head(draw(seed, Profile.ALL), [], "names"))
