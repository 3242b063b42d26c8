"""The settings that a scenario may begin with (simulation.script.settings)."""

import pytest

from ringrun.core.rules import ALL_RULES, Rules
from ringrun.simulation.script.settings import case_of, is_setting
from ringrun.spec import FailurePolicy, Model


def test_settings_make_the_spec_and_what_is_around_it() -> None:
    """All else takes the same time every time."""
    case = case_of({"nodes": "2", "model": "train", "delay": "0.02"}, ALL_RULES)
    assert (case.spec.nodes, case.spec.model, case.delay) == (2, Model.TRAIN, 0.02)
    assert case.steady
    assert case.jitter == 0.0


def test_without_a_setting_there_is_a_case_all_the_same() -> None:
    """Of three slaves in lockstep, with the rules that were given."""
    rules = Rules(k_from_log=False)
    case = case_of({}, rules)
    assert (case.spec.nodes, case.spec.model, case.rules) == (3, Model.LOCKSTEP, rules)
    assert not case.watch


@pytest.mark.parametrize(("word", "watch"), [("on", True), ("off", False)])
def test_off_is_not_on(word: str, watch: bool) -> None:
    assert case_of({"watch": word}, ALL_RULES).watch is watch


def test_a_policy_is_called_as_the_user_calls_it() -> None:
    policy = FailurePolicy.CONTINUE
    assert case_of({"policy": policy.value}, ALL_RULES).spec.on_slave_failure is policy


@pytest.mark.parametrize(
    ("word", "is_one"), [("watch", True), ("nodes", True), ("wait", False), ("Nodes", False)]
)
def test_a_setting_is_no_command(word: str, is_one: bool) -> None:
    assert is_setting(word) is is_one


@pytest.mark.parametrize(
    ("name", "value"), [("nodes", "many"), ("model", "circle"), ("watch", "no")]
)
def test_a_value_that_is_none_ends_the_scenario_at_its_begin(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=value):
        case_of({name: value}, ALL_RULES)
