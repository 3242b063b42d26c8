"""The plan that travels to the slaves is the spec's."""

import msgspec
import pytest

from ringrun.core.record import Plan
from ringrun.runtime.planning import RESULT_WAIT, RESULT_WAIT_BY_HAND, plan_of
from ringrun.spec import default_run

# What no spec says: the run's name, and times that are the program's own.
OWN = {"run", "stop_wait", "result_wait"}


@pytest.mark.parametrize("field", [each for each in Plan.__struct_fields__ if each not in OWN])
def test_every_field_of_the_plan_is_the_spec_s(field: str) -> None:
    """None is left at its default by mistake."""
    spec = default_run([], name="r")
    assert getattr(plan_of(spec, "r"), field) == getattr(spec, field)


def test_by_hand_a_run_waits_less_for_what_may_never_come() -> None:
    """And differs in nothing else."""
    spec = default_run([], name="r")
    plan, by_hand = plan_of(spec, "r"), plan_of(spec, "r", by_hand=True)
    assert (plan.result_wait, by_hand.result_wait) == (RESULT_WAIT, RESULT_WAIT_BY_HAND)
    assert msgspec.structs.replace(by_hand, result_wait=RESULT_WAIT) == plan
