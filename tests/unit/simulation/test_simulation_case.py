"""Cases: all of a run is drawn from its seed (simulation.case)."""

from dataclasses import replace

import pytest

from ringrun.simulation.case import RESULT_WAIT, Case, Profile, draw, make_spec
from ringrun.spec import Model

SEEDS = range(200)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_seed_and_a_profile_are_one_case(profile: Profile) -> None:
    """The line that replays a failure must mean the same everywhere."""
    assert [draw(seed, profile) for seed in SEEDS] == [draw(seed, profile) for seed in SEEDS]
    assert len({draw(seed, profile).spec.seed for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_profile_disturbs_what_it_names_and_nothing_else(profile: Profile) -> None:
    cases = [draw(seed, profile) for seed in SEEDS]
    everything = profile is Profile.ALL
    assert any(case.skew for case in cases) == (everything or profile is Profile.CLOCK)
    assert any(case.duplicates for case in cases) == (everything or profile is Profile.NETWORK)
    assert any(case.fault_count for case in cases) == (profile is not Profile.NONE)


def test_faults_end_before_a_run_that_must_make_progress() -> None:
    """Where the count must have grown again, SEND outlasts the faults."""
    cases = [case for seed in range(2000) if (case := draw(seed, Profile.ALL)).wants_progress]
    assert cases
    assert all(case.spec.send > case.quiet_from for case in cases)


def test_of_a_given_spec_only_the_surroundings_are_drawn() -> None:
    spec = make_spec(nodes=5, model=Model.TRAIN, send=2.0)
    cases = [draw(seed, Profile.ALL, spec=spec) for seed in SEEDS]
    assert all(case.spec is spec for case in cases)
    assert len({case.delay for case in cases}) > 1


def test_journals_of_skewed_clocks_are_not_compared() -> None:
    case = Case(seed=1, spec=make_spec())
    assert case.same_clock
    assert not replace(case, skew=0.1).same_clock


def test_the_plan_is_the_spec_with_a_shorter_wait_for_results() -> None:
    spec = make_spec(nodes=4, model=Model.WINDOW, burst=2, window=6)
    plan = Case(seed=1, spec=spec).plan
    assert (plan.nodes, plan.model, plan.burst, plan.window) == (4, "window", 2, 6)
    assert (plan.send, plan.grace, plan.seed) == (spec.send, spec.grace, spec.seed)
    assert plan.result_wait == RESULT_WAIT


def test_what_is_drawn_is_of_usual_size_and_many_slaves_or_a_long_send_are_more() -> None:
    assert {draw(seed, Profile.ALL).size for seed in SEEDS} == {1.0}
    assert Case(seed=1, spec=make_spec(nodes=40)).size == 64.0
    assert Case(seed=1, spec=make_spec(nodes=2, send=39.0, grace=1.0)).size == 2.0
