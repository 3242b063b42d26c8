"""Profiles and rules by name, and the lists of them (simulation.command.asked)."""

from dataclasses import fields

import pytest

from ringrun.core.rules import ALL_RULES, WITHOUT, Rules
from ringrun.simulation.case import Profile
from ringrun.simulation.command.asked import listing, profile_of, rules_of
from ringrun.spec import SpecError


def unfolded(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("word", ["help", "list"])
def test_the_list_of_rules_has_each_with_its_sentence(word: str) -> None:
    text = listing("all", [word])
    for each in fields(Rules):
        assert f"{each.name} {unfolded(WITHOUT[each.name])}" in unfolded(text)
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("word", ["help", "list"])
def test_the_list_of_profiles_has_each(word: str) -> None:
    text = listing(word, [])
    assert [line.split()[0] for line in text.splitlines()[2:] if line[0] != " "] == list(Profile)
    assert max(len(line) for line in text.splitlines()) <= 80


def test_both_lists_can_be_asked_for_at_once_and_mostly_none_is() -> None:
    assert listing("help", ["help"]).count("\n\n") >= 3
    assert listing("all", ["kick_once"]) == ""


def test_a_rule_may_be_named_with_hyphens_and_twice() -> None:
    rules = rules_of(["kick-once", "kick_once"])
    off = [each.name for each in fields(Rules) if not getattr(rules, each.name)]
    assert off == ["kick_once"]
    assert rules_of([]) == ALL_RULES


def test_every_wrong_rule_is_a_line_and_then_come_those_that_there_are() -> None:
    with pytest.raises(SpecError) as raised:
        rules_of(["kick_ones", "own_streams", "x\x1b"])
    faults = raised.value.faults
    assert faults[:3] == (
        '--without: "kick_ones" is no rule; did you mean kick_once?',
        '--without: "x\\u001b" is no rule',
        "",
    )
    assert "\n".join(faults[3:]) == listing("all", ["help"])


def test_a_wrong_profile_is_one_line() -> None:
    with pytest.raises(SpecError) as raised:
        profile_of("crush")
    assert list(raised.value.faults) == [
        "--faults: must be one of none, crash, network, record, clock, supervisor, all, "
        'got "crush"; did you mean crash? (--faults help says what each is)'
    ]
    assert profile_of("crash") is Profile.CRASH
