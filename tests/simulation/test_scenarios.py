"""Why each rule is there: one readable transcript a rule, in scenarios/ (docs/protocol.md)."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from ringrun.core.rules import ALL_RULES, Rules
from ringrun.simulation.script.script import Script

SCENARIOS = {path.stem: path.read_text() for path in Path(__file__).parent.glob("scenarios/*.txt")}
RULES = tuple(each.name for each in fields(Rules))


def test_every_rule_has_its_scenario() -> None:
    """A rule without one could be dropped, and nobody would notice."""
    assert set(RULES) <= SCENARIOS.keys()


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_with_all_rules_no_promise_is_broken(name: str) -> None:
    """The trace is met (nothing that it waits for is missed), and the run keeps its promises."""
    script = Script(SCENARIOS[name])
    outcome = script.run()
    assert not script.missed, "\n".join(script.trace.lines)
    assert not outcome.findings, "\n".join(script.trace.lines)


@pytest.mark.parametrize("name", RULES)
def test_without_its_rule_a_promise_is_broken(name: str) -> None:
    """The checker, or what the scenario must see, finds what the rule is there for."""
    script = Script(SCENARIOS[name], replace(ALL_RULES, **{name: False}))
    outcome = script.run()
    assert outcome.findings, "\n".join(script.trace.lines)
